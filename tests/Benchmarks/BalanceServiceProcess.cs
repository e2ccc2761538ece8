using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Antaca.AppHost;
using Antaca.LocalHosting;
using Antaca.ServiceDefaults;

namespace Antaca.Benchmarks;

/// <summary>BalanceService as a process of its own, without neighbours and broker: its outbox keeps the events.</summary>
internal sealed class BalanceServiceProcess : IAsyncDisposable
{
    private const int StartSeconds = 60;
    private const int PollMilliseconds = 100;

    private readonly Certificates _certificates;
    private readonly X509Certificate2 _internal;
    private readonly int _port;
    private readonly Process _process;

    private BalanceServiceProcess(Certificates certificates, string database)
    {
        _certificates = certificates;
        _internal = X509CertificateLoader.LoadCertificateFromFile(certificates.InternalAuthority);
        var ports = Ports.Free(3);
        _port = ports[0];
        var away = Text(ports[2]);
        string[] arguments =
        [
            "--environment=Development",
            $"--Identity:Certificate={certificates.CertificateOf("balanceservice")}",
            $"--Identity:Key={certificates.KeyOf("balanceservice")}",
            $"--Identity:Authority={certificates.InternalAuthority}",
            $"--CallerTokens:PublicKey={certificates.CallerPublicKey}",
            $"--Ports:Api={Text(ports[0])}",
            $"--Ports:Health={Text(ports[1])}",
            $"--ConnectionStrings:database={database}",
            $"--ConnectionStrings:messaging=amqp://nobody:nothing@localhost:{away}",
            .. new[] { "datacore", "kycservice", "cardservice", "notifications" }.Select(name => $"--services:{name}:https:0=https://localhost:{away}"),
            $"--Journal:SigningKey={certificates.JournalKey}",
            "--Logging:LogLevel:Default=Critical",
        ];
        var program = Path.Combine(AppContext.BaseDirectory, "..", "..", "BalanceService", "release", "Antaca.BalanceService.dll");
        _process = Process.Start(new ProcessStartInfo("dotnet", [program, .. arguments]) { RedirectStandardOutput = true })!;
        _process.OutputDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
    }

    public int ProcessId => _process.Id;

    public static async Task<BalanceServiceProcess> Start(Certificates certificates, string database)
    {
        var service = new BalanceServiceProcess(certificates, database);
        var since = Stopwatch.GetTimestamp();
        while (Ports.IsFree(service._port))
        {
            if (service._process.HasExited || Stopwatch.GetElapsedTime(since).TotalSeconds > StartSeconds)
            {
                await service.DisposeAsync();
                throw new InvalidOperationException("BalanceService did not start.");
            }
            await Task.Delay(PollMilliseconds);
        }
        return service;
    }

    /// <summary>One HTTP/2 connection, as that neighbour.</summary>
    public HttpClient Connect(string neighbour) => Neighbours.Connect(_certificates, _internal, neighbour, new Uri($"https://localhost:{Text(_port)}"));

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _internal.Dispose();
    }

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
