using Antaca.CardService.Plastic;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.CardService.Issuing;

/// <summary>
/// Finishes cards that were begun and left, one by one or as stock: the request that began them died, or the vault was away.
/// Each card ends with a number or not at all; any number of replicas may do this at once.
/// </summary>
internal sealed partial class FinishIssuing(
    NpgsqlDataSource database, [FromKeyedServices("datacore")] Peer dataCore, FinishingQueue queue, TimeProvider clock, ILogger<FinishIssuing> log) : BackgroundService
{
    private const int EverySeconds = 5;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await queue.Wait(TimeSpan.FromSeconds(EverySeconds), stoppingToken);
            try
            {
                while (await ClaimAny(stoppingToken) is { } card)
                {
                    var finished = await FinishCard.Finish(card, FinishCard.NobodysBinding, dataCore, database, clock, stoppingToken);
                    if (finished.Found)
                    {
                        CardFinished(log, card.Id);
                    }
                    else
                    {
                        CardDropped(log, card.Id, finished.Code);
                    }
                }
                while (await ClaimAnyStock(stoppingToken) is { } request)
                {
                    var finished = await RegisterStock.Finish(request, dataCore, database, clock, stoppingToken);
                    if (finished.Found)
                    {
                        StockFinished(log, request.Id);
                    }
                    else
                    {
                        StockDropped(log, request.Id, finished.Code);
                    }
                }
            }
            catch (Exception away) when (away is PeerUnreachableException or NpgsqlException or TimeoutException)
            {
                FinishingWaits(log, away.Message);
            }
        }
    }

    private async Task<Card?> ClaimAny(CancellationToken cancel)
    {
        await using var work = await Work.Begin(database, cancel);
        var now = clock.GetUtcNow();
        var card = await work.ClaimAny(now, now.AddSeconds(FinishCard.ClaimSeconds));
        await work.Commit();
        return card;
    }

    private async Task<StockRequest?> ClaimAnyStock(CancellationToken cancel)
    {
        await using var work = await Work.Begin(database, cancel);
        var now = clock.GetUtcNow();
        var request = await work.ClaimAnyStock(now, now.AddSeconds(FinishCard.ClaimSeconds));
        await work.Commit();
        return request;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Card {CardId} was left unfinished and is issued now")]
    private static partial void CardFinished(ILogger log, Guid cardId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Card {CardId} was left unfinished and is dropped: {Code}")]
    private static partial void CardDropped(ILogger log, Guid cardId, string? code);

    [LoggerMessage(Level = LogLevel.Information, Message = "The request {RequestId} for stock was left unfinished and is served now")]
    private static partial void StockFinished(ILogger log, Guid requestId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The request {RequestId} for stock was left unfinished and is dropped: {Code}")]
    private static partial void StockDropped(ILogger log, Guid requestId, string? code);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Unfinished cards wait: {Reason}")]
    private static partial void FinishingWaits(ILogger log, string reason);
}
