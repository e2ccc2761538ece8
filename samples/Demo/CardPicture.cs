using Antaca.Client;
using Spectre.Console;

namespace Antaca.Demo;

/// <summary>The card as one would hold it, drawn in text.</summary>
internal static class CardPicture
{
    private const int WidthCharacters = 46;

    public static void Draw(Card card, NewUser holder)
    {
        var number = string.Join("  ", card.MaskedCardNo.Chunk(4).Select(group => new string(group)));
        var face = new Grid().AddColumn().AddColumn(new GridColumn().RightAligned());
        face.Width = WidthCharacters - 6;
        face.AddRow("[bold]Sandbox Bank[/]", Markup.Escape(card.Type.ToString().ToLowerInvariant()));
        face.AddEmptyRow();
        face.AddRow("[yellow]▐▀▀▌[/]", ")))");
        face.AddRow("[yellow]▐▄▄▌[/]", "");

        var foot = new Grid().AddColumn().AddColumn(new GridColumn().RightAligned());
        foot.Width = WidthCharacters - 6;
        foot.AddRow(Markup.Escape($"{holder.FirstName} {holder.LastName}".ToUpperInvariant()), $"{card.Exp:MM/yy}");
        foot.AddRow($"[green]{Markup.Escape(card.Status.ToString())}[/]", "CVV ***");

        AnsiConsole.WriteLine();
        AnsiConsole.Write(new Panel(new Rows(face, new Text(""), new Markup($"[bold]{Markup.Escape(number)}[/]"), new Text(""), foot))
        {
            Border = BoxBorder.Rounded,
            Padding = new Padding(2, 1),
            Width = WidthCharacters,
        });
    }
}
