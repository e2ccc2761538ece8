using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.BalanceService.Clearing;

/// <summary>The report of a file: how many records matched, differed, had no authorisation or were refused, and each that did not match.</summary>
internal static class GetClearingFile
{
    public static void MapGetClearingFile(this IEndpointRouteBuilder files) => files.MapGet("/{fileId:guid}", Handle)
        .WithSummary("Reports on a file of clearings")
        .WithDescription("Lists the records that differed, had no authorisation or were refused; with ?all=true every record.")
        .Refuses(Problems.NotFound("CLEARING_FILE_NOT_FOUND", "clearing file"));

    private static async Task<Results<Ok<ClearingFileView>, ProblemHttpResult>> Handle(
        Guid fileId, bool? all, Caller caller, NpgsqlDataSource database, CancellationToken cancel)
    {
        var file = await database.FindFile(fileId, caller.Processor!, cancel);
        if (file is null)
        {
            return Problems.NotFound("CLEARING_FILE_NOT_FOUND", "clearing file");
        }
        var records = await database.ListRecords(fileId, all == true, cancel);
        return TypedResults.Ok(ClearingFileView.Of(file) with { Lines = [.. records.Select(ClearingLineView.Of)] });
    }
}

internal enum ClearingFileStatus
{
    Posting,
    Done,
}

/// <summary>A file of clearings on the wire.</summary>
/// <param name="Records">How many it has.</param>
/// <param name="Lines">Left out of the answer to an upload.</param>
internal sealed record ClearingFileView(
    Guid Id,
    string Name,
    ClearingFileStatus Status,
    int Records,
    int Matched,
    int Differing,
    int Unmatched,
    int Refused,
    DateTimeOffset UploadedAt,
    DateTimeOffset? FinishedAt,
    IReadOnlyList<ClearingLineView>? Lines)
{
    public static ClearingFileView Of(StoredClearingFile file) => new(
        file.Id,
        file.Name,
        file.FinishedAt is null ? ClearingFileStatus.Posting : ClearingFileStatus.Done,
        file.Records,
        file.Matched,
        file.Differing,
        file.Unmatched,
        file.Refused,
        file.UploadedAt,
        file.FinishedAt,
        Lines: null);
}

/// <param name="Record">Its number in the file, from 1.</param>
/// <param name="Rule">How the authorisation was found: <c>TRANSACTION_ID</c>, <c>CARD_MERCHANT_AMOUNT</c>, or <c>ALREADY_POSTED</c>; null where none was.</param>
/// <param name="Code">Of a record that was refused: why.</param>
/// <param name="PostedTo">The transaction of ours.</param>
/// <param name="Difference">What was cleared less what was held, minor units of the record's currency; null where nothing can be compared.</param>
internal sealed record ClearingLineView(
    int Record, string Kind, string TransactionId, Guid CardId, ClearingOutcomeKind? Outcome, string? Rule, string? Code, Guid? PostedTo, long? Difference)
{
    public static ClearingLineView Of(ClearingLine line) => new(
        line.Line,
        line.Kind,
        line.TransactionId,
        line.CardId,
        line.Outcome is { } outcome ? Enum.Parse<ClearingOutcomeKind>(outcome) : null,
        line.Rule,
        line.Detail,
        line.PostedTo,
        line.Difference);
}
