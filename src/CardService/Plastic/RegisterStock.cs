using System.Security.Cryptography;
using Antaca.CardService.Authorisations;
using Antaca.CardService.Issuing;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.CardService.Plastic;

/// <summary>
/// Makes cards for a programme's stock, which belong to nobody until they are linked: all of them or none, each with a
/// number and an order of its own. The request comes first and the numbers second; <see cref="FinishIssuing"/> ends what was
/// left. The same Idempotency-Key hears of the same cards again.
/// </summary>
internal static class RegisterStock
{
    public const int MaxCards = 1_000;

    /// <param name="Cards">How many: 1 to 1000.</param>
    internal sealed record Request(Guid ProgramId, int Cards, string? Design = null);

    /// <param name="Exp">The last day of each of the cards.</param>
    internal sealed record Registered(Guid Id, Guid ProgramId, int Cards, DateOnly Exp, string? Design, DateTimeOffset CreatedAt);

    public static void MapRegisterStock(this IEndpointRouteBuilder stock) =>
        stock.MapPost("/", Handle)
            .WithSummary("Makes cards for a programme's stock").WithDescription("Their orders are among the bureau's personalisations, with no address and no name.")
            .Example(new Request(ExampleIds.Program, Cards: 2))
            .Refuses(CardProblems.ProgramNotFound())
            .Refuses(409, "BIN_RANGE_FULL");

    private static async Task<Results<Created<Registered>, ProblemHttpResult>> Handle(
        Request request,
        Caller caller,
        Idempotency once,
        Programmes programmes,
        [FromKeyedServices("datacore")] Peer dataCore,
        NpgsqlDataSource database,
        TimeProvider clock,
        HttpResponse response,
        CancellationToken cancel)
    {
        var faults = new Faults()
            .Unless(request.Cards is >= 1 and <= MaxCards, "cards", $"must be 1 to {MaxCards}")
            .Unless(OrderPhysicalCard.IsDesign(request.Design), "design", OrderPhysicalCard.DesignFault);
        if (faults.Any)
        {
            return faults.Problem();
        }

        var fingerprint = once.FingerprintOf(request);
        if (once.Key is not null && await database.FindStockRequest(once, cancel) is { } earlier)
        {
            if (!CryptographicOperations.FixedTimeEquals(earlier.Fingerprint, fingerprint))
            {
                return Idempotency.Reused();
            }
            Work.Audit(subject: $"stock:{earlier.Id}", partnerId: earlier.PartnerId);
            if (earlier.ClaimedUntil is not null && !await TakeUp(earlier, database, clock, cancel))
            {
                return Idempotency.InProgress();
            }
            response.Headers[Idempotency.ReplayedHeader] = "true";
            return earlier.ClaimedUntil is null ? Show(earlier) : await FinishAndShow(earlier, dataCore, database, clock, cancel);
        }

        if (await programmes.Find(request.ProgramId, cancel) is not { } programme || programme.Processor != caller.Processor)
        {
            return CardProblems.ProgramNotFound();
        }
        var now = clock.GetUtcNow();
        var begun = new StockRequest
        {
            Id = Guid.CreateVersion7(now),
            PartnerId = programme.PartnerId,
            ProgramId = programme.Id,
            CardIds = [.. Enumerable.Range(0, request.Cards).Select(_ => Guid.CreateVersion7(now))],
            Exp = Card.ExpOf(programme, now),
            Design = request.Design,
            Fingerprint = fingerprint,
            ClaimedUntil = now.AddSeconds(FinishCard.ClaimSeconds),
            CreatedAt = now,
        };
        Work.Audit(subject: $"stock:{begun.Id}", partnerId: begun.PartnerId);
        await using (var work = await Work.Begin(database, cancel))
        {
            if (!await work.Insert(begun, once))
            {
                return Idempotency.InProgress();
            }
            await work.Commit();
        }
        return await FinishAndShow(begun, dataCore, database, clock, cancel);
    }

    /// <summary>Gives the cards of a request their numbers and puts them on order, once however many try. A refusal means that there will be none.</summary>
    internal static async Task<PeerAnswer<AllocatedStock>> Finish(
        StockRequest request, Peer dataCore, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var allocated = await dataCore.Post<AllocateStock, AllocatedStock>(
            "/internal/vault/stock", new AllocateStock(request.PartnerId, request.ProgramId, request.Exp, request.CardIds), cancel);
        await using var work = await Work.Begin(database, cancel);
        if (allocated.Code == "BIN_RANGE_FULL")
        {
            await work.DropStock(request.Id);
            await work.Commit();
            return allocated;
        }
        if (!allocated.Found)
        {
            throw new PeerUnreachableException("datacore", $"refused numbers with {allocated.Status} {allocated.Code}", null);
        }
        if (await work.FinishStock(request.Id))
        {
            var now = clock.GetUtcNow();
            Guid[] orderIds = [.. request.CardIds.Select(_ => Guid.CreateVersion7(now))];
            await work.InsertStock(request, orderIds, [.. allocated.Value!.MaskedCardNos], now, cancel);
        }
        await work.Commit();
        return allocated;
    }

    private static async Task<Results<Created<Registered>, ProblemHttpResult>> FinishAndShow(
        StockRequest request, Peer dataCore, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        try
        {
            var finished = await Finish(request, dataCore, database, clock, cancel);
            return finished.Found ? Show(request) : finished.Refusal();
        }
        catch (PeerUnreachableException)
        {
            await using var work = await Work.Begin(database, cancel);
            await work.ReleaseStock(request.Id, clock.GetUtcNow());
            await work.Commit();
            throw;
        }
    }

    private static async Task<bool> TakeUp(StockRequest request, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        await using var work = await Work.Begin(database, cancel);
        var now = clock.GetUtcNow();
        var claimed = await work.ClaimStock(request.Id, now, now.AddSeconds(FinishCard.ClaimSeconds));
        await work.Commit();
        return claimed;
    }

    private static Created<Registered> Show(StockRequest request) => TypedResults.Created(
        (string?)null,
        new Registered(request.Id, request.ProgramId, request.CardIds.Length, request.Exp, request.Design, request.CreatedAt));
}
