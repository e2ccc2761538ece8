using System.Text;
using Antaca.TestKit;
using Xunit;

namespace Antaca.BalanceService.Tests.Clearing;

public sealed class ClearingFileTests(LedgerSuite suite) : ProcessorTest(suite)
{
    private const string Header = "transactionId,cardId,amount,currency,merchantMid,merchantName,merchantMcc,merchantCountry,kind,authorizationTransactionId,originalAmount,originalCurrency,final";

    [Fact]
    public async Task Records_are_matched_by_id_then_by_card_merchant_and_amount_and_reported()
    {
        var (user, balanceId) = await Funded(10_000);
        var cardId = await Suite.NewCard(user, balanceId);
        var named = await Authorise(user, balanceId, cardId, 400);
        var alike = await Authorise(user, balanceId, cardId, 1_000);
        var file = new StringBuilder(Header).Append("\r\n")
            .Append(Record("a", cardId, 400, named.ProcessorId))
            .Append(Record("b", cardId, 1_150))
            .Append(Record("c", cardId, 77))
            .Append(Record("d", Guid.CreateVersion7(), 50))
            .Append(Record("e", cardId, 30, kind: "Refund"))
            .ToString();

        var report = await Posted(file);

        Assert.Equal((5, 1, 1, 2, 1), Counts(report));
        var lines = report["lines"].EnumerateArray().ToDictionary(line => line.GetProperty("record").GetInt32());
        Assert.Equal([2, 3, 4, 5], lines.Keys);
        Assert.Equal(("CARD_MERCHANT_AMOUNT", alike.Id, 150), (lines[2].GetProperty("rule").GetString(), lines[2].GetProperty("postedTo").GetGuid(), lines[2].GetProperty("difference").GetInt32()));
        Assert.Equal("CARD_NOT_FOUND", lines[4].GetProperty("code").GetString());
        Assert.Equal(10_000 - 400 - 1_150 - 77 + 30, await base.Posted(balanceId));
        Assert.Equal(0, await Held(balanceId));
        Assert.Equal(("Cleared", "Cleared"), (await Status(named.Id), await Status(alike.Id)));
    }

    [Fact]
    public async Task The_same_file_and_the_same_record_in_another_are_posted_once()
    {
        var (user, balanceId) = await Funded(10_000);
        var cardId = await Suite.NewCard(user, balanceId);
        var id = NewId();
        var file = Header + "\r\n" + Record(id, cardId, 400);

        var first = await Posted(file);
        var again = await Posted(file);
        var another = await Posted(file + Record(NewId(), cardId, 100));

        Assert.Equal(first["id"].GetGuid(), again["id"].GetGuid());
        Assert.Equal((2, 1, 0, 1, 0), Counts(another));
        Assert.Equal(9_500, await base.Posted(balanceId));
    }

    [Fact]
    public async Task The_same_file_twice_at_once_is_one_upload()
    {
        var (user, balanceId) = await Funded(10_000);
        var cardId = await Suite.NewCard(user, balanceId);
        var file = Header + "\r\n" + Record(NewId(), cardId, 400);

        var answers = await Races.AtOnce(
            Ledger, "lock table clearing_files in share mode", waiters: 2, () => Upload(file), () => Upload(file));

        Assert.Equal(answers[0].Must(202)["id"].GetGuid(), answers[1].Must(202)["id"].GetGuid());
        await Done(answers[0].Id);
        Assert.Equal(9_600, await base.Posted(balanceId));
    }

    [Fact]
    public async Task A_file_that_was_cut_off_while_it_was_posted_goes_on_without_posting_twice()
    {
        var (user, balanceId) = await Funded(10_000);
        var cardId = await Suite.NewCard(user, balanceId);
        var posted = await Posted(Header + "\r\n" + string.Concat(Enumerable.Range(0, 30).Select(_ => Record(NewId(), cardId, 10))));

        // As after a crash between the posting of a record and the word of it.
        await Do("update clearing_records set outcome = null, posted_to = null where file_id = @id and line > 5", ("id", posted["id"].GetGuid()));
        await Do("update clearing_files set finished_at = null where id = @id", ("id", posted["id"].GetGuid()));

        var report = await Done(posted["id"].GetGuid());
        Assert.Equal((30, 25, 0, 5, 0), Counts(report));
        Assert.Equal(9_700, await base.Posted(balanceId));
    }

    [Theory]
    [InlineData("", "csv")]
    [InlineData("transactionId,cardId\r\n", "amount")]
    [InlineData(Header + ",cvv\r\n", "cvv")]
    [InlineData(Header + "\r\n", "csv")]
    [InlineData(Header + "\r\nt,0190a000-0000-7000-8000-0000000000ca,0,PLN,M,S,5411,PL,,,,,\r\n", "record 1")]
    [InlineData(Header + "\r\nt,0190a000-0000-7000-8000-0000000000ca,-1,PLN,M,S,5411,PL,,,,,\r\n", "record 1")]
    [InlineData(Header + "\r\nt,0190a000-0000-7000-8000-0000000000ca,1.5,PLN,M,S,5411,PL,,,,,\r\n", "record 1")]
    [InlineData(Header + "\r\nt,0190a000-0000-7000-8000-0000000000ca,5,XXX,M,S,5411,PL,,,,,\r\n", "record 1")]
    [InlineData(Header + "\r\nt,not-an-id,5,PLN,M,S,5411,PL,,,,,\r\n", "record 1")]
    [InlineData(Header + "\r\nt,0190a000-0000-7000-8000-0000000000ca,5,PLN,M,S,5411,PL,Chargeback,,,,\r\n", "record 1")]
    [InlineData(Header + "\r\nt,0190a000-0000-7000-8000-0000000000ca,5,PLN,M,S,5411,PL,,,7,,\r\n", "record 1")]
    [InlineData(Header + "\r\nt,0190a000-0000-7000-8000-0000000000ca,5,PLN,M,S,5411,PL,,,,,\r\nt,0190a000-0000-7000-8000-0000000000ca,5,PLN,M,S,5411,PL,,,,,\r\n", "record 2")]
    [InlineData(Header + "\r\nt,0190a000-0000-7000-8000-0000000000ca,5\r\n", "record 1")]
    public async Task A_file_with_a_fault_is_named_and_nothing_of_it_is_posted(string file, string named)
    {
        var before = await Look<long>("select count(*) from clearing_records");

        var refused = (await Upload(file)).MustRefuse(422, "VALIDATION_FAILED");

        Assert.Contains(refused["errors"].EnumerateObject(), error => error.Name == named);
        Assert.Equal(before, await Look<long>("select count(*) from clearing_records"));
    }

    [Fact]
    public async Task Another_processor_does_not_see_it()
    {
        var (user, balanceId) = await Funded(1_000);
        var posted = await Posted(Header + "\r\n" + Record(NewId(), await Suite.NewCard(user, balanceId), 10));

        (await Another.Get($"/clearing-files/{posted["id"].GetGuid()}")).MustRefuse(404, "CLEARING_FILE_NOT_FOUND");
        (await Processor.Get($"/clearing-files/{Guid.CreateVersion7()}")).MustRefuse(404, "CLEARING_FILE_NOT_FOUND");
    }

    private static (int, int, int, int, int) Counts(Answer report) => (
        report["records"].GetInt32(), report["matched"].GetInt32(), report["differing"].GetInt32(), report["unmatched"].GetInt32(), report["refused"].GetInt32());

    private static string Record(string id, Guid cardId, long amount, string? authorisation = null, string? kind = null) =>
        $"{id}-{cardId.ToString("N")[..20]},{cardId},{amount},PLN,M-1,\"Żabka, 7\",5411,PL,{kind},{authorisation},,,\r\n";

    private Task<Answer> Upload(string file) => Processor.Post("/clearing-files", new { name = "test.csv", csv = file });

    private new async Task<Answer> Posted(string file) => await Done((await Upload(file)).Must(202).Id);

    private async Task<Answer> Done(Guid fileId)
    {
        Answer report = null!;
        await Eventually.Holds(
            async () =>
            {
                report = (await Processor.Get($"/clearing-files/{fileId}")).Must(200);
                return report["status"].GetString() == "Done";
            },
            "the file to be posted");
        return report;
    }

    private async Task<(Guid Id, string ProcessorId)> Authorise(TestUser user, Guid balanceId, Guid cardId, long amount)
    {
        var payment = Payment.Of(user, balanceId, amount).With("cardId", cardId);
        return ((await CardService.Post("/internal/authorisations", payment)).Must(200)["authorizationId"].GetGuid(), (string)payment["transactionId"]!);
    }
}
