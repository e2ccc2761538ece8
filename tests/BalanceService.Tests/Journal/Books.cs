using System.Globalization;
using System.Text.Json.Nodes;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.BalanceService.Tests.Journal;

/// <summary>What the two commands do, <c>ledger export</c> and <c>ledger verify</c>, and what the sealer has done meanwhile.</summary>
internal static class Books
{
    /// <summary>Writes an export to a new file below the suite's folder.</summary>
    public static async Task<string> Export(this Suite suite)
    {
        var file = Path.Combine(suite.Folder, $"{Guid.CreateVersion7():N}.jsonl");
        var exit = await Service.Main(
            ["ledger", "export", $"--out={file}", $"--ConnectionStrings:database={suite.ConnectionString("balances")}", $"--Journal:SigningKey={suite.Certificates.JournalKey}"]);
        Assert.Equal(0, exit);
        return file;
    }

    public static (int Exit, string Output) Verify(params string[] arguments)
    {
        using var output = new StringWriter(CultureInfo.InvariantCulture);
        var exit = LedgerVerifier.Program.Run(arguments, output, output);
        return (exit, output.ToString());
    }

    /// <summary>Exports, verifies against the key that the suite was given, and gives what the verifier says of it.</summary>
    public static async Task<string> MustBeRight(this Suite suite)
    {
        var (exit, output) = Verify(await suite.Export(), "--public-key", suite.Certificates.JournalPublicKey);
        Assert.True(exit == 0, output);
        Assert.DoesNotContain("WRONG", output, StringComparison.Ordinal);
        return output;
    }

    /// <summary>Waits until the last entry is sealed.</summary>
    public static Task Sealed(this NpgsqlDataSource ledger) => Eventually.Holds(
        async () => await ledger.Scalar<bool>("select (select max(position) from seals) = (select max(position) from entries)"),
        "every entry to be sealed");

    public static Task Root(this NpgsqlDataSource ledger, DateOnly day) => Eventually.Holds(
        async () => await ledger.Scalar<bool>("select exists (select from roots where day = $1)", day), $"the root of {day:yyyy-MM-dd}");

    public static DateOnly Today(this TestClock clock) => DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime);

    /// <summary>Lets it be so long after the next midnight.</summary>
    public static void AdvanceBeyondMidnight(this TestClock clock, TimeSpan after)
    {
        var now = clock.GetUtcNow();
        clock.Advance(new DateTimeOffset(now.UtcDateTime.Date.AddDays(1), TimeSpan.Zero) - now + after);
    }

    public static JsonNode Parse(string line) => JsonNode.Parse(line)!;

    public static string Kind(string line) => (string)Parse(line)["line"]!;
}
