using System.Globalization;
using Spectre.Console;

namespace Antaca.LocalHosting;

/// <summary>The console: every line says whose it is, in that one's colour when a person is watching.</summary>
internal sealed class Screen
{
    private static readonly string[] Colours = ["36", "33", "35", "32", "34", "96", "93", "95", "92", "94"];
    private const int WidthWithoutTerminal = 140;

    private readonly Lock writing = new();
    private readonly Dictionary<string, string> colours = new(StringComparer.Ordinal);
    private readonly bool coloured = !Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
    private readonly int width;

    public Screen(IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            colours[name] = Colours[colours.Count % Colours.Length];
            width = Math.Max(width, name.Length);
        }
    }

    public void Line(string name, string text)
    {
        var who = name.PadRight(width);
        lock (writing)
        {
            Console.Out.WriteLine(coloured ? $"\u001b[{colours.GetValueOrDefault(name, "37")}m{who} |\u001b[0m {text}" : $"{who} | {text}");
        }
    }

    public void Say(string text)
    {
        lock (writing)
        {
            Console.Out.WriteLine(text);
        }
    }

    public void Table(IEnumerable<RunResource> resources)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("resource", "endpoint", "address", "healthy after");
        foreach (var resource in resources)
        {
            var seconds = resource.SecondsToHealthy is { } value ? string.Create(CultureInfo.InvariantCulture, $"{value:0.0} s") : "-";
            if (resource.Endpoints.Count == 0)
            {
                table.AddRow(Markup.Escape(resource.Name), "", "", seconds);
            }
            foreach (var (index, endpoint) in resource.Endpoints.Index())
            {
                table.AddRow(
                    index == 0 ? Markup.Escape(resource.Name) : "",
                    Markup.Escape(endpoint.Name),
                    endpoint.External ? $"[bold]{Markup.Escape(endpoint.Url)}[/]" : Markup.Escape(endpoint.Url),
                    index == 0 ? seconds : "");
            }
        }
        lock (writing)
        {
            var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = coloured ? AnsiSupport.Detect : AnsiSupport.No });
            if (Console.IsOutputRedirected)
            {
                console.Profile.Width = WidthWithoutTerminal;
            }
            console.Write(table);
        }
    }
}
