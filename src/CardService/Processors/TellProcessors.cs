using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.CardService.Processors;

/// <summary>
/// Tells outside processors what became of their cards, in order for each card, at least once and recognisable by
/// <c>X-Idempotency-Key</c>. What is not taken is told again, after longer and longer; meanwhile other cards go on. Any number
/// of replicas may do this at once.
/// </summary>
internal sealed partial class TellProcessors : BackgroundService
{
    public const string KeyHeader = "X-Idempotency-Key";

    private const int EverySeconds = 1;
    private const int BatchMessages = 16;
    private const int DeadlineSeconds = 5;
    private const int ClaimSeconds = 30;
    private const int FirstWaitSeconds = 2;
    private const int MaxWaitSeconds = 60 * 60;
    private const int DoublingsOfWait = 11;

    private readonly NpgsqlDataSource _database;
    private readonly ProcessorSettings _settings;
    private readonly TimeProvider _clock;
    private readonly ILogger<TellProcessors> _log;
    private readonly HttpClient _http;

    public TellProcessors(NpgsqlDataSource database, ProcessorSettings settings, IHostEnvironment environment, TimeProvider clock, ILogger<TellProcessors> log)
    {
        _database = database;
        _settings = settings;
        _clock = clock;
        _log = log;
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) };
        if (settings is { Certificate: { } certificateFile, Key: { } keyFile })
        {
            handler.SslOptions = ShowingOurs(certificateFile, keyFile, settings.Authority, environment);
        }
        _http = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(DeadlineSeconds) };
    }

    public override void Dispose()
    {
        _http.Dispose();
        base.Dispose();
    }

    /// <summary>How long after so many failures a message is told again: 2 s, 4 s, 8 s, at last every hour.</summary>
    public static TimeSpan WaitAfter(int failures) =>
        TimeSpan.FromSeconds(Math.Min(MaxWaitSeconds, (long)FirstWaitSeconds << Math.Min(failures - 1, DoublingsOfWait)));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (_settings.Addresses.Count == 0)
        {
            return;
        }
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(EverySeconds), _clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                while (await ClaimSome(stoppingToken) is { Count: > 0 } messages)
                {
                    await Task.WhenAll(messages.Select(message => Tell(message, stoppingToken)));
                }
            }
            catch (Exception away) when (away is NpgsqlException or TimeoutException)
            {
                MessagesWait(_log, away.Message);
            }
        }
    }

    private async Task<IReadOnlyList<ProcessorMessage>> ClaimSome(CancellationToken cancel)
    {
        await using var work = await Work.Begin(_database, cancel);
        var now = _clock.GetUtcNow();
        var messages = await work.Claim(now, now.AddSeconds(ClaimSeconds), BatchMessages);
        await work.Commit();
        return messages;
    }

    private async Task Tell(ProcessorMessage message, CancellationToken cancel)
    {
        var fault = await Send(message, cancel);
        await using var work = await Work.Begin(_database, cancel);
        if (fault is null)
        {
            await work.Told(message);
        }
        else
        {
            NotTaken(_log, message.Processor, message.Type, message.CardId, message.Failures + 1, fault);
            await work.Postpone(message.Id, _clock.GetUtcNow() + WaitAfter(message.Failures + 1));
        }
        await work.Commit();
    }

    /// <returns>Null when the processor has taken it.</returns>
    private async Task<string?> Send(ProcessorMessage message, CancellationToken cancel)
    {
        if (!_settings.Addresses.TryGetValue(message.Processor, out var address))
        {
            return "it has no address any more";
        }
        using var request = new HttpRequestMessage(HttpMethod.Post, address.AbsoluteUri.TrimEnd('/') + "/card-events")
        {
            Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(message.ToBody(), ProcessorJson.Default.Body))
            {
                Headers = { ContentType = new MediaTypeHeaderValue("application/json") },
            },
        };
        request.Headers.Add(KeyHeader, message.Id.ToString());
        try
        {
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
            return answer.IsSuccessStatusCode ? null : $"it answered {(int)answer.StatusCode}";
        }
        catch (HttpRequestException away)
        {
            return away.HttpRequestError.ToString();
        }
        catch (TaskCanceledException) when (!cancel.IsCancellationRequested)
        {
            return $"it did not answer within {DeadlineSeconds} s";
        }
    }

    private static SslClientAuthenticationOptions ShowingOurs(string certificateFile, string keyFile, string? authorityFile, IHostEnvironment environment)
    {
        var certificate = ServiceIdentity.ReadPair(certificateFile, keyFile);
        ServiceIdentity.RefuseDevelopment(certificate, "Processors:Certificate", environment);
        var options = new SslClientAuthenticationOptions
        {
            ClientCertificates = [certificate],
            LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate,
        };
        if (authorityFile is not null)
        {
            options.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            options.CertificateChainPolicy.CustomTrustStore.Add(X509CertificateLoader.LoadCertificateFromFile(authorityFile));
        }
        return options;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Processor {Processor} has not taken {Type} of card {CardId} (try {Failures}): {Reason}")]
    private static partial void NotTaken(ILogger log, string processor, MessageType type, Guid cardId, int failures, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Messages to processors wait: {Reason}")]
    private static partial void MessagesWait(ILogger log, string reason);
}
