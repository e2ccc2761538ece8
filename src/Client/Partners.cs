using System.Text.Json.Serialization;
using Antaca.Jose;

namespace Antaca.Client;

/// <summary>An institution that issues cards.</summary>
/// <param name="Networks">The networks (CIDR, RFC 4632) it may call from; empty for any.</param>
/// <param name="EncryptionKeyId">RFC 7638 thumbprint of the key that answers must be sealed for; null for any key.</param>
/// <param name="CreatedAt">UTC.</param>
public sealed record Partner(
    Guid Id, string Name, IReadOnlyList<string> Networks, DateTimeOffset CreatedAt, string? ContactEmail = null, string? EncryptionKeyId = null);

/// <param name="Name">1 to 128 characters, unique.</param>
/// <param name="ContactEmail">Whom to warn of certificates that run out.</param>
/// <param name="Networks">CIDR, at most 64; null for any.</param>
public sealed record NewPartner(string Name, string? ContactEmail = null, IReadOnlyList<string>? Networks = null);

/// <summary>What is to change of a partner; null leaves as it is.</summary>
public sealed record PartnerChange(string? Name = null, string? ContactEmail = null, IReadOnlyList<string>? Networks = null);

/// <summary>A client certificate that the suite's partner authority signed.</summary>
/// <param name="PartnerId">The partner under whose name it was signed.</param>
/// <param name="Processor">Of a processor's certificate.</param>
/// <param name="NotBefore">UTC.</param>
/// <param name="NotAfter">UTC.</param>
/// <param name="ExpiresSoon">Within 30 days.</param>
/// <param name="RevokedAt">UTC; null while it is accepted.</param>
/// <param name="CreatedAt">UTC.</param>
public sealed record ClientCertificate(
    string Serial,
    CertificateKind Kind,
    DateTimeOffset NotAfter,
    DateTimeOffset CreatedAt,
    bool ExpiresSoon = false,
    Guid? PartnerId = null,
    string? Processor = null,
    string? Subject = null,
    DateTimeOffset? NotBefore = null,
    DateTimeOffset? RevokedAt = null);

[JsonConverter(typeof(ByName<CertificateKind>))]
public enum CertificateKind
{
    /// <summary>A kind of a later version of the suite.</summary>
    Unknown,
    Partner,
    Processor,
}

/// <summary>A certificate to sign.</summary>
/// <param name="Csr">PKCS #10 (RFC 2986) as PEM.</param>
/// <param name="Kind">A partner's or a processor's.</param>
/// <param name="Processor">With <see cref="CertificateKind.Processor"/>: one of the partner's programmes' processors.</param>
public sealed record NewCertificate(string Csr, CertificateKind Kind, string? Processor = null);

/// <summary>A certificate that was just signed.</summary>
/// <param name="Certificate">PEM.</param>
/// <param name="Chain">PEM of the authority that signed it.</param>
/// <param name="NotAfter">UTC.</param>
public sealed record SignedCertificate(string Certificate, string Chain, string Serial, DateTimeOffset NotAfter);

internal sealed record NewEncryptionKey(Jwk Jwk);

/// <summary>A partner's card programme.</summary>
public sealed record CardProgram
{
    public required Guid Id { get; init; }

    public required Guid PartnerId { get; init; }

    public required string Name { get; init; }

    /// <summary>BIN and account numbers: <c>510510:000000000-999999999</c>.</summary>
    public required string BinRange { get; init; }

    /// <summary>ISO 4217.</summary>
    public required string Currency { get; init; }

    /// <summary>Where the partner that holds its balances itself is asked; null where they are held here.</summary>
    public Uri? RemoteUrl { get; init; }

    public required string Processor { get; init; }

    /// <summary>Virtual cards may be printed later.</summary>
    public required bool DigitalFirst { get; init; }

    public required KycMode KycMode { get; init; }

    /// <summary>A verified user's first balance opens by itself.</summary>
    public required bool AutoBalance { get; init; }

    /// <summary>The longest life of a user's session, minutes.</summary>
    public required int SessionMinutes { get; init; }

    /// <summary>How long a user's session lasts without a call, minutes.</summary>
    public required int IdleMinutes { get; init; }

    /// <summary>People may register in the app.</summary>
    public required bool SelfRegistration { get; init; }

    public required int CardValidityMonths { get; init; }

    /// <summary>How the expiry goes into the CVVs: for ever.</summary>
    public required CvvExpiryOrder CvvExpiryOrder { get; init; }

    /// <summary>IANA name of the zone in which days, weeks and months of spending limits begin.</summary>
    public required string TimeZone { get; init; }

    /// <summary>When the hold of an authorisation falls away by itself.</summary>
    public required int HoldLifetimeDays { get; init; }

    /// <summary>What is answered where the partner's host does not answer; null declines.</summary>
    public StandIn? StandIn { get; init; }

    /// <summary>What every card of the programme may be used for; null for no rule.</summary>
    public SpendControls? Controls { get; init; }

    /// <summary>UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>Who verifies users.</summary>
[JsonConverter(typeof(ByName<KycMode>))]
public enum KycMode
{
    /// <summary>A mode of a later version of the suite.</summary>
    Unknown,
    Manual,
    Automatic,
    Http,
    Partner,
}

/// <summary>The order of year and month in what a CVV is computed from; the schemes' rules and some processors differ.</summary>
[JsonConverter(typeof(ByName<CvvExpiryOrder>))]
public enum CvvExpiryOrder
{
    /// <summary>An order of a later version of the suite.</summary>
    Unknown,
    YYMM,
    MMYY,
}

/// <summary>A programme to create; what is null is the suite's default.</summary>
public sealed record NewCardProgram
{
    public required Guid PartnerId { get; init; }

    /// <summary>1 to 128 characters, unique for the partner.</summary>
    public required string Name { get; init; }

    /// <summary>BIN and account numbers, overlapping no other's: <c>510510:000000000-999999999</c>.</summary>
    public required string BinRange { get; init; }

    /// <summary>ISO 4217.</summary>
    public required string Currency { get; init; }

    /// <summary>1 to 64 of <c>a-z 0-9 -</c>.</summary>
    public required string Processor { get; init; }

    /// <summary>https; null where balances are held here.</summary>
    public Uri? RemoteUrl { get; init; }

    public bool? DigitalFirst { get; init; }

    public KycMode? KycMode { get; init; }

    public bool? AutoBalance { get; init; }

    /// <summary>1 to 60.</summary>
    public int? SessionMinutes { get; init; }

    /// <summary>1 to 60.</summary>
    public int? IdleMinutes { get; init; }

    public bool? SelfRegistration { get; init; }

    /// <summary>1 to 120.</summary>
    public int? CardValidityMonths { get; init; }

    /// <summary>How the expiry goes into the CVVs. It never changes.</summary>
    public CvvExpiryOrder? CvvExpiryOrder { get; init; }

    /// <summary>IANA name of the zone in which days, weeks and months of spending limits begin; null for UTC.</summary>
    public string? TimeZone { get; init; }

    /// <summary>When the hold of an authorisation falls away by itself, 1 to 60.</summary>
    public int? HoldLifetimeDays { get; init; }

    /// <summary>What is answered where the partner's host does not answer; null declines.</summary>
    public StandIn? StandIn { get; init; }

    /// <summary>What every card of the programme may be used for; null for no rule.</summary>
    public SpendControls? Controls { get; init; }
}

/// <summary>What is answered where the partner holds the balances and its host does not answer.</summary>
/// <param name="MaxAmount">With <see cref="StandInMode.Approve"/>: up to this in each authorisation, minor units of the programme's currency.</param>
/// <param name="MaxMinutes">With <see cref="StandInMode.Approve"/>: no longer than this since the silence began, 1 to 1440.</param>
public sealed record StandIn(StandInMode Mode, long? MaxAmount = null, int? MaxMinutes = null);

/// <summary>What is answered for a partner's host that is silent.</summary>
[JsonConverter(typeof(ByName<StandInMode>))]
public enum StandInMode
{
    /// <summary>A mode of a later version of the suite.</summary>
    Unknown,
    Decline,
    Approve,
}

/// <summary>What is to change of a programme; null leaves as it is. Partner, BIN range, currency and processor never change.</summary>
public sealed record CardProgramChange
{
    public string? Name { get; init; }

    public Uri? RemoteUrl { get; init; }

    public bool? DigitalFirst { get; init; }

    public KycMode? KycMode { get; init; }

    public bool? AutoBalance { get; init; }

    /// <summary>1 to 60.</summary>
    public int? SessionMinutes { get; init; }

    /// <summary>1 to 60.</summary>
    public int? IdleMinutes { get; init; }

    public bool? SelfRegistration { get; init; }

    /// <summary>1 to 120.</summary>
    public int? CardValidityMonths { get; init; }

    /// <summary>IANA name of the zone in which days, weeks and months of spending limits begin; null for as it is.</summary>
    public string? TimeZone { get; init; }

    /// <summary>When the hold of an authorisation falls away by itself, 1 to 60.</summary>
    public int? HoldLifetimeDays { get; init; }

    /// <summary>What is answered where the partner's host does not answer, in place of what was said before.</summary>
    public StandIn? StandIn { get; init; }

    /// <summary>What every card of the programme may be used for, in place of all rules before; an empty one for no rule.</summary>
    public SpendControls? Controls { get; init; }
}
