using Antaca.DataCore.Users;
using Antaca.Jose;
using Antaca.ServiceDefaults;

namespace Antaca.DataCore.Partners;

/// <summary>An institution whose programmes run here.</summary>
internal sealed record Partner
{
    public const int MaxNameLength = 128;
    public const int MaxNetworks = 64;

    public required Guid Id { get; init; }
    public required string Name { get; init; }

    /// <summary>Who is told when a certificate ends soon.</summary>
    public string? ContactEmail { get; init; }

    /// <summary>The networks (CIDR) that the partner's servers call from; none for any.</summary>
    public string[] Networks { get; init; } = [];

    /// <summary>A public RSA JWK: the only key that answers are sealed for; null for any.</summary>
    public string? EncryptionKey { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Notes what is wrong with the fields that are given; null is not given.</summary>
    public static Faults FaultsOf(string? name, string? contactEmail, IReadOnlyList<string>? networks)
    {
        var faults = new Faults();
        if (name is not null)
        {
            faults.UnlessLine(name.Trim(), "name", MaxNameLength);
        }
        if (contactEmail is not null)
        {
            faults.Unless(UserFields.IsEmail(contactEmail), "contactEmail", "must be an e-mail address");
        }
        if (networks is not null)
        {
            var known = networks.Select(PartnerNetwork.Canonical).OfType<string>().ToArray();
            faults.Unless(networks.Count <= MaxNetworks, "networks", $"must be at most {MaxNetworks}")
                .Unless(known.Length == networks.Count, "networks", "must be networks in CIDR form such as 203.0.113.0/24 or 2001:db8::/32, their host bits zero, and none of them IPv4 written as IPv6")
                .Unless(known.Distinct().Count() == known.Length, "networks", "must name each network once");
        }
        return faults;
    }
}

/// <summary>A partner on the wire.</summary>
/// <param name="EncryptionKeyId">The registered key's thumbprint (RFC 7638); null where none is registered.</param>
internal sealed record PartnerView(Guid Id, string Name, string? ContactEmail, IReadOnlyList<string> Networks, string? EncryptionKeyId, DateTimeOffset CreatedAt)
{
    public static PartnerView Of(Partner partner) => new(
        partner.Id,
        partner.Name,
        partner.ContactEmail,
        partner.Networks,
        partner.EncryptionKey is not null && Jwk.TryParse(partner.EncryptionKey, out var key) ? key.Thumbprint : null,
        partner.CreatedAt);
}
