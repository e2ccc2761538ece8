using Antaca.BalanceService.Ledger;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.BalanceService.Clearing;

/// <summary>
/// Posts the records of uploaded files, a few at a time, in every replica: each looks for the authorisation it belongs to, is
/// posted like any clearing, and gets its outcome. After a crash in between, what was posted is found to be, and is not posted again.
/// </summary>
internal sealed partial class PostClearingFiles(Clearings clearings, NpgsqlDataSource database, TimeProvider clock, ILogger<PostClearingFiles> log) : BackgroundService
{
    /// <summary>How far a clearing may be from what is held and still be taken for it, where only card and merchant are the same.</summary>
    public const int TolerancePercent = 20;

    private const int BatchRows = 20;
    private const int EverySeconds = 5;

    private readonly SemaphoreSlim _woken = new(0);

    public void Wake() => _woken.Release();

    public override void Dispose()
    {
        _woken.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                while (await PostBatch(stoppingToken))
                {
                }
                await _woken.WaitAsync(TimeSpan.FromSeconds(EverySeconds), stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault) when (fault is NpgsqlException or PeerUnreachableException)
            {
                PostingWaits(log, fault.GetType().Name, fault.Message);
                await Task.Delay(TimeSpan.FromSeconds(EverySeconds), CancellationToken.None);
            }
        }
    }

    /// <returns>Whether there may be more.</returns>
    private async Task<bool> PostBatch(CancellationToken cancel)
    {
        await using var work = await Work.Begin(database, cancel);
        var open = await work.TakeOpenRecords(BatchRows);
        foreach (var (processor, record) in open.Select(record => (record.Processor, record.Line)))
        {
            await work.SaveOutcome(record.FileId, await Post(processor, record.Line, cancel));
        }
        await work.FinishFiles(clock.GetUtcNow());
        await work.Commit();
        return open.Count == BatchRows;
    }

    private async Task<ClearingLine> Post(string processor, ClearingLine line, CancellationToken cancel)
    {
        var kind = line.Kind == nameof(OperationKind.Refund) ? OperationKind.Refund : OperationKind.Clearing;
        if (await database.FindPosted(processor, line.TransactionId, kind, cancel) is { } before)
        {
            return line with { Outcome = nameof(ClearingOutcomeKind.Matched), Rule = "ALREADY_POSTED", PostedTo = before };
        }
        var match = await Match(processor, line, cancel);
        var outcome = kind == OperationKind.Refund
            ? await clearings.Refund(line.Record(match?.Id), processor, cancel)
            : await clearings.Clear(line.Record(match?.Id), processor, cancel);
        if (outcome.Kind != ClearingKind.Posted)
        {
            return line with { Outcome = nameof(ClearingOutcomeKind.Refused), Detail = CodeOf(outcome.Kind) };
        }
        var postedTo = await database.FindPosted(processor, line.TransactionId, kind, cancel);
        if (match is null)
        {
            return line with { Outcome = nameof(ClearingOutcomeKind.Unmatched), PostedTo = postedTo };
        }
        long? difference = match.Currency == line.Currency ? line.Amount - (kind == OperationKind.Refund ? line.Amount : match.Held) : null;
        return line with
        {
            Outcome = difference is 0 ? nameof(ClearingOutcomeKind.Matched) : nameof(ClearingOutcomeKind.Differing),
            Rule = match.Rule,
            PostedTo = postedTo,
            Difference = difference,
        };
    }

    /// <summary>By the processor's own name for the authorisation; else by card and merchant, where one holds about as much.</summary>
    private async Task<MatchedAuthorisation?> Match(string processor, ClearingLine line, CancellationToken cancel)
    {
        if (line.AuthorizationTransactionId is { } named)
        {
            return await database.FindNamed(processor, named, line.CardId, cancel);
        }
        if (line.Kind == nameof(OperationKind.Refund))
        {
            return null;
        }
        var accountId = await clearings.AccountOf(line.CardId, processor, cancel);
        return accountId is null ? null : await database.FindAlike(processor, accountId.Value, line, TolerancePercent, cancel);
    }

    private static string CodeOf(ClearingKind kind) => kind switch
    {
        ClearingKind.CardNotFound => "CARD_NOT_FOUND",
        ClearingKind.AuthorizationNotFound => "AUTHORIZATION_NOT_FOUND",
        ClearingKind.TransactionIdReused => "TRANSACTION_ID_REUSED",
        ClearingKind.CurrencyMismatch => "CURRENCY_MISMATCH",
        _ => "BALANCE_LIMIT_EXCEEDED",
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "Clearing files wait: {Kind}: {Reason}")]
    private static partial void PostingWaits(ILogger log, string kind, string reason);
}

/// <param name="Rule">How it was found.</param>
internal sealed record MatchedAuthorisation
{
    public required Guid Id { get; init; }
    public required long Held { get; init; }
    public required string Currency { get; init; }
    public required string Rule { get; init; }
}
