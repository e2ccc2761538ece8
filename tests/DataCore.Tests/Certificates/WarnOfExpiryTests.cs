using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.DataCore.Tests.Certificates;

/// <summary>Looks once when DataCore starts: here it starts anew for each look.</summary>
public sealed class WarnOfExpiryTests(CertificateSuite suite) : IClassFixture<CertificateSuite>
{
    [Fact]
    public async Task A_partner_is_told_once_of_a_certificate_that_ends_within_thirty_days_and_of_no_other()
    {
        var email = $"{Guid.CreateVersion7():N}@bank.example";
        var bank = await suite.NewBank(contactEmail: email);
        var expiring = await Ends(bank, days: 29);
        string[] others = [await Ends(bank, days: 31), await Ends(bank, days: -1), await Ends(bank, days: 10)];
        (await suite.Revoke(bank, others[2])).Must(204);

        await LookAgain();

        Assert.Contains(expiring, await suite.LastMessageTo(email), StringComparison.Ordinal);
        await Told(bank, expiring);
        var warnedAt = await WarnedAt(expiring);
        Assert.NotNull(warnedAt);

        // Another, of whom there is no address, shows that all was looked at once more.
        var another = await suite.NewBank();
        var next = await Ends(another, days: 3);
        await LookAgain();
        await Told(another, next);

        Assert.Equal(warnedAt, await WarnedAt(expiring));
        await Told(bank, expiring);
        Assert.Single(await Messages(email));
        foreach (var other in others)
        {
            Assert.Null(await WarnedAt(other));
        }
    }

    [Fact]
    public async Task The_event_is_told_even_where_the_mail_cannot_be_sent()
    {
        var bank = await suite.NewBank(contactEmail: $"{Guid.CreateVersion7():N}@bank.example");
        var expiring = await Ends(bank, days: 1);

        await suite.Stop("notifications");
        try
        {
            await LookAgain();
            await Eventually.Holds(async () => await WarnedAt(expiring) is not null, "the certificate to be warned of");
        }
        finally
        {
            await suite.Start("notifications");
        }

        await Told(bank, expiring);
    }

    private async Task LookAgain()
    {
        await suite.Stop("datacore");
        await suite.Start("datacore");
    }

    /// <summary>Signs one, and moves its end.</summary>
    private async Task<string> Ends(TestPartner bank, int days)
    {
        var serial = (await suite.Sign(bank, Requests.Csr())).Must(201)["serial"].GetString()!;
        await using var move = suite.Rows.CreateCommand("update certificates set not_before = $2 - interval '1 year', not_after = $2 where serial = $1");
        move.Parameters.Add(new NpgsqlParameter { Value = serial });
        move.Parameters.Add(new NpgsqlParameter { Value = suite.Clock.GetUtcNow().AddDays(days) });
        Assert.Equal(1, await move.ExecuteNonQueryAsync());
        return serial;
    }

    private Task<DateTime?> WarnedAt(string serial) => suite.Rows.Scalar<DateTime?>("select warned_at from certificates where serial = $1", serial);

    /// <summary>Waits until the partner's event log tells of this certificate, once and of no other.</summary>
    private Task Told(TestPartner bank, string serial) => Eventually.Holds(
        async () => await suite.Database("notifications").Scalar<string>("select string_agg(type || ' ' || (data->>'serial'), ',') from partner_events where partner_id = $1", bank.Id)
            == $"certificate.expiring {serial}",
        "the event of the expiring certificate");

    private async Task<List<string>> Messages(string email)
    {
        var messages = new List<string>();
        await foreach (var message in suite.MessagesTo(email))
        {
            messages.Add(message);
        }
        return messages;
    }
}
