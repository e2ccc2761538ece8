using System.Text.Json.Serialization;
using Antaca.Contracts.Requests;
using Antaca.KycService.Decisions;
using Antaca.ServiceDefaults;

namespace Antaca.KycService;

/// <summary>The service as a process and, for tests, as a part of one.</summary>
public static class Service
{
    public const string Name = "kycservice";

    public static Task<int> Main(string[] args) => Defaults.Run(() => Build(args));

    /// <param name="adjust">Lets a test put its own clock in.</param>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? adjust = null)
    {
        var builder = Defaults.CreateBuilder(Name, args);
        builder.AddJson(KycJson.Default);
        builder.AddDatabase("kyc_requests", typeof(Service).Assembly);
        builder.AddMessaging();
        builder.AddPeer("datacore");
        adjust?.Invoke(builder);

        var app = builder.BuildService();
        app.MapForCallers("/kyc", Channel.Secure).MapSetKycStatus();
        app.MapForServices("kycservice/decisions", "/internal/decisions").MapGetDecision();
        return app;
    }
}

[JsonSerializable(typeof(SetKycStatus.Request))]
[JsonSerializable(typeof(SetKycStatus.Decision))]
[JsonSerializable(typeof(KycFacts))]
[JsonSerializable(typeof(UserFacts))]
internal sealed partial class KycJson : JsonSerializerContext;
