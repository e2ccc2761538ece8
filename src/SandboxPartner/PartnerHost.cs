using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Antaca.SandboxPartner;

/// <summary>How a <see cref="PartnerHost"/> behaves.</summary>
public enum HostMode
{
    Up,

    /// <summary>It does what it is asked, and answers late.</summary>
    Slow,

    /// <summary>It does nothing and breaks every connection.</summary>
    Down,
}

/// <summary>A request that came in.</summary>
/// <param name="Key">Its X-Idempotency-Key.</param>
/// <param name="Client">The common name of the certificate of who asked.</param>
public sealed record PartnerCall(string Path, string Key, string Client, JsonElement Body);

/// <summary>What a host is started with. All files are PEM.</summary>
/// <param name="ClientAuthority">Who must have issued the certificates of those who call.</param>
/// <param name="Port">0 for any that is free.</param>
/// <param name="ControlPort">The plain port of <c>POST /control</c> and <c>GET /health</c>; null for none.</param>
/// <param name="OpeningAmount">What is on a balance that nobody has set, minor units; null where such are unknown.</param>
public sealed record HostSettings(string Certificate, string Key, string ClientAuthority, int Port = 0, int? ControlPort = null, long? OpeningAmount = null);

/// <summary>
/// An outside party: the host of a partner that holds its users' balances itself. It keeps them in memory, decides authorisations,
/// hears what became of them, and does nothing twice for the same X-Idempotency-Key. For Development and tests.
/// </summary>
public sealed class PartnerHost : IAsyncDisposable
{
    private const int MaxHeard = 10_000;
    private const int MaxAnswers = 100_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, HostBalance> _balances = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HostTransaction> _transactions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (int Status, string Body)> _answers = new(StringComparer.Ordinal);
    private readonly long? _opening;
    private readonly WebApplication _app;

    private PartnerHost(HostSettings settings, WebApplication app)
    {
        _opening = settings.OpeningAmount;
        _app = app;
    }

    /// <summary>What came in while it was up or slow, in its order; the latest alone.</summary>
    public ConcurrentQueue<PartnerCall> Heard { get; } = new();

    public HostMode Mode { get; set; }

    /// <summary>How late a slow host answers.</summary>
    public TimeSpan Delay { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>Not null: every authorisation is declined for this reason.</summary>
    public string? Declines { get; set; }

    /// <summary>Not null: every request is answered by this status and nothing else.</summary>
    public int? Answers { get; set; }

    /// <summary>What <c>GET /reconciliation</c> answers; null for 404.</summary>
    public JsonObject? Figures { get; set; }

    /// <summary>Where it is asked.</summary>
    public Uri Address => new(_app.Urls.First(url => url.StartsWith("https:", StringComparison.Ordinal)).Replace("127.0.0.1", "localhost", StringComparison.Ordinal));

    public static async Task<PartnerHost> Start(HostSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var authority = X509CertificateLoader.LoadCertificateFromFile(settings.ClientAuthority);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureHttpsDefaults(https =>
        {
            https.ServerCertificate = X509Certificate2.CreateFromPemFile(settings.Certificate, settings.Key);
            https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
            https.ClientCertificateValidation = (shown, _, _) => IssuedBy(authority, shown);
        }));
        var app = builder.Build();
        app.Urls.Add($"https://127.0.0.1:{settings.Port}");
        if (settings.ControlPort is { } control)
        {
            app.Urls.Add($"http://127.0.0.1:{control}");
        }
        var host = new PartnerHost(settings, app);
        host.Map();
        await app.StartAsync();
        return host;
    }

    /// <summary>Sets what is on a balance.</summary>
    public void SetBalance(string externalId, long amount, string currency = "PLN")
    {
        lock (_lock)
        {
            _balances[externalId] = new HostBalance(currency) { Amount = amount };
        }
    }

    /// <summary>What is on a balance, and held of it.</summary>
    public (long Amount, long Held) BalanceOf(string externalId)
    {
        lock (_lock)
        {
            return Find(externalId, "PLN") is { } balance ? (balance.Amount, HeldOn(externalId)) : (0, 0);
        }
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private void Map()
    {
        _app.Use(async (context, next) =>
        {
            if (!context.Request.IsHttps)
            {
                await next(context);
                return;
            }
            if (Mode == HostMode.Down)
            {
                context.Abort();
                return;
            }
            if (Answers is { } status)
            {
                context.Response.StatusCode = status;
                return;
            }
            await next(context);
        });
        foreach (var path in new[] { "/authorizations", "/reversals", "/clearings", "/refunds" })
        {
            _app.MapPost(path, context => Hear(context, path));
        }
        _app.MapGet("/balances/{externalId}", (string externalId) => Show(externalId));
        _app.MapGet("/reconciliation", () => Figures is { } figures ? Results.Text(figures.ToJsonString(), "application/json") : Results.NotFound());
        _app.MapGet("/health", () => Results.Ok());
        _app.MapPost("/control", async (HttpContext context) =>
        {
            if (context.Request.IsHttps)
            {
                return Results.NotFound();
            }
            var asked = (await JsonNode.ParseAsync(context.Request.Body))!;
            Mode = Enum.Parse<HostMode>((string?)asked["mode"] ?? nameof(HostMode.Up));
            Delay = (int?)asked["delayMilliseconds"] is { } late ? TimeSpan.FromMilliseconds(late) : Delay;
            Declines = (string?)asked["declines"];
            if ((string?)asked["balance"] is { } balance)
            {
                SetBalance(balance, (long?)asked["amount"] ?? 0, (string?)asked["currency"] ?? "PLN");
            }
            return Results.NoContent();
        });
    }

    private async Task Hear(HttpContext context, string path)
    {
        var body = await JsonSerializer.DeserializeAsync<JsonElement>(context.Request.Body);
        var key = context.Request.Headers["X-Idempotency-Key"].ToString();
        Heard.Enqueue(new PartnerCall(path, key, context.Connection.ClientCertificate!.GetNameInfo(X509NameType.SimpleName, forIssuer: false), body));
        if (Heard.Count > MaxHeard)
        {
            Heard.TryDequeue(out _);
        }

        (int Status, string Body) answer;
        lock (_lock)
        {
            if (!_answers.TryGetValue(key, out answer))
            {
                answer = path switch
                {
                    "/authorizations" => Authorize(body),
                    "/reversals" => Reverse(body),
                    "/clearings" => Clear(body),
                    _ => Refund(body),
                };
                if (_answers.Count >= MaxAnswers)
                {
                    _answers.Clear();
                }
                _answers[key] = answer;
            }
        }
        if (Mode == HostMode.Slow)
        {
            await Task.Delay(Delay);
        }
        context.Response.StatusCode = answer.Status;
        if (answer.Body.Length > 0)
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(answer.Body);
        }
    }

    private (int, string) Authorize(JsonElement asked)
    {
        var externalId = asked.GetProperty("externalBalanceId").GetString()!;
        var (amount, currency) = MoneyOf(asked.GetProperty("amount"));
        if (Find(externalId, currency) is not { } balance)
        {
            return (404, "");
        }
        var transaction = TransactionOf(asked, externalId);
        if (asked.TryGetProperty("advice", out var advice) && advice.GetBoolean())
        {
            transaction.Held = amount;
            return Decided(externalId, balance, "Approved", null, null);
        }
        var available = balance.Amount - HeldOn(externalId);
        if (transaction.Reversed || Declines is not null)
        {
            return Decided(externalId, balance, "Declined", Declines ?? "REVERSED", null);
        }
        if (amount > available && !(asked.GetProperty("partial").GetBoolean() && available > 0))
        {
            return Decided(externalId, balance, "Declined", "INSUFFICIENT_FUNDS", null);
        }
        transaction.Held = Math.Min(amount, available);
        return Decided(externalId, balance, "Approved", null, amount > available ? available : null);
    }

    private (int, string) Decided(string externalId, HostBalance balance, string decision, string? reason, long? approved)
    {
        var answer = new JsonObject { ["decision"] = decision, ["available"] = Money(balance.Amount - HeldOn(externalId), balance.Currency) };
        if (reason is not null)
        {
            answer["reason"] = reason;
        }
        if (approved is { } some)
        {
            answer["approvedAmount"] = Money(some, balance.Currency);
        }
        return (200, answer.ToJsonString());
    }

    /// <summary>One that was never heard of is remembered as reversed: it may be on its way.</summary>
    private (int, string) Reverse(JsonElement told)
    {
        var transaction = TransactionOf(told, told.GetProperty("externalBalanceId").GetString()!);
        if (told.TryGetProperty("amount", out var amount))
        {
            transaction.Held -= Math.Min(MoneyOf(amount).Amount, transaction.Held);
        }
        else
        {
            transaction.Held = 0;
            transaction.Reversed = true;
        }
        return (204, "");
    }

    private (int, string) Clear(JsonElement told)
    {
        var externalId = told.GetProperty("externalBalanceId").GetString()!;
        var (amount, currency) = MoneyOf(told.GetProperty("amount"));
        if (Find(externalId, currency) is not { } balance)
        {
            return (404, "");
        }
        balance.Amount -= amount;
        TransactionOf(told, externalId).Held = told.TryGetProperty("held", out var held) ? MoneyOf(held).Amount : 0;
        return (204, "");
    }

    private (int, string) Refund(JsonElement told)
    {
        var (amount, currency) = MoneyOf(told.GetProperty("amount"));
        if (Find(told.GetProperty("externalBalanceId").GetString()!, currency) is not { } balance)
        {
            return (404, "");
        }
        balance.Amount += amount;
        return (204, "");
    }

    private async Task<IResult> Show(string externalId)
    {
        if (Mode == HostMode.Slow)
        {
            await Task.Delay(Delay);
        }
        lock (_lock)
        {
            if (Find(externalId, "PLN") is not { } balance)
            {
                return Results.NotFound();
            }
            var held = HeldOn(externalId);
            var shown = new JsonObject { ["currency"] = balance.Currency, ["amount"] = balance.Amount, ["held"] = held, ["available"] = balance.Amount - held };
            return Results.Text(shown.ToJsonString(), "application/json");
        }
    }

    private HostBalance? Find(string externalId, string currency)
    {
        if (!_balances.TryGetValue(externalId, out var balance) && _opening is { } amount)
        {
            _balances[externalId] = balance = new HostBalance(currency) { Amount = amount };
        }
        return balance;
    }

    private HostTransaction TransactionOf(JsonElement told, string externalId)
    {
        var id = told.GetProperty("transactionId").GetString()!;
        if (!_transactions.TryGetValue(id, out var transaction))
        {
            _transactions[id] = transaction = new HostTransaction(externalId);
        }
        return transaction;
    }

    private long HeldOn(string externalId) => _transactions.Values.Where(transaction => transaction.ExternalId == externalId).Sum(transaction => transaction.Held);

    private static (long Amount, string Currency) MoneyOf(JsonElement money) => (money.GetProperty("amount").GetInt64(), money.GetProperty("currency").GetString()!);

    private static JsonObject Money(long amount, string currency) => new() { ["amount"] = amount, ["currency"] = currency };

    private static bool IssuedBy(X509Certificate2 authority, X509Certificate2 shown)
    {
        using var chain = new X509Chain { ChainPolicy = { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true } };
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        return chain.Build(shown);
    }

    private sealed class HostBalance(string currency)
    {
        public string Currency => currency;

        public long Amount { get; set; }
    }

    private sealed class HostTransaction(string externalId)
    {
        public string ExternalId => externalId;

        public long Held { get; set; }

        public bool Reversed { get; set; }
    }
}

/// <summary>The host as a process of its own, as the AppHost runs it in Development.</summary>
public static class Program
{
    /// <summary>On a balance that nobody has set: 1,000.00.</summary>
    private const long OpeningAmount = 100_000;

    public static async Task Main()
    {
        var settings = new ConfigurationBuilder().AddEnvironmentVariables().Build();
        await using var host = await PartnerHost.Start(new HostSettings(
            Needed(settings, "Host:Certificate"),
            Needed(settings, "Host:Key"),
            Needed(settings, "Host:ClientAuthority"),
            int.Parse(Needed(settings, "Ports:Api"), CultureInfo.InvariantCulture),
            int.Parse(Needed(settings, "Ports:Control"), CultureInfo.InvariantCulture),
            OpeningAmount));
        var stopped = new TaskCompletionSource();
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        await stopped.Task;

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stopped.TrySetResult();
        }
    }

    private static string Needed(IConfiguration settings, string name) => settings[name] ?? throw new InvalidOperationException($"{name} is required.");
}
