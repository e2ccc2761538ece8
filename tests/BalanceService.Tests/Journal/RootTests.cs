using System.Security.Cryptography;
using Antaca.BalanceService.Journal;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.BalanceService.Tests.Journal;

public sealed class RootTests(LedgerSuite suite) : LedgerTest(suite)
{
    [Fact]
    public async Task A_day_is_signed_after_its_end_with_what_was_posted_on_it_and_a_quiet_day_like_the_one_before()
    {
        var first = Suite.Clock.Today();
        await Suite.NewBalance(await Suite.NewAcceptedUser(), amount: 1_000);
        Suite.Clock.AdvanceBeyondMidnight(TimeSpan.FromSeconds(1));
        var last = await Look<long>("select max(position) from entries");
        await Suite.NewBalance(await Suite.NewAcceptedUser(), amount: 2_000);
        await Ledger.Sealed();
        Assert.Equal(0, await Look<long>("select count(*) from roots"));

        Suite.Clock.Advance(TimeSpan.FromMinutes(2));
        await Ledger.Root(first);
        Suite.Clock.AdvanceBeyondMidnight(TimeSpan.FromDays(2) + TimeSpan.FromMinutes(2));
        await Ledger.Root(first.AddDays(3));

        Assert.Equal(
            [(first, last), (first.AddDays(1), last + 2), (first.AddDays(2), last + 2), (first.AddDays(3), last + 2)],
            await Roots());
        Assert.Equal(2, await Look<long>("select count(distinct hash) from roots"));
        Assert.Contains($": 4 roots, the last of {first.AddDays(3):yyyy-MM-dd}; the key is the one that was given", await Suite.MustBeRight(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("development:\n", true, "Production", "development key")]
    [InlineData("", false, "Development", "must hold a P-256 private key")]
    [InlineData("no key at all", null, "Development", "must hold a P-256 private key")]
    public void Only_a_private_key_of_the_right_kind_signs(string before, bool? secret, string environment, string refusal)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var pem = before + secret switch { true => key.ExportPkcs8PrivateKeyPem(), false => key.ExportSubjectPublicKeyInfoPem(), null => "" };

        Assert.Contains(refusal, RefusalOf(pem, environment), StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_on_another_curve_does_not_sign()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);

        Assert.Contains("P-256", RefusalOf(key.ExportPkcs8PrivateKeyPem(), "Production"), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_key_there_is_no_journal()
    {
        Assert.Contains(
            "names no file", Assert.Throws<SettingsException>(() => JournalKey.Open(new JournalSettings { SigningKey = "/nowhere" }, "Production")).Message, StringComparison.Ordinal);
    }

    private string RefusalOf(string pem, string environment)
    {
        var file = Path.Combine(Suite.Folder, $"{Guid.CreateVersion7():N}.pem");
        File.WriteAllText(file, pem);
        return Assert.Throws<SettingsException>(() => JournalKey.Open(new JournalSettings { SigningKey = file }, environment)).Message;
    }

    private async Task<List<(DateOnly Day, long Position)>> Roots()
    {
        var roots = new List<(DateOnly, long)>();
        await using var command = Ledger.CreateCommand("select day, position from roots order by day");
        await using var rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync())
        {
            roots.Add((rows.GetFieldValue<DateOnly>(0), rows.GetInt64(1)));
        }
        return roots;
    }
}
