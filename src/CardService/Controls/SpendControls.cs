using Antaca.CardService.Authorisations;
using Antaca.Contracts.Requests;
using EntryChannel = Antaca.CardService.Authorisations.AuthoriseTransaction.EntryChannel;

namespace Antaca.CardService.Controls;

/// <summary>What a card may be used for: the rules of its user, of its issuer and of its programme, which hold all at once.</summary>
internal sealed record SpendControls(SpendRules? User, SpendRules? Issuer, SpendRules? Programme)
{
    private const string OfUser = "card.user";
    private const string OfIssuer = "card.issuer";
    private const string OfProgramme = "programme";

    /// <summary>Why the card is not for this channel or merchant, or null. What needs the card's past is in <see cref="Limits()"/>.</summary>
    public DeclineReason? Objection(EntryChannel channel, MerchantFacts merchant) =>
        Objection(OfUser, User, channel, merchant) ?? Objection(OfIssuer, Issuer, channel, merchant) ?? Objection(OfProgramme, Programme, channel, merchant);

    /// <summary>What BalanceService, which knows the past, has to hold the card to: at most 30.</summary>
    public IReadOnlyList<SpendLimit> Limits() => [.. Limits(OfUser, User), .. Limits(OfIssuer, Issuer), .. Limits(OfProgramme, Programme)];

    private static DeclineReason? Objection(string owner, SpendRules? rules, EntryChannel channel, MerchantFacts merchant) => rules switch
    {
        { Channels: { } on } when !IsOn(on, channel) => No("CHANNEL_OFF", $"{owner}.channels", "channel", channel.ToString()),
        { Mcc.Deny: { } denied } when denied.Contains(merchant.Mcc) => No("MCC_NOT_ALLOWED", $"{owner}.mcc.deny", "mcc", merchant.Mcc),
        { Mcc.Allow: { } allowed } when !allowed.Contains(merchant.Mcc) => No("MCC_NOT_ALLOWED", $"{owner}.mcc.allow", "mcc", merchant.Mcc),
        { Countries.Deny: { } denied } when denied.Contains(merchant.Country) => No("COUNTRY_NOT_ALLOWED", $"{owner}.countries.deny", "country", merchant.Country),
        { Countries.Allow: { } allowed } when !allowed.Contains(merchant.Country) => No("COUNTRY_NOT_ALLOWED", $"{owner}.countries.allow", "country", merchant.Country),
        { Merchants.Allow: { } allowed } when !allowed.Contains(merchant.Mid) => No("MERCHANT_NOT_ALLOWED", $"{owner}.merchants.allow", "mid", merchant.Mid),
        _ => null,
    };

    private static bool IsOn(ChannelRule on, EntryChannel channel) => channel switch
    {
        EntryChannel.Pos => on.Pos,
        EntryChannel.Contactless => on.Contactless,
        EntryChannel.Atm => on.Atm,
        EntryChannel.Ecommerce => on.Ecommerce,
        _ => throw new ArgumentOutOfRangeException(nameof(channel)),
    };

    private static DeclineReason No(string reason, string rule, string input, string value) =>
        new(ActionCodes.Other, reason, rule, new Dictionary<string, string> { [input] = value });

    private static IEnumerable<SpendLimit> Limits(string owner, SpendRules? rules) =>
        (rules?.Limits ?? []).Select(limit => new SpendLimit(
            $"{owner}.{(limit.Uses is null ? "amount" : "uses")}.{limit.Window.ToString().ToLowerInvariant()}", limit.Window.ToString(), limit.Amount, limit.Uses));
}
