using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Antaca.Contracts.Requests;

namespace Antaca.BalanceService.Holds;

/// <summary>The answer to one authorisation: decided once, and given again to every repeat.</summary>
internal sealed record Authorisation
{
    private const int ApprovalCodes = 1_000_000;

    public required Guid Id { get; init; }

    /// <summary>What was asked, hashed: <see cref="FingerprintOf"/>.</summary>
    public required byte[] Fingerprint { get; init; }

    public required string ActionCode { get; init; }
    public required string Reason { get; init; }
    public string? ApprovalCode { get; init; }

    /// <summary>What the balance has left after the decision, in minor units of <see cref="Currency"/>.</summary>
    public required long Available { get; init; }

    /// <summary>The balance's.</summary>
    public required string Currency { get; init; }

    /// <summary>What is approved, in minor units of <see cref="Currency"/>; 0 in a decline.</summary>
    public required long Amount { get; init; }

    public bool Approved => ActionCode == Decision.ApprovedCode;

    /// <summary>Six digits that nobody can foresee.</summary>
    public static string NewApprovalCode() => RandomNumberGenerator.GetInt32(ApprovalCodes).ToString("D6", CultureInfo.InvariantCulture);

    /// <summary>
    /// What makes two requests under one identity the same. Not the card's word, which may have changed since, and not the
    /// time of transmission, which is another one when a processor repeats itself. No part holds a line feed.
    /// </summary>
    public static byte[] FingerprintOf(DecideAuthorisation asked) => SHA256.HashData(Encoding.UTF8.GetBytes(string.Join(
        '\n',
        asked.PartnerId,
        asked.UserId,
        asked.BalanceId,
        asked.CardId,
        asked.Amount.ToString(CultureInfo.InvariantCulture),
        asked.Currency,
        asked.Merchant.Mid,
        asked.Merchant.Name,
        asked.Merchant.Mcc,
        asked.Merchant.Country,
        asked.EntryChannel)));

    public AuthorisationDecided Answer() => new(Id, Approved, ActionCode, Reason, ApprovalCode, Available, Currency, Amount);
}
