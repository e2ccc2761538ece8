using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Serialization;
using Antaca.Contracts.Requests;
using Antaca.Gateway.Certificates;
using Antaca.Gateway.Channels;
using Antaca.Gateway.Documentation;
using Antaca.Gateway.Encryption;
using Antaca.Gateway.Routes;
using Antaca.Gateway.Sessions;
using Antaca.Gateway.Vault;
using Antaca.ServiceDefaults;
using MassTransit;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Antaca.Gateway;

/// <summary>What the gateway shows to the outside, and whom it believes from there. PEM files.</summary>
internal sealed record EdgeSettings
{
    [Required]
    public string Certificate { get; init; } = "";

    [Required]
    public string Key { get; init; } = "";

    /// <summary>The CA that signs the client certificates of partners and processors.</summary>
    [Required]
    public string PartnerAuthority { get; init; } = "";
}

/// <summary>The gateway as a process and, for tests, as a part of one.</summary>
public static class Service
{
    public const string Name = "gateway";

    /// <summary>Serves; or, with <c>keys rotate</c> first, makes the next JWE key and ends.</summary>
    public static Task<int> Main(string[] args) => args is ["keys", "rotate", .. var settings] ? RotateKeys.Run(settings) : Defaults.Run(() => Build(args));

    /// <param name="adjust">Lets a test put its own clock in.</param>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? adjust = null)
    {
        var builder = Defaults.CreateBuilder(Name, args);
        builder.AddJson(GatewayJson.Default);
        builder.AddPeer("datacore");
        builder.AddForwarding();
        builder.AddDocuments();
        var edge = builder.AddSettings<EdgeSettings>("Edge");
        builder.AddSettings<EncryptionSettings>("Encryption");
        builder.AddCors();
        builder.AddListening(bus => bus.AddConsumer<ForgetCredentials>().OnThisReplica());
        builder.AddSettings<LimitSettings>("Limits");
        builder.Services.AddSingleton<Limits>();
        builder.Services.AddSingleton<Remembered>();
        builder.Services.AddSingleton<SessionTokens>();
        builder.Services.AddSingleton<Authentication>();
        builder.Services.AddSingleton<EncryptionKeys>();
        builder.Services.AddSingleton<CallerKeys>();
        builder.Services.AddSingleton<SecretSwap>();
        builder.Services.AddSingleton<EncryptedCalls>();
        builder.Services.AddSingleton(services => new ClientCertificates(
            X509CertificateLoader.LoadCertificateFromFile(edge.PartnerAuthority),
            services.GetRequiredKeyedService<Peer>("datacore"),
            services.GetRequiredService<Remembered>()));
        adjust?.Invoke(builder);

        var app = builder.BuildListening((kestrel, ports) => Listen(kestrel, ports, edge));
        app.UseAnswerHeaders();
        app.UseDeadlines();
        app.UseDocumentation();
        app.UseCorsOfPages();
        var authentication = app.Services.GetRequiredService<Authentication>();
        app.Use(next => context => authentication.Handle(context, next));
        app.MapGetPublicKey();
        var calls = app.Services.GetRequiredService<EncryptedCalls>();
        app.MapForwarding(proxy =>
        {
            proxy.Use(next => context => calls.Handle(context, next));
            proxy.UseLoadBalancing();
        });
        return app;
    }

    private static void Listen(KestrelServerOptions kestrel, PortSettings ports, EdgeSettings edge)
    {
        var certificate = ServiceIdentity.ReadPair(edge.Certificate, edge.Key);
        ServiceIdentity.RefuseDevelopment(certificate, "Edge:Certificate", kestrel.ApplicationServices.GetRequiredService<IHostEnvironment>());
        kestrel.Listen(IPAddress.Any, ports.Public, listen => listen.UseHttps(https =>
        {
            https.ServerCertificate = certificate;
            https.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
        }));
        kestrel.Listen(IPAddress.Any, ports.Partners, listen => listen.UseHttps(https =>
        {
            https.ServerCertificate = certificate;
            https.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
            // Whoever shows none, or one that is not ours, gets an answer that says so instead of a broken handshake.
            https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
            https.AllowAnyClientCertificate();
        }));
    }
}

[JsonSerializable(typeof(GetPublicKey.Answer))]
[JsonSerializable(typeof(IdentifyCertificate))]
[JsonSerializable(typeof(CertificateHolder))]
[JsonSerializable(typeof(IdentifySession))]
[JsonSerializable(typeof(SessionHolder))]
[JsonSerializable(typeof(IdentifyOperatorSession))]
[JsonSerializable(typeof(OperatorHolder))]
[JsonSerializable(typeof(CreateReferences))]
[JsonSerializable(typeof(CreatedReferences))]
[JsonSerializable(typeof(ResolveReferences))]
[JsonSerializable(typeof(ResolvedReferences))]
internal sealed partial class GatewayJson : JsonSerializerContext;
