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
    var sandbox = Sandbox.Read(args);
    await using var walk = new Walk(sandbox);
    await Journey.Make(walk, sandbox, interrupted.Token);
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

static int Failed(string sentence)
{
    AnsiConsole.MarkupLineInterpolated($"[red]FAILED[/] {sentence}");
    return 1;
}
