using System.Diagnostics;
using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Antaca.Benchmarks;

/// <summary>What a round of load measured.</summary>
/// <param name="ProcessorMilliseconds">Processor time of the measured process for one request.</param>
internal sealed record Round(double PerSecond, double P50, double P99, double ProcessorMilliseconds);

/// <summary>Sends requests over a few HTTP/2 connections, so many at once, for so long.</summary>
internal sealed class Load : IDisposable
{
    private const int Connections = 4;
    private const int AtOnceOnEach = 8;

    private readonly HttpClient[] _clients;
    private readonly Uri _target;

    public Load(Place place, string target, X509Certificate2? certificate, string? bearer)
    {
        _target = new Uri(target);
        _clients = [.. Enumerable.Range(0, Connections).Select(_ => Client(place, certificate, bearer))];
    }

    /// <summary>Runs one round; <paramref name="measured"/> is the process whose processor time is read beside it.</summary>
    public async Task<Round> Run(TimeSpan time, Process measured)
    {
        var before = Processor(measured);
        var started = Stopwatch.GetTimestamp();
        var latencies = await Task.WhenAll(_clients.SelectMany(client => Enumerable.Range(0, AtOnceOnEach).Select(_ => Task.Run(() => Send(client, started, time)))));
        var elapsed = Stopwatch.GetElapsedTime(started);
        var all = latencies.SelectMany(some => some).Order().ToArray();
        return new Round(
            all.Length / elapsed.TotalSeconds,
            all[all.Length / 2],
            all[(int)(all.Length * 0.99)],
            (Processor(measured) - before).TotalMilliseconds / all.Length);
    }

    public void Dispose()
    {
        foreach (var client in _clients)
        {
            client.Dispose();
        }
    }

    private async Task<List<double>> Send(HttpClient client, long started, TimeSpan time)
    {
        var latencies = new List<double>(10_000);
        while (Stopwatch.GetElapsedTime(started) < time)
        {
            var sent = Stopwatch.GetTimestamp();
            using var answer = await client.GetAsync(_target);
            if (answer.StatusCode != HttpStatusCode.OK)
            {
                throw new InvalidOperationException($"{_target} answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
            }
            latencies.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
        }
        return latencies;
    }

    private static TimeSpan Processor(Process process)
    {
        process.Refresh();
        return process.TotalProcessorTime;
    }

    private static HttpClient Client(Place place, X509Certificate2? certificate, string? bearer)
    {
        var handler = new SocketsHttpHandler
        {
            SslOptions = { RemoteCertificateValidationCallback = (_, shown, _, _) => place.IsOurs(shown) },
            UseProxy = false,
        };
        if (certificate is not null)
        {
            handler.SslOptions.ClientCertificates = [certificate];
            handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate;
        }
        var client = new HttpClient(handler) { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        if (bearer is not null)
        {
            client.DefaultRequestHeaders.Authorization = new("Bearer", bearer);
        }
        return client;
    }
}
