using System.Security.Cryptography;

namespace Antaca.LedgerVerifier;

/// <summary><c>ledger verify &lt;export&gt; [--public-key file]</c>: says whether the books of an export are right, from the export alone.</summary>
public static class Program
{
    private const int Right = 0;
    private const int Wrong = 1;
    private const int Usage = 64;

    public static int Main(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        return Run(args, Console.Out, Console.Error);
    }

    /// <returns>0 where all is right, 1 where something is not, 64 where there is nothing to check.</returns>
    public static int Run(string[] args, TextWriter output, TextWriter errors)
    {
        ArgumentNullException.ThrowIfNull(args);
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(errors);
        var (export, keyFile) = args switch
        {
            [var file] => (file, null),
            [var file, "--public-key", var key] => (file, key),
            ["--public-key", var key, var file] => (file, key),
            _ => ("", (string?)null),
        };
        if (export.Length == 0)
        {
            errors.WriteLine("Usage: ledger verify <export> [--public-key file]");
            return Usage;
        }
        try
        {
            using var verifier = new Verifier();
            if (keyFile is not null)
            {
                verifier.Trust(File.ReadAllText(keyFile));
            }
            using var lines = new StreamReader(export);
            while (lines.ReadLine() is { } line)
            {
                verifier.Read(line);
            }
            verifier.End();
            verifier.Report(output);
            return verifier.AllRight ? Right : Wrong;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or ArgumentException or CryptographicException)
        {
            errors.WriteLine(unreadable.Message);
            return Usage;
        }
    }
}
