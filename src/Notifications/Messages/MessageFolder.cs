using System.Globalization;

namespace Antaca.Notifications.Messages;

internal sealed record MessageSettings
{
    /// <summary>Development alone: messages are written here in the place of being sent.</summary>
    public string? Folder { get; init; }
}

/// <summary>
/// Development's carrier of everything: each message a file <c>{yyyyMMddTHHmmssfff}-{carrier}-{template}.txt</c> that its
/// owner alone reads, with the receiver, the subject and the text.
/// </summary>
internal sealed class MessageFolder(MessageSettings settings, TimeProvider clock)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public bool Takes => settings.Folder is { Length: > 0 };

    public async Task Keep(Message message, CancellationToken cancel)
    {
        var folder = settings.Folder!;
        var text = $"To: {message.To.Reveal()}\nSubject: {message.Text.Subject}\n\n{message.Text.Body}\n";
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
        }

        // Written under another name first: whoever looks for messages finds whole ones.
        var unfinished = Path.Combine(folder, $".{message.Id:N}");
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Options = FileOptions.Asynchronous };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }
        await using (var writer = new StreamWriter(unfinished, options))
        {
            await writer.WriteAsync(text.AsMemory(), cancel);
        }
        var at = clock.GetUtcNow();
        while (!Settle(unfinished, NameAt(at)))
        {
            at = at.AddMilliseconds(1);
        }

        string NameAt(DateTimeOffset moment) => Path.Combine(
            folder,
            $"{moment.UtcDateTime.ToString("yyyyMMdd'T'HHmmssfff", CultureInfo.InvariantCulture)}-{message.Carrier}-{message.Template}.txt");
    }

    /// <returns>False when another message of the same moment has the name.</returns>
    private static bool Settle(string unfinished, string name)
    {
        if (File.Exists(name))
        {
            return false;
        }
        try
        {
            File.Move(unfinished, name);
            return true;
        }
        catch (IOException) when (File.Exists(name))
        {
            return false;
        }
    }
}
