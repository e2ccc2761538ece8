using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.BalanceService.Partners;

/// <summary>
/// Opens a balance of a partner's own: one of each kind for each currency. Money is added by administrators. From when there is a
/// Credit balance on, the partner's cards spend no more than it has in that currency; with a Deposit balance the same holds of
/// the balances that the partner keeps itself.
/// </summary>
internal static class OpenPartnerBalance
{
    /// <param name="LowThreshold">Minor units: when less is available, the partner is warned; absent or 0 for never.</param>
    /// <param name="Notify">Who is warned by e-mail too, 10 addresses at most.</param>
    internal sealed record Request(PartnerBalanceKind Kind, string Currency, long? LowThreshold = null, IReadOnlyList<string>? Notify = null);

    private static readonly Request _example = new(PartnerBalanceKind.Partner, "PLN", 1_000_000, ["treasury@bank.example"]);

    public static void MapOpenPartnerBalance(this IEndpointRouteBuilder balances) =>
        balances.MapPost("/", HandleOwn).Example(_example).Produces<PartnerBalanceView>(201).Refuses(PartnerBalanceProblems.Exists());

    public static void MapOpenPartnerBalanceFor(this IEndpointRouteBuilder partners) =>
        partners.MapPost("/{partnerId:guid}/balances", HandleAny).AdmitsOperators(Role.Admin)
            .Example(_example).Produces<PartnerBalanceView>(201)
            .Refuses(PartnerBalanceProblems.PartnerNotFound(), PartnerBalanceProblems.Exists());

    private static Task<IResult> HandleOwn(Request request, Caller caller, Idempotency once, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel) =>
        Open(caller.PartnerId!.Value, request, once, database, clock, cancel);

    private static async Task<IResult> HandleAny(
        Guid partnerId,
        Request request,
        Idempotency once,
        [FromKeyedServices("datacore")] Peer dataCore,
        NpgsqlDataSource database,
        TimeProvider clock,
        CancellationToken cancel) =>
        (await dataCore.Get<PartnerFacts>($"/internal/partners/{partnerId}", cancel)).ValueOrNothing is null
            ? PartnerBalanceProblems.PartnerNotFound()
            : await Open(partnerId, request, once, database, clock, cancel);

    private static async Task<IResult> Open(Guid partnerId, Request request, Idempotency once, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var faults = PartnerBalance.FaultsOf(request.LowThreshold, request.Notify)
            .Unless(Currencies.Known(request.Currency), "currency", "is not an active ISO 4217 currency");
        if (faults.Any)
        {
            return faults.Problem();
        }

        await using var work = await Work.Begin(database, cancel);
        if (await work.Replay(once, request) is { } earlier)
        {
            return earlier;
        }
        var now = clock.GetUtcNow();
        var opened = await work.OpenPartnerBalance(
            Guid.CreateVersion7(now),
            partnerId,
            request.Kind,
            request.Currency,
            PartnerBalance.Threshold(request.LowThreshold),
            PartnerBalance.Receivers(request.Notify ?? []),
            now);
        if (opened is null)
        {
            return PartnerBalanceProblems.Exists();
        }
        Work.Audit(subject: $"partnerBalance:{opened.Id}", partnerId: partnerId);
        return await work.Answer(once, StatusCodes.Status201Created, PartnerBalanceView.Of(opened));
    }
}
