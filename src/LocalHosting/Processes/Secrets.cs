using System.Security.Cryptography;
using System.Text.Json;

namespace Antaca.LocalHosting;

/// <summary>Passwords that we made once and keep: name to password, in a file only its owner can read.</summary>
internal sealed class Secrets(string file)
{
    private const int Bytes = 24;
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true };

    private readonly Dictionary<string, string> passwords = File.Exists(file)
        ? JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(file))!
        : [];

    public string Of(string name)
    {
        lock (passwords)
        {
            if (!passwords.TryGetValue(name, out var password))
            {
                password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(Bytes));
                passwords[name] = password;
                Files.WriteWhole(file, JsonSerializer.Serialize(passwords, Readable), Files.OwnerOnly);
            }
            return password;
        }
    }
}

internal static class Files
{
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    public const UnixFileMode OwnersFolder = OwnerOnly | UnixFileMode.UserExecute;
    public const UnixFileMode ThroughFolder =
        OwnersFolder | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Writes so that a reader sees the whole old text or the whole new one.</summary>
    public static void WriteWhole(string file, string text, UnixFileMode mode)
    {
        var fresh = $"{file}.new";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = mode };
        using (var writer = new StreamWriter(fresh, options))
        {
            writer.Write(text);
        }
        File.Move(fresh, file, overwrite: true);
    }

    public static void MakeFolder(string folder, UnixFileMode mode)
    {
        Directory.CreateDirectory(folder, mode);
        File.SetUnixFileMode(folder, mode);
    }
}
