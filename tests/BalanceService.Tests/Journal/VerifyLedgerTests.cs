using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.BalanceService.Tests.Journal;

/// <summary>Books with something of everything: two currencies' worth of partners, a hold with credit behind it, reversed in part, a finished day, a tail.</summary>
public sealed class ExportedBooks : Suite
{
    public string Exported { get; private set; } = "";

    protected override async Task Given()
    {
        await using var ledger = Database("balances");
        var user = await this.NewAcceptedUser();
        var balance = await this.NewBalance(user, amount: 10_000);
        await GiveCredit(ledger, user, balance);
        var paid = (await Neighbour("cardservice", "balanceservice").Post("/internal/authorisations", Payment.Of(user, balance, amount: 700))).Must(200);
        var processor = new Caller { Channel = Channel.Processor, Processor = "sandbox" };
        (await As(processor, "balanceservice").Post(
            $"/authorizations/{paid["authorizationId"].GetGuid()}/reversals", new { transactionId = "R-1", amount = new { amount = 200, currency = "PLN" } })).Must(200);
        var (partner, program) = await this.NewPartner("EUR");
        await this.NewBalance(await this.NewAcceptedUser(partner, program), amount: 4_000);
        await ledger.Sealed();
        var day = Clock.Today();
        Clock.AdvanceBeyondMidnight(TimeSpan.FromMinutes(2));
        await ledger.Root(day);
        await this.NewBalance(await this.NewAcceptedUser(), amount: 55);
        await ledger.Sealed();
        Exported = await this.Export();
    }

    private async Task GiveCredit(NpgsqlDataSource ledger, TestUser user, Guid balance)
    {
        await using var give = ledger.CreateCommand(
            """
            with credit as (
                insert into accounts (id, partner_id, kind, currency, state, created_at) values (@id, @partner, 'Credit', 'PLN', 'Open', @now)
            ), given as (
                insert into transactions (id, partner_id, user_id, account_id, type, status, amount, currency, authorized_at, cleared_at)
                values (@id, @partner, @user, @balance, 'Adjustment', 'Cleared', 0, 'PLN', @now, @now)
            )
            select 1
            """);
        give.Parameters.Add(new NpgsqlParameter("id", user.UserId));
        give.Parameters.Add(new NpgsqlParameter("partner", user.PartnerId));
        give.Parameters.Add(new NpgsqlParameter("user", user.UserId));
        give.Parameters.Add(new NpgsqlParameter("balance", balance));
        give.Parameters.Add(new NpgsqlParameter("now", Clock.GetUtcNow()));
        await give.ExecuteNonQueryAsync();
        give.CommandText =
            """
            insert into entries (partner_id, transaction_id, account_id, amount, currency, posted_at)
            select partner_id, @id, id, case kind when 'Credit' then 5000 else -5000 end, currency, @now
            from accounts
            where partner_id = @partner and currency = 'PLN' and kind in ('Credit', 'Funding')
            """;
        await give.ExecuteNonQueryAsync();
    }
}

public sealed class VerifyLedgerTests(ExportedBooks books) : IClassFixture<ExportedBooks>
{
    [Fact]
    public void Books_that_nobody_touched_are_right()
    {
        var (exit, output) = Books.Verify(books.Exported, "--public-key", books.Certificates.JournalPublicKey);

        Assert.True(exit == 0, output);
        Assert.Equal(8, output.Split('\n').Count(line => line.StartsWith("right  ", StringComparison.Ordinal)));
        Assert.Contains(": 1 transactions, 1 operations\n", output, StringComparison.Ordinal);
        Assert.Contains("; 0 entries at the end are not sealed yet\n", output, StringComparison.Ordinal);
        Assert.Contains(": 1 roots, ", output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_key_in_the_export_will_do_and_is_said_to_be_the_exports_own()
    {
        var (exit, output) = Books.Verify(books.Exported);

        Assert.True(exit == 0, output);
        Assert.Contains("the key is the export's own", output, StringComparison.Ordinal);
    }

    [Fact]
    public void It_has_something_of_everything_and_nothing_personal()
    {
        var lines = File.ReadAllLines(books.Exported);

        Assert.Equal(
            ["account", "entry", "header", "operation", "root", "seal", "trailer", "transaction"], lines.Select(Books.Kind).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(
            ["account", "authorized", "backing", "cleared", "held", "id", "line", "remote", "status"],
            Books.Parse(lines.Single(line => Books.Kind(line) == "transaction")).AsObject().Select(field => field.Key).Order(StringComparer.Ordinal));
        Assert.Equal(
            ["currency", "held", "holder", "id", "kind", "line", "partner", "posted"],
            Books.Parse(lines.First(line => Books.Kind(line) == "account")).AsObject().Select(field => field.Key).Order(StringComparer.Ordinal));
        Assert.Equal(500, (long)Books.Parse(lines.Single(line => Books.Kind(line) == "transaction"))["held"]!);
    }

    /// <summary>docs/ledger.md, word for word.</summary>
    [Fact]
    public void The_chain_can_be_recomputed_from_what_is_written_about_it()
    {
        var hash = new byte[32];
        var entries = 0;
        foreach (var line in File.ReadAllLines(books.Exported).Select(Books.Parse))
        {
            if ((string)line["line"]! == "entry")
            {
                var text = $"{line["position"]}|{line["partner"]}|{line["transaction"]}|{line["operation"]}|{line["account"]}|{line["amount"]}|{line["currency"]}|{line["posted"]}";
                hash = SHA256.HashData([.. hash, .. Encoding.UTF8.GetBytes(text)]);
                entries++;
            }
            else if ((string)line["line"]! is "seal" or "root")
            {
                Assert.Equal(Convert.ToHexStringLower(hash), (string)line["hash"]!);
                Assert.Equal(entries, (int)line["entries"]!);
            }
        }
        Assert.True(entries > 0);
    }

    [Fact]
    public void An_amount_that_was_changed_is_found()
    {
        var output = MustBeWrong(lines => Change(lines, "entry", 0, entry => entry["amount"] = (long)entry["amount"]! + 1));

        Assert.Contains("is out of balance by 1 PLN", output, StringComparison.Ordinal);
        Assert.Contains("its entries say", output, StringComparison.Ordinal);
        Assert.Contains("the seal says", output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_posting_that_was_changed_on_both_sides_with_the_accounts_is_found_by_the_chain()
    {
        var output = MustBeWrong(lines =>
        {
            foreach (var place in new[] { 0, 1 })
            {
                Change(lines, "entry", place, entry =>
                {
                    var more = (long)entry["amount"]! > 0 ? 1 : -1;
                    entry["amount"] = (long)entry["amount"]! + more;
                    Change(lines, "account", account => (string)account["id"]! == (string)entry["account"]!, account => account["posted"] = (long)account["posted"]! + more);
                });
            }
        });

        Assert.DoesNotContain("out of balance", output, StringComparison.Ordinal);
        Assert.DoesNotContain("its entries say", output, StringComparison.Ordinal);
        Assert.Contains("the seal says", output, StringComparison.Ordinal);
    }

    [Fact]
    public void An_entry_that_was_left_out_is_found()
    {
        var output = MustBeWrong(lines => lines.RemoveAt(Place(lines, "entry", 0)));

        Assert.Contains("is out of balance by", output, StringComparison.Ordinal);
        Assert.Contains("the seal says", output, StringComparison.Ordinal);
        Assert.Contains("the trailer says", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_entries_that_were_swapped_are_found()
    {
        var output = MustBeWrong(lines =>
        {
            var (first, second) = (Place(lines, "entry", 0), Place(lines, "entry", 1));
            (lines[first], lines[second]) = (lines[second], lines[first]);
        });

        Assert.Contains("entry 1 comes after entry 2", output, StringComparison.Ordinal);
        Assert.Contains("the seal says", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_entries_that_changed_places_under_each_others_position_are_found()
    {
        var output = MustBeWrong(lines =>
        {
            var (first, second) = (Place(lines, "entry", 0), Place(lines, "entry", 1));
            var (one, other) = (Books.Parse(lines[first]), Books.Parse(lines[second]));
            (one["position"], other["position"]) = ((long)other["position"]!, (long)one["position"]!);
            (lines[first], lines[second]) = (other.ToJsonString(), one.ToJsonString());
        });

        Assert.Contains("the seal says", output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_root_that_another_signed_is_found()
    {
        using var another = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var output = MustBeWrong(lines => Change(lines, "root", 0, root => root["signature"] = Convert.ToBase64String(another.SignData(
            Encoding.UTF8.GetBytes($"root|{root["day"]}|{root["position"]}|{root["entries"]}|{root["hash"]}"), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation))));

        Assert.Contains("is not signed under the key", output, StringComparison.Ordinal);
    }

    /// <summary>Whoever rewrites everything, hashes and the key in the export too, does not have the key that was given out before.</summary>
    [Fact]
    public void Books_that_were_rewritten_as_a_whole_are_found_with_the_key_that_was_kept()
    {
        using var another = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var forged = Edited(lines =>
        {
            Change(lines, "header", 0, header => header["publicKey"] = another.ExportSubjectPublicKeyInfoPem());
            Change(lines, "root", 0, root => root["signature"] = Convert.ToBase64String(another.SignData(
                Encoding.UTF8.GetBytes($"root|{root["day"]}|{root["position"]}|{root["entries"]}|{root["hash"]}"), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation)));
        });

        Assert.Equal(0, Books.Verify(forged).Exit);
        var (exit, output) = Books.Verify(forged, "--public-key", books.Certificates.JournalPublicKey);
        Assert.Equal(1, exit);
        Assert.Contains("is not signed under the key", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("day", "2020-01-01")]
    [InlineData("hash", "00")]
    public void A_root_that_was_changed_is_found(string field, string value)
    {
        var output = MustBeWrong(lines => Change(lines, "root", 0, root => root[field] = value));

        Assert.Contains("is not signed under the key", output, StringComparison.Ordinal);
    }

    [Fact]
    public void An_entry_that_was_dated_into_a_signed_day_is_found()
    {
        var output = MustBeWrong(lines =>
        {
            var day = DateTimeOffset.Parse((string)Books.Parse(lines[Place(lines, "root", 0)])["day"]! + "T12:00:00Z", CultureInfo.InvariantCulture);
            var last = lines.FindLastIndex(line => Books.Kind(line) == "entry");
            var entry = Books.Parse(lines[last]);
            entry["posted"] = day.ToUnixTimeMilliseconds() * 1_000;
            lines[last] = entry.ToJsonString();
        });

        Assert.Contains("is not under that day's root", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("transaction", "held", "its operations come to")]
    [InlineData("transaction", "authorized", "its operations come to")]
    [InlineData("operation", "held", "its operations come to")]
    public void A_hold_that_was_changed_is_found(string kind, string field, string why)
    {
        Assert.Contains(why, MustBeWrong(lines => Change(lines, kind, 0, hold => hold[field] = (long)hold[field]! + 1)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_hold_that_was_changed_in_all_its_parts_is_found_by_what_the_accounts_have_held()
    {
        var output = MustBeWrong(lines => Change(lines, "transaction", 0, hold =>
        {
            hold["authorized"] = (long)hold["authorized"]! - 1;
            hold["held"] = (long)hold["held"]! - 1;
        }));

        // On the balance, and on the credit behind it.
        Assert.Equal(2, output.Split("transactions say 499").Length - 1);
    }

    [Theory]
    [InlineData("backing", "transactions say 0")]
    [InlineData("remote", "transactions say 0")]
    public void A_hold_that_was_taken_off_one_of_its_accounts_is_found(string field, string why)
    {
        Assert.Contains(why, MustBeWrong(lines => Change(lines, "transaction", 0, hold => hold[field] = field == "remote" ? true : null)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("posted", "its entries say")]
    [InlineData("held", "transactions say")]
    public void An_account_that_was_changed_is_found(string field, string why)
    {
        Assert.Contains(
            why,
            MustBeWrong(lines => Change(lines, "account", account => (string)account["kind"]! == "User", account => account[field] = (long)account[field]! + 1)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_balance_that_holds_more_than_it_has_is_found_though_all_adds_up()
    {
        var output = MustBeWrong(lines =>
        {
            var transaction = Books.Parse(lines[Place(lines, "transaction", 0)]);
            Change(lines, "transaction", 0, hold =>
            {
                hold["authorized"] = (long)hold["authorized"]! + 10_000;
                hold["held"] = (long)hold["held"]! + 10_000;
            });
            foreach (var id in new[] { (string)transaction["account"]!, (string)transaction["backing"]! })
            {
                Change(lines, "account", account => (string)account["id"]! == id, account => account["held"] = (long)account["held"]! + 10_000);
            }
        });

        Assert.DoesNotContain("transactions say", output, StringComparison.Ordinal);
        Assert.Contains("has 10000 and holds 10500", output, StringComparison.Ordinal);
    }

    [Fact]
    public void An_export_that_was_cut_off_is_found()
    {
        Assert.Contains("there is no trailer", MustBeWrong(lines => lines.RemoveAt(lines.Count - 1)), StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_read_is_found_and_no_more_than_twenty_are_named()
    {
        var output = MustBeWrong(lines => lines.InsertRange(1, Enumerable.Repeat("{", 30)));

        Assert.Equal(20, output.Split('\n').Count(line => line.StartsWith("  - line ", StringComparison.Ordinal)));
        Assert.Contains("  and 10 more", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_file_it_says_how_it_is_called()
    {
        Assert.Equal(64, Books.Verify().Exit);
        Assert.Equal(64, Books.Verify(books.Exported + ".not").Exit);
        Assert.Equal(64, Books.Verify(books.Exported, "--public-key", books.Exported).Exit);
    }

    private string MustBeWrong(Action<List<string>> edit)
    {
        var (exit, output) = Books.Verify(Edited(edit), "--public-key", books.Certificates.JournalPublicKey);
        Assert.True(exit == 1, output);
        Assert.Contains("WRONG", output, StringComparison.Ordinal);
        return output;
    }

    private string Edited(Action<List<string>> edit)
    {
        var lines = File.ReadAllLines(books.Exported).ToList();
        edit(lines);
        var file = Path.Combine(books.Folder, $"{Guid.CreateVersion7():N}.jsonl");
        File.WriteAllLines(file, lines);
        return file;
    }

    /// <summary>Where the line is: of this kind, so many after the first.</summary>
    private static int Place(List<string> lines, string kind, int number) =>
        Enumerable.Range(0, lines.Count).Where(place => Books.Kind(lines[place]) == kind).ElementAt(number);

    private static void Change(List<string> lines, string kind, int number, Action<JsonNode> change)
    {
        var place = Place(lines, kind, number);
        var line = Books.Parse(lines[place]);
        change(line);
        lines[place] = line.ToJsonString();
    }

    private static void Change(List<string> lines, string kind, Func<JsonNode, bool> which, Action<JsonNode> change)
    {
        var place = lines.FindIndex(line => Books.Kind(line) == kind && which(Books.Parse(line)));
        var line = Books.Parse(lines[place]);
        change(line);
        lines[place] = line.ToJsonString();
    }
}
