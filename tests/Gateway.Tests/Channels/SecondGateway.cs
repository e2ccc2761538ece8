using System.Collections.Concurrent;
using System.Globalization;
using Antaca.Contracts.Events;
using Antaca.LocalHosting;
using Antaca.TestKit;
using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Antaca.Gateway.Tests.Channels;

/// <summary>Another replica of the suite's gateway, on ports of its own, and what it has heard of revoked certificates.</summary>
internal sealed class SecondGateway : IAsyncDisposable, IConsumeMessageObserver<CertificateRevoked>
{
    private static readonly TimeSpan _listenBound = TimeSpan.FromSeconds(60);

    private readonly ConcurrentDictionary<string, bool> _heard = new();
    private readonly WebApplication _app;

    private SecondGateway(WebApplication app, int port)
    {
        _app = app;
        PartnerAddress = new Uri($"https://localhost:{Text(port)}");
    }

    public Uri PartnerAddress { get; }

    public static async Task<SecondGateway> Start(Suite suite)
    {
        var ports = Ports.Free(3);
        var certificates = suite.Certificates;
        string[] settings =
        [
            "--environment=Development",
            $"--Identity:Certificate={certificates.CertificateOf("gateway")}",
            $"--Identity:Key={certificates.KeyOf("gateway")}",
            $"--Identity:Authority={certificates.InternalAuthority}",
            $"--Ports:Health={Text(ports[0])}",
            $"--Ports:Public={Text(ports[1])}",
            $"--Ports:Partners={Text(ports[2])}",
            $"--ConnectionStrings:messaging={suite.Messaging}",
            .. new[] { "datacore", "kycservice", "balanceservice", "cardservice", "notifications" }.Select(name => $"--services:{name}:https:0={suite.AddressOf(name)}"),
            $"--CallerTokens:PrivateKey={certificates.CallerPrivateKey}",
            $"--Edge:Certificate={certificates.EdgeCertificate}",
            $"--Edge:Key={certificates.EdgeKey}",
            $"--Edge:PartnerAuthority={certificates.PartnerAuthority}",
            $"--Encryption:KeyFolder={certificates.EncryptionKeys}",
        ];
        var app = Service.Build(settings, builder =>
        {
            builder.Logging.ClearProviders();
            builder.Logging.AddProvider(suite.Log);
            builder.Services.AddSingleton<TimeProvider>(suite.Clock);
        });
        var replica = new SecondGateway(app, ports[2]);
        await app.StartAsync();
        var bus = app.Services.GetRequiredService<IBusControl>();
        await bus.WaitForHealthStatus(BusHealthStatus.Healthy, _listenBound);
        bus.ConnectConsumeMessageObserver(replica);
        return replica;
    }

    /// <summary>Waits until this replica has heard that the certificate is revoked, and has done what it does.</summary>
    public Task Heard(string serial) => Eventually.Holds(() => Task.FromResult(_heard.ContainsKey(serial)), "the other replica to hear of the revoked certificate");

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    Task IConsumeMessageObserver<CertificateRevoked>.PreConsume(ConsumeContext<CertificateRevoked> context) => Task.CompletedTask;

    Task IConsumeMessageObserver<CertificateRevoked>.PostConsume(ConsumeContext<CertificateRevoked> context)
    {
        _heard[context.Message.Serial] = true;
        return Task.CompletedTask;
    }

    Task IConsumeMessageObserver<CertificateRevoked>.ConsumeFault(ConsumeContext<CertificateRevoked> context, Exception exception) => Task.CompletedTask;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
