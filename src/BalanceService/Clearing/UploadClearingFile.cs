using System.Security.Cryptography;
using System.Text;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.BalanceService.Clearing;

/// <summary>
/// Takes a file of clearings and refunds, all of its records or none; they are posted one after the other from then on. The same file
/// again is the same upload, and a record that was posted before, in whatever way, is not posted again.
/// </summary>
internal static class UploadClearingFile
{
    /// <param name="Name">The processor's own, 1 to 128 characters.</param>
    /// <param name="Csv">The file's text.</param>
    internal sealed record Request(string Name, string Csv);

    public static void MapUploadClearingFile(this IEndpointRouteBuilder files) => files.MapPost("/", Handle)
        .WithSummary("Uploads a file of clearings")
        .WithDescription(
            $"CSV (RFC 4180) with a header line; columns transactionId, cardId, amount (minor units), currency, merchantMid, merchantName, merchantMcc, merchantCountry, and optionally kind (Clearing or Refund), authorizationTransactionId, originalAmount, originalCurrency, final. At most {ClearingFile.MaxRecords} records. A record is matched by authorizationTransactionId, else by card, merchant and an amount within {PostClearingFiles.TolerancePercent} % of what is held; without a match it is posted by itself.")
        .Example(new Request(
            "2026-11-29.csv",
            $"transactionId,cardId,amount,currency,merchantMid,merchantName,merchantMcc,merchantCountry,authorizationTransactionId\r\n4711-20261129-000001,{ExampleIds.Card},1999,PLN,500123,Księgarnia Poczytna,5942,PL,4711-20261125-000042\r\n"))
        .Produces<ClearingFileView>(202);

    private static async Task<IResult> Handle(
        Request request, Caller caller, PostClearingFiles posting, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var faults = new Faults().UnlessLine(request.Name, "name", 128);
        if (faults.Any)
        {
            return faults.Problem();
        }
        var (lines, wrong) = ClearingFile.Read(request.Csv);
        if (wrong.Count > 0)
        {
            return Problems.Invalid(wrong);
        }

        var now = clock.GetUtcNow();
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes(request.Csv));
        await using var work = await Work.Begin(database, cancel);
        var id = Guid.CreateVersion7(now);
        if (await work.AddFile(id, caller.Processor!, request.Name, digest, now))
        {
            await work.AddRecords(id, lines);
            Work.Audit(subject: $"clearingFile:{id}");
            await work.Commit();
            posting.Wake();
        }
        var file = await database.FindFile(digest, caller.Processor!, cancel);
        return TypedResults.Accepted((string?)null, ClearingFileView.Of(file!));
    }
}
