using Antaca.BalanceService.Ledger;
using Antaca.Contracts.Events;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.BalanceService.Balances;

/// <summary>Opens a balance for an active and verified user: in the programme's currency, unless another is named.</summary>
internal static class OpenBalance
{
    private const int MaxExternalIdLength = 64;

    /// <param name="ExternalId">Where the partner holds the balances: what it calls this one, 1 to 64 letters, digits, dots, dashes and underscores; otherwise the balance's own id. Not for apps.</param>
    internal sealed record Request(string? Currency = null, string? ExternalId = null);

    public static void MapOpenBalance(this IEndpointRouteBuilder balances) =>
        balances.MapPost("/", Handle).AdmitsOperators(Role.Manager, Role.Admin)
            .Example(new Request()).Produces<BalanceView>(201)
            .Refuses(BalanceProblems.UserNotFound(), BalanceProblems.UserLocked(), BalanceProblems.KycRequired("None"), BalanceProblems.ExternalIdTaken());

    private static async Task<IResult> Handle(
        Request? request,
        Caller caller,
        Idempotency once,
        [FromKeyedServices("datacore")] Peer dataCore,
        [FromKeyedServices("kycservice")] Peer kycService,
        NpgsqlDataSource database,
        TimeProvider clock,
        CancellationToken cancel)
    {
        request ??= new Request();
        if (request.Currency is not null && !Currencies.Known(request.Currency))
        {
            return BalanceProblems.UnknownCurrency();
        }
        if (request.ExternalId is { } named && (caller.Channel == Channel.Customers || !IsExternalId(named)))
        {
            return Problems.Invalid("externalId", $"must be 1 to {MaxExternalIdLength} letters, digits, dots, dashes and underscores, and is the partner's to give");
        }

        var askingUser = dataCore.Get<UserFacts>(caller.IsOperator ? $"/internal/users/{caller.UserId}" : $"/internal/users/{caller.UserId}?partnerId={caller.PartnerId}", cancel);
        // Whose an operator's customer is, DataCore alone knows; everybody else is told at once.
        var partnerId = caller.IsOperator ? (await askingUser).ValueOrNothing?.PartnerId : caller.PartnerId;
        if (partnerId is null)
        {
            return BalanceProblems.UserNotFound();
        }
        var askingKyc = kycService.Get<KycFacts>($"/internal/decisions/{caller.UserId}?partnerId={partnerId}", cancel);
        await Task.WhenAll(askingUser, askingKyc);
        var user = (await askingUser).ValueOrNothing;
        var kyc = (await askingKyc).ValueOrNothing;

        await using var work = await Work.Begin(database, cancel);
        if (await work.Replay(once, request) is { } earlier)
        {
            return earlier;
        }
        if (user is null)
        {
            return BalanceProblems.UserNotFound();
        }
        if (!user.Active)
        {
            return BalanceProblems.UserLocked();
        }
        if (kyc is not { Status: "Accepted" })
        {
            return BalanceProblems.KycRequired(kyc?.Status ?? "None");
        }

        var remote = user.Programme.RemoteUrl is not null;
        if (request.ExternalId is not null && !remote)
        {
            return Problems.Invalid("externalId", "is of no use where the balances are held here");
        }

        var now = clock.GetUtcNow();
        var currency = request.Currency ?? user.Programme.Currency;
        var id = Guid.CreateVersion7(now);
        var balance = await work.Open(id, user.PartnerId, user.Id, user.Programme.Id, currency, remote ? request.ExternalId ?? id.ToString() : null, now);
        if (balance is null)
        {
            return BalanceProblems.ExternalIdTaken();
        }
        Work.Audit(subject: $"balance:{balance.Id}", partnerId: user.PartnerId);
        work.Owe(new BalanceOpened(user.PartnerId, user.Id, balance.Id, currency, now));
        return await work.Answer(once, StatusCodes.Status201Created, BalanceView.Of(balance));
    }

    private static bool IsExternalId(string text) =>
        text.Length is >= 1 and <= MaxExternalIdLength && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-');
}
