using System.Text.Json.Serialization;
using Antaca.Contracts.Requests;
using Antaca.Notifications.EventLog;
using Antaca.Notifications.Messages;
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
        AddMessages(builder);
        adjust?.Invoke(builder);

        var app = builder.BuildService();
        app.MapForCallers("/events", Channel.Secure).MapListEvents();
        app.MapForServices("notifications/messages", "/internal/messages").MapHandMessageOver();
        return app;
    }

    private static void AddMessages(WebApplicationBuilder builder)
    {
        var folder = builder.AddSettings<MessageSettings>("Messages");
        var mail = builder.AddSettings<MailSettings>("Mail");
        var sms = builder.AddSettings<SmsSettings>("Sms");
        if (!builder.Environment.IsDevelopment())
        {
            if (folder.Folder is { Length: > 0 })
            {
                builder.AddSettingsFault($"Messages:Folder: a folder for messages is for Development, not for {builder.Environment.EnvironmentName}");
            }
            if (mail is { Host: not null and not "localhost" and not "127.0.0.1", Security: MailSecurity.None })
            {
                builder.AddSettingsFault("Mail:Security: a mail server on another machine needs StartTls or Tls");
            }
            if (sms.Url is { IsLoopback: false } url && url.Scheme != Uri.UriSchemeHttps)
            {
                builder.AddSettingsFault("Sms:Url: must be https");
            }
        }
        builder.Services.AddSingleton<MessageFolder>();
        builder.Services.AddSingleton<MailCarrier>();
        builder.Services.AddSingleton<SmsCarrier>();
        builder.Services.AddSingleton<Carriers>();
    }
}

[JsonSerializable(typeof(ListEvents.EventList))]
[JsonSerializable(typeof(SendMessage))]
[JsonSerializable(typeof(MessageSent))]
internal sealed partial class NotificationsJson : JsonSerializerContext;
