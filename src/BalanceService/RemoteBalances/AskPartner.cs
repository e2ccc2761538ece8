using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text.Json;
using Antaca.BalanceService.Holds;
using Antaca.BalanceService.Rates;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.BalanceService.RemoteBalances;

/// <summary>
/// Decides an authorisation of a balance that the partner holds: the partner's host is asked first, and where it is silent the
/// programme's rule stands in for it; then it is decided here as every other. Where we say no to what the host may hold, the host is told so.
/// </summary>
internal sealed class AskPartner(HoldEngine engine, PartnerHosts hosts, Programmes programmes, ExchangeRates rates, NpgsqlDataSource database, TimeProvider clock)
{
    public const string Unavailable = "PARTNER_UNAVAILABLE";
    public const string Declined = "PARTNER_DECLINED";

    private const string OtherCode = "1000";
    private const string NotSufficientCode = "1016";
    private const string NotSufficient = "INSUFFICIENT_FUNDS";
    private const int MaxReasonLength = 64;
    private const int MaxTries = 3;
    private const int RestMilliseconds = 50;

    private static readonly Counter<long> _silent = LedgerMeter.Meter.CreateCounter<long>("antaca.partners.silent", "{authorisation}", "Authorisations that a partner's host did not answer in time.");
    private static readonly Counter<long> _late = LedgerMeter.Meter.CreateCounter<long>("antaca.partners.late", "{authorisation}", "Of those, the ones that the host may have answered too late, and was told to let go of.");
    private static readonly Counter<long> _standIn = LedgerMeter.Meter.CreateCounter<long>("antaca.partners.stand_in", "{authorisation}", "Of those, the ones that were approved in the host's place.");

    public async Task<Decided> Decide(DecideAuthorisation asked)
    {
        var balance = await database.FindRemote(asked.BalanceId, CancellationToken.None)
            ?? throw new InvalidOperationException("A balance that the partner holds is held here all at once.");
        var reference = RemoteReference.Of(asked.Processor, asked.TransactionId, asked.Type);
        var money = Money.Of(asked.Amount, asked.Currency);
        var rate = await rates.FindFor(money, balance.Currency, CancellationToken.None);
        var word = rate.In(money, balance.Currency) is { } amount
            ? await Word(asked, balance, reference, amount) with { Rate = rate }
            : new RemoteWord(balance, reference, null, 0, 0);

        var decided = await engine.Decide(asked, word);
        for (var attempt = 1; decided.Kind == DecidedKind.Busy && attempt < MaxTries; attempt++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(RestMilliseconds), CancellationToken.None);
            decided = await engine.Decide(asked, word);
        }
        if (decided.Kind == DecidedKind.Busy && word.MayBeHeld)
        {
            await using var work = await Work.Begin(database, CancellationToken.None);
            await work.OweToPartner(RemoteMessage.Undo(balance, reference, null, asked.CardId, null, null, "LEDGER_BUSY", clock.GetUtcNow()));
            await work.Commit();
        }
        return decided;
    }

    private async Task<RemoteWord> Word(DecideAuthorisation asked, RemoteBalance balance, Guid reference, long amount)
    {
        var programme = await programmes.Find(balance.ProgrammeId, CancellationToken.None);
        if (programme?.RemoteUrl is not { } remoteUrl)
        {
            return No(OtherCode, Unavailable, ("host", "none"));
        }
        if (await database.IsUndone(reference, CancellationToken.None))
        {
            return No(OtherCode, Unavailable, ("host", "told to let go of it"));
        }
        var question = JsonSerializer.SerializeToUtf8Bytes(PartnerAuthorization.Of(asked, reference, balance, amount), PartnerJson.Default.PartnerAuthorization);
        var reply = await hosts.Post(remoteUrl, "/authorizations", reference, question, PartnerJson.Default.PartnerDecision);
        if (reply.Answered && reply.Value is null)
        {
            return No(OtherCode, Declined, ("status", reply.Status.ToString(CultureInfo.InvariantCulture)));
        }
        if (reply.Value is not { } said || !IsSense(said))
        {
            return Silence(reply.Sent);
        }
        if (said.Decision == "Declined")
        {
            return (said.Reason == NotSufficient ? No(NotSufficientCode, NotSufficient) : No(OtherCode, Declined, ("reason", Line(said.Reason)))) with { Left = said.Available.Amount };
        }
        return new RemoteWord(balance, reference, null, said.ApprovedAmount?.Amount ?? amount, said.Available.Amount) { MayBeHeld = true };

        RemoteWord Silence(bool sent)
        {
            _silent.Add(1);
            var now = clock.GetUtcNow();
            var since = hosts.SilentSince(remoteUrl) ?? now;
            if (programme is { StandIn: { Mode: StandInMode.Approve, MaxAmount: { } most, MaxMinutes: { } minutes }, Currency: var currency }
                && currency == balance.Currency && amount <= most && now - since < TimeSpan.FromMinutes(minutes))
            {
                _standIn.Add(1);
                return new RemoteWord(balance, reference, null, amount, 0) { StandIn = true, MayBeHeld = sent };
            }
            if (sent)
            {
                _late.Add(1);
            }
            return No(OtherCode, Unavailable, ("silentSince", since.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)), ("standIn", (programme.StandIn?.Mode ?? StandInMode.Decline).ToString())) with { MayBeHeld = sent };
        }

        bool IsSense(PartnerDecision decision) =>
            decision.Decision is "Approved" or "Declined"
            && decision.Available.Currency == balance.Currency
            && (decision.ApprovedAmount is not { } approved || (approved.Currency == balance.Currency && approved.Amount >= 1 && approved.Amount <= amount));

        RemoteWord No(string actionCode, string reason, params (string Name, string Value)[] inputs) =>
            new(balance, reference, new DeclineReason(actionCode, reason, null, inputs.ToDictionary(input => input.Name, input => input.Value)), 0, 0);
    }

    /// <summary>A host's own word, fit to be kept.</summary>
    private static string Line(string? reason) =>
        string.IsNullOrEmpty(reason) ? "none" : string.Concat(reason.Where(letter => !char.IsControl(letter) && !char.IsSurrogate(letter)).Take(MaxReasonLength));
}
