using System.Globalization;
using Antaca.Client;
using Antaca.Demo;
using Spectre.Console;

using var interrupted = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    interrupted.Cancel();
};

if (Console.IsOutputRedirected)
{
    // A log: no colours, and no line broken to fit a terminal.
    AnsiConsole.Profile.Capabilities.Ansi = false;
    AnsiConsole.Profile.Width = 200;
}

try
{
    // --rounds N walks N times without a word and prints each step's median.
    var rounds = args is [.., "--rounds", { } count] && int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var many) ? many : 1;
    var sandbox = Sandbox.Read([.. args.TakeWhile(argument => argument != "--rounds")]);
    await using var walk = new Walk(sandbox);
    if (rounds <= 1)
    {
        await All(walk, sandbox, interrupted.Token);
        AnsiConsole.MarkupLineInterpolated($"[green]The journey is complete: {walk.Steps} steps, each as expected.[/]");
        return 0;
    }

    var screen = AnsiConsole.Console;
    AnsiConsole.Console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(TextWriter.Null) });
    for (var round = 0; round < rounds; round++)
    {
        walk.StartOver();
        await All(walk, sandbox, interrupted.Token);
    }
    AnsiConsole.Console = screen;
    var table = new Table().AddColumns("step", "median ms", "slowest ms").Title($"{rounds} rounds");
    foreach (var ((step, title), times) in walk.Times)
    {
        times.Sort();
        table.AddRow($"{step}. {title}", times[times.Count / 2].ToString("0.0", CultureInfo.InvariantCulture), times[^1].ToString("0.0", CultureInfo.InvariantCulture));
    }
    screen.Write(table);
    return 0;
}
catch (DemoException failure)
{
    return Failed(failure.Message);
}
catch (AntacaException refusal)
{
    return Failed($"{refusal.Message}{(refusal.TraceId is null ? "" : $" (trace {refusal.TraceId})")}");
}
catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
{
    return Failed("Interrupted.");
}

static async Task All(Walk walk, Sandbox sandbox, CancellationToken cancel)
{
    using var phone = new InMemoryKeyStore();
    var outcome = await Journey.Make(walk, sandbox, cancel);
    await AppJourney.Make(walk, outcome, phone, cancel);
    await OperatorJourney.Make(walk, sandbox, outcome, cancel);
    await CardLifeJourney.Make(walk, outcome, phone, cancel);
}

static int Failed(string sentence)
{
    AnsiConsole.MarkupLineInterpolated($"[red]FAILED[/] {sentence}");
    return 1;
}
