using System.Text.Json;
using Antaca.Contracts.Events;
using Antaca.ServiceDefaults;

namespace Antaca.Notifications.EventLog;

/// <summary>An event as its partner hears it: the published type and data in the words of the contract.</summary>
internal sealed record PartnerEvent(string Type, JsonElement Data)
{
    /// <exception cref="InvalidOperationException">The event has no published form yet.</exception>
    public static PartnerEvent Of(IPartnerEvent happened) => happened switch
    {
        UserRegistered user => New("user.registered", new { customerId = user.UserId, user.ProgramId }),
        UserLocked user => New("user.locked", new { customerId = user.UserId }),
        UserUnlocked user => New("user.unlocked", new { customerId = user.UserId }),
        UserDeleted user => New("user.deleted", new { customerId = user.UserId }),
        CertificateExpiring certificate => New("certificate.expiring", new { certificate.Serial, certificate.NotAfter }),
        KycAccepted kyc => New("kyc.accepted", new { customerId = kyc.UserId, kyc.ApplicationId }),
        KycRejected kyc => New("kyc.rejected", new { customerId = kyc.UserId, kyc.ApplicationId }),
        BalanceOpened balance => New("balance.opened", new { customerId = balance.UserId, balance.BalanceId, balance.Currency }),
        BalanceReloaded reload => New(
            "balance.reloaded",
            new { customerId = reload.UserId, reload.BalanceId, reload.TransactionId, amount = Money.Of(reload.Amount, reload.Currency) }),
        CardIssued card => New("card.issued", new { customerId = card.UserId, card.CardId, card.BalanceId, card.Type }),
        PhysicalCardOrdered card => New("card.ordered", new { customerId = card.UserId, card.CardId, card.BalanceId, card.OrderId, card.Type }),
        PhysicalCardPersonalised card => New("card.personalised", new { customerId = card.UserId, card.CardId, card.OrderId }),
        PhysicalCardFailed card => New("card.failed", new { customerId = card.UserId, card.CardId, card.OrderId, card.Kind }),
        CardLinked card => New("card.linked", new { customerId = card.UserId, card.CardId, card.BalanceId }),
        CardLocked card => New("card.locked", new { customerId = card.UserId, card.CardId, card.Code }),
        CardUnlocked card => New("card.unlocked", new { customerId = card.UserId, card.CardId, card.Code }),
        CardActivated card => New("card.activated", new { customerId = card.UserId, card.CardId }),
        CardRemoved card => New("card.removed", new { customerId = card.UserId, card.CardId }),
        CardExpired card => New("card.expired", new { customerId = card.UserId, card.CardId }),
        CardRenewed card => New("card.renewed", new { customerId = card.UserId, card.CardId, card.RenewedBy }),
        CardControlsChanged card => New("card.controlsChanged", new { customerId = card.UserId, card.CardId, card.Owner }),
        PinSet card => New("card.pinSet", new { customerId = card.UserId, card.CardId }),
        CvvReset card => New("card.cvvReset", new { customerId = card.UserId, card.CardId }),
        AuthorisationApproved approved => New(
            "transaction.authorized",
            new
            {
                customerId = approved.UserId,
                approved.TransactionId,
                approved.CardId,
                approved.BalanceId,
                amount = Money.Of(approved.Amount, approved.Currency),
            }),
        AuthorisationDeclined declined => New(
            "transaction.declined",
            new
            {
                customerId = declined.UserId,
                declined.TransactionId,
                declined.CardId,
                declined.BalanceId,
                amount = Money.Of(declined.Amount, declined.Currency),
                declined.ActionCode,
                declined.Reason,
            }),
        TransactionReversed reversed => New(
            "transaction.reversed",
            new
            {
                customerId = reversed.UserId,
                reversed.TransactionId,
                reversed.CardId,
                reversed.BalanceId,
                amount = Money.Of(reversed.Amount, reversed.Currency),
                reversed.Reason,
            }),
        TransactionCleared cleared => New(
            "transaction.cleared",
            new
            {
                customerId = cleared.UserId,
                cleared.TransactionId,
                cleared.ClearingId,
                cleared.CardId,
                cleared.BalanceId,
                amount = Money.Of(cleared.Amount, cleared.Currency),
                fromPartner = Money.Of(cleared.FromPartner, cleared.Currency),
            }),
        TransactionRefunded refund => New(
            "transaction.refunded",
            new { customerId = refund.UserId, refund.TransactionId, refund.CardId, refund.BalanceId, amount = Money.Of(refund.Amount, refund.Currency) }),
        BalanceAdjusted adjusted => New(
            "balance.adjusted",
            new { customerId = adjusted.UserId, adjusted.BalanceId, adjusted.TransactionId, amount = Money.Of(adjusted.Amount, adjusted.Currency) }),
        BalanceStateChanged balance => New("balance.stateChanged", new { customerId = balance.UserId, balance.BalanceId, balance.State }),
        PartnerBalanceLow low => New(
            "partnerBalance.low",
            new { low.BalanceId, low.Kind, available = Money.Of(low.Available, low.Currency), threshold = Money.Of(low.Threshold, low.Currency) }),
        _ => throw new InvalidOperationException($"{happened.GetType().Name} has no published form."),
    };

    private static PartnerEvent New<T>(string type, T data) => new(type, JsonSerializer.SerializeToElement(data, JsonSerializerOptions.Web));
}
