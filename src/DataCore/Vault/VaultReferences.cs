namespace Antaca.DataCore.Vault;

/// <summary>What a one-time reference stands for.</summary>
public enum SecretKind
{
    CardNo = 1,
    Cvv = 2,
    Pin = 3,
    PinBlock = 4,

    /// <summary>Of the magnetic stripe.</summary>
    Cvv1 = 5,

    /// <summary>Of the chip.</summary>
    Icvv = 6,

    /// <summary>Of the PIN.</summary>
    Pvv = 7,
}

/// <summary>A one-time reference that opened. Single use is the caller's to enforce: keep <see cref="Id"/> until <see cref="ExpiresAt"/>.</summary>
/// <param name="Id">UUIDv7, unique to the reference.</param>
/// <param name="Secret">The value itself.</param>
public sealed record OpenedReference(Guid Id, SecretKind Kind, string Secret, DateTimeOffset ExpiresAt)
{
    /// <summary>Never prints the secret.</summary>
    public override string ToString() => $"{Kind} {Id}: ***";
}
