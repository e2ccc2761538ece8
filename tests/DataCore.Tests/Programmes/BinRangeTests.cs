using Antaca.DataCore.Tests.Partners;
using Antaca.DataCore.Tests.Users;
using Antaca.TestKit;
using Xunit;

namespace Antaca.DataCore.Tests.Programmes;

/// <summary>No account number is in two programmes.</summary>
[Collection("partners")]
public sealed class BinRangeTests(PartnerSuite suite)
{
    private static int _programmes;

    internal static Dictionary<string, object> Body(Guid partner, string range, params (string Field, object Value)[] changes)
    {
        var body = new Dictionary<string, object> { ["partnerId"] = partner, ["name"] = "Cards", ["binRange"] = range, ["currency"] = "EUR", ["processor"] = "sandbox" };
        foreach (var (field, value) in changes)
        {
            body[field] = value;
        }
        return body;
    }

    [Theory]
    [InlineData("", "510510", false)]
    [InlineData(":000000000-999999999", ":000000000-999999999", true)]
    [InlineData(":000000000-000000009", ":000000009-000000018", true)]
    [InlineData(":000000000-000000009", ":000000010-000000019", false)]
    [InlineData(":100000000-199999999", ":150000000-150000009", true)]
    [InlineData(":150000000-150000009", ":100000000-199999999", true)]
    [InlineData(":100000000-199999999", "", true)]
    [InlineData("", "7", true)]
    [InlineData("77", "", true)]
    [InlineData("77", "77:0000000-0000009", true)]
    [InlineData("77", "78", false)]
    [InlineData("7:00000000-09999999", "70", true)]
    [InlineData("7:00000000-09999999", "71", false)]
    [InlineData("00", ":010000000-019999999", false)]
    public async Task Ranges_that_share_a_number_are_not_both_taken(string first, string second, bool overlap)
    {
        var bin = PartnerSuite.NewBin();
        // The first row's second range is another BIN, whoever holds it.
        var other = second == "510510" ? PartnerSuite.NewBin() : bin + second;
        (await Create(await suite.NewPartner(), bin + first)).Must(201);

        var answer = await Create(await suite.NewPartner(), other);

        if (overlap)
        {
            answer.MustRefuse(409, "BIN_RANGE_OVERLAP");
        }
        else
        {
            answer.Must(201);
        }
    }

    [Fact]
    public async Task Of_ranges_that_overlap_and_are_asked_for_at_once_one_is_taken()
    {
        var (ours, theirs, bin) = (await suite.NewPartner(), await suite.NewPartner(), PartnerSuite.NewBin());
        string[] ranges =
        [
            bin, $"{bin}:000000000-999999999", $"{bin}5", $"{bin}55", $"{bin}:500000000-599999999", $"{bin}:555555550-555555559", $"{bin}5:50000000-59999999", $"{bin}:000000000-555555555",
        ];

        var answers = await Races.AtOnce(
            suite.Rows,
            "lock table bin_ranges in share mode",
            ranges.Length,
            [.. ranges.Select((range, number) => (Func<Task<Answer>>)(() => Create(number % 2 == 0 ? ours : theirs, range)))]);

        Assert.Single(answers, answer => answer.Status == 201);
        Assert.Equal(ranges.Length - 1, answers.Count(answer => answer.Code == "BIN_RANGE_OVERLAP"));
        Assert.Equal(1, await suite.Rows.Scalar<long>("select count(*) from bin_ranges where range like $1 || '%'", bin));
        Assert.Equal(1, await suite.Rows.Scalar<long>("select count(*) from programmes where partner_id in ($1, $2)", ours, theirs));
    }

    [Fact]
    public async Task A_range_is_free_again_when_the_request_for_it_came_to_nothing()
    {
        var (partner, bin) = (await suite.NewPartner(), PartnerSuite.NewBin());
        (await suite.OfAdmin.Post("/programs", Body(partner, PartnerSuite.NewBin(), ("name", "Gold")))).Must(201);

        // The first waits for the table of names, with the range in hand; the second for the range.
        await using var held = await Races.Hold(suite.Rows, "lock table programmes in share mode");
        var first = Task.Run(() => suite.OfAdmin.Post("/programs", Body(partner, bin, ("name", "Gold"))));
        await held.Waiters(1);
        var second = Task.Run(() => suite.OfAdmin.Post("/programs", Body(partner, bin + "1", ("name", "Silver"))));
        await held.Waiters(2);
        await held.Release();

        (await first).MustRefuse(409, "PROGRAM_EXISTS");
        (await second).Must(201);
    }

    [Theory]
    [InlineData("{0}:000000000-000000009", true)]
    [InlineData("{0}:999999990-999999999", true)]
    [InlineData("{0}7", true)]
    [InlineData("{0}77", true)]
    [InlineData("{0}77:9999990-9999999", true)]
    [InlineData("{0}:000000000-000000008", false)]
    [InlineData("{0}:000000009-000000000", false)]
    [InlineData("{0}:00000000-00000009", false)]
    [InlineData("{0}:0000000000-0000000009", false)]
    [InlineData("{0}7:000000000-000000009", false)]
    [InlineData("{0}777", false)]
    [InlineData("51051", false)]
    [InlineData("012345", false)]
    [InlineData("000000", false)]
    [InlineData("{0}:", false)]
    [InlineData("{0}:000000000", false)]
    [InlineData("{0}:000000000-000000009-000000019", false)]
    [InlineData("{0}: 00000000-000000099", false)]
    [InlineData("{0}:+00000000-000000099", false)]
    [InlineData(" {0}", false)]
    [InlineData("{0}\n", false)]
    [InlineData("５１０５１０", false)]
    [InlineData("", false)]
    public async Task A_range_is_a_BIN_or_ten_numbers_of_it_at_least(string form, bool taken)
    {
        var range = string.Format(System.Globalization.CultureInfo.InvariantCulture, form, PartnerSuite.NewBin());

        var answer = await Create(await suite.NewPartner(), range);

        if (taken)
        {
            answer.Must(201);
        }
        else
        {
            Assert.Equal("binRange", Assert.Single(answer.MustRefuse(422, "VALIDATION_FAILED")["errors"].EnumerateObject()).Name);
        }
    }

    private Task<Answer> Create(Guid partner, string range) =>
        suite.OfAdmin.Post("/programs", Body(partner, range, ("name", $"Cards {Interlocked.Increment(ref _programmes)}")));
}
