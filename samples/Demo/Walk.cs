using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Antaca.Client;
using Antaca.Jose;
using Spectre.Console;

namespace Antaca.Demo;

/// <summary>An expectation of the journey did not hold.</summary>
internal sealed class DemoException(string sentence) : Exception(sentence);

/// <summary>Takes steps and prints them: what was sent, over which exchanges, and what was answered.</summary>
internal sealed class Walk : IAsyncDisposable
{
    private readonly ConcurrentQueue<Exchange> _exchanges = new();
    private readonly AntacaConnection _partner;
    private readonly AntacaConnection _processor;
    private readonly AntacaConnection _public;
    private readonly HttpClient _bare;
    private int _steps;

    public Walk(Sandbox sandbox)
    {
        _partner = sandbox.Connect("partner", _exchanges.Enqueue);
        _processor = sandbox.Connect("processor", _exchanges.Enqueue);
        _public = sandbox.ConnectPublicly(_exchanges.Enqueue);
        _bare = sandbox.Bare();
        Partner = new AntacaClient(_partner);
        Processor = new ProcessorClient(_processor);
        Operators = new OperatorClient(_public);
    }

    public AntacaClient Partner { get; }

    public ProcessorClient Processor { get; }

    /// <summary>Signed in once for all rounds: a code of the second factor works once.</summary>
    public OperatorClient Operators { get; }

    public int Steps => _steps;

    /// <summary>How long each step took, in milliseconds, over all rounds.</summary>
    public SortedDictionary<(int Step, string Title), List<double>> Times { get; } = [];

    /// <summary>Begins another round over the same connections.</summary>
    public void StartOver() => _steps = 0;

    /// <summary>The app on a device of its own.</summary>
    public MobileClient App(IKeyStore keys) => new(_public, keys);

    public static void Act(string title)
    {
        AnsiConsole.WriteLine();
        AnsiConsole.Write(new Rule(Markup.Escape(title)).LeftJustified());
    }

    /// <param name="title">What is done, for people.</param>
    /// <param name="sent">What is sent, secrets masked.</param>
    /// <param name="call">Does it.</param>
    /// <param name="answered">What came back, secrets masked.</param>
    public async Task<T> Step<T>(string title, string sent, Func<Task<T>> call, Func<T, string> answered)
    {
        Begin(title, sent);
        var since = Stopwatch.GetTimestamp();
        try
        {
            var answer = await call();
            Note(title, since);
            PrintExchanges();
            Line("[green]<-[/]", answered(answer));
            return answer;
        }
        catch (AntacaException)
        {
            PrintExchanges();
            throw;
        }
    }

    /// <summary>A step that must be refused with this code.</summary>
    public async Task Refused(string title, string sent, Func<Task> call, string code)
    {
        Begin(title, sent);
        var since = Stopwatch.GetTimestamp();
        try
        {
            await call();
        }
        catch (AntacaException refusal) when (refusal.Status != 0)
        {
            Note(title, since);
            PrintExchanges();
            Line("[yellow]<-[/]", $"{refusal.Status} {refusal.Code}: {refusal.Detail}");
            Expect(refusal.Code == code, $"The refusal should be {code}, not {refusal.Code}.");
            return;
        }
        PrintExchanges();
        throw new DemoException($"The call should have been refused with {code}, but it was accepted.");
    }

    /// <summary>A GET that no client of the SDK would make: straight to the public address, with this token, asking for an encrypted answer.</summary>
    public async Task RefusedBare(string title, string path, SessionToken token, RsaPublicKey answerKey, string code, CancellationToken cancel)
    {
        Begin(title, $"GET {path} with a token, by hand");
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token.Reveal());
        request.Headers.Add("Public-Key", answerKey.ToHeader());
        request.Headers.Add("Encrypted-Request", "true");
        var since = Stopwatch.GetTimestamp();
        using var response = await _bare.SendAsync(request, cancel);
        Note(title, since);
        using var problem = response.IsSuccessStatusCode ? null : JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancel));
        var refusal = problem?.RootElement.GetProperty("code").GetString();
        Line(refusal == code ? "[yellow]<-[/]" : "[red]<-[/]", $"{(int)response.StatusCode} {refusal}");
        Expect(refusal == code, $"The call should have been refused with {code}.");
    }

    public static void Expect(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new DemoException(otherwise);
        }
    }

    /// <summary>Minor units of a currency with two digits, as the sandbox's is.</summary>
    public static string Show(long amount, string currency) =>
        string.Create(CultureInfo.InvariantCulture, $"{amount / 100m:0.00} {currency}");

    public async ValueTask DisposeAsync()
    {
        try
        {
            await Operators.SignOut();
        }
        catch (AntacaException)
        {
            // The session ends by itself.
        }
        _partner.Dispose();
        _processor.Dispose();
        _public.Dispose();
        _bare.Dispose();
    }

    private static void Line(string mark, string text) => AnsiConsole.MarkupLine($"    {mark} {Markup.Escape(text)}");

    private void Begin(string title, string sent)
    {
        _steps++;
        AnsiConsole.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"[bold]{_steps,2}. {title}[/]");
        Line("[blue]->[/]", sent);
    }

    private void Note(string title, long since)
    {
        if (!Times.TryGetValue((_steps, title), out var times))
        {
            Times[(_steps, title)] = times = [];
        }
        times.Add(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
    }

    private void PrintExchanges()
    {
        while (_exchanges.TryDequeue(out var exchange))
        {
            var status = exchange.Status == 0 ? "no answer" : exchange.Status.ToString(CultureInfo.InvariantCulture);
            var again = exchange.Attempt > 1 ? $", attempt {exchange.Attempt}" : "";
            Line("  ", string.Create(
                CultureInfo.InvariantCulture,
                $"{exchange.Method} {exchange.Path} {(exchange.Encrypted ? "(JWE) " : "")}{status} in {exchange.Duration.TotalMilliseconds:0} ms{again}"));
        }
    }
}
