using System.Text.Json.Serialization;
using Antaca.Notifications.EventLog;
using Antaca.ServiceDefaults;

namespace Antaca.Notifications;

/// <summary>The service as a process and, for tests, as a part of one.</summary>
public static class Service
{
    public const string Name = "notifications";

    public static Task<int> Main(string[] args) => Defaults.Run(() => Build(args));

    /// <param name="adjust">Lets a test put its own clock in.</param>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? adjust = null)
    {
        var builder = Defaults.CreateBuilder(Name, args);
        builder.AddJson(NotificationsJson.Default);
        builder.AddDatabase("notifications_requests", typeof(Service).Assembly);
        builder.AddMessaging(bus => bus.RecordEveryEvent());
        adjust?.Invoke(builder);

        var app = builder.BuildService();
        app.MapForCallers("/events", Channel.Secure).MapListEvents();
        return app;
    }
}

[JsonSerializable(typeof(ListEvents.EventList))]
internal sealed partial class NotificationsJson : JsonSerializerContext;
