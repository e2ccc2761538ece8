using Antaca.ServiceDefaults;

namespace Antaca.DataCore.Operators;

/// <summary>Somebody who works with the administration panel, and the rules about him.</summary>
internal sealed record Operator
{
    /// <summary>Wrong passwords and codes together; the last of them locks.</summary>
    public const int MaxTries = 5;

    public const int MaxEmailLength = 254;
    public const int MaxNameLength = 128;

    public required Guid Id { get; init; }
    public required string Email { get; init; }
    public required string Name { get; init; }
    public required Role Role { get; init; }
    public required OperatorStatus Status { get; init; }

    /// <summary>Of a lock that wrong tries brought: it ends by itself. An Admin's lock ends when an Admin ends it.</summary>
    public DateTimeOffset? LockedUntil { get; init; }

    public string? PasswordHash { get; init; }

    /// <summary>Sealed by the vault.</summary>
    public byte[]? TotpSecret { get; init; }

    /// <summary>The last time step whose code was accepted: no code works twice.</summary>
    public long TotpStep { get; init; }

    public int WrongTries { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>How the audit trail names him.</summary>
    public string AuditName => $"operator:{Id}";

    /// <summary>Only an Active operator has both factors, and may use them.</summary>
    public bool MayLogIn => Status == OperatorStatus.Active;

    public bool IsActiveAdmin => Role == Role.Admin && Status == OperatorStatus.Active;

    /// <summary>Nobody gives a role above his own, nor the credentials of one.</summary>
    public static bool MayGive(Role own, Role given) => given <= own;

    /// <summary>An invitation is for whoever has no credentials yet, or has lost them; a reset for whoever has both and forgot one.</summary>
    public bool MayUse(LinkKind link) => Status == OperatorStatus.Active || (Status == OperatorStatus.Invited && link == LinkKind.Invitation);

    /// <summary>The operator as of now: a lock-out that has run its time is over.</summary>
    public Operator At(DateTimeOffset now) => LockedUntil <= now ? Unlocked() : this;

    /// <summary>One wrong password or code more. The last locks until the next midnight UTC.</summary>
    public Operator WithWrongTry(DateTimeOffset now) => WrongTries + 1 < MaxTries
        ? this with { WrongTries = WrongTries + 1 }
        : this with { WrongTries = MaxTries, Status = OperatorStatus.Locked, LockedUntil = new DateTimeOffset(now.UtcDateTime.Date.AddDays(1), TimeSpan.Zero) };

    /// <summary>After both factors were right. The password alone forgives nothing: whoever has only that would guess codes for ever.</summary>
    public Operator LoggedIn(long totpStep) => this with { WrongTries = 0, TotpStep = totpStep };

    public Operator Locked() => this with { Status = OperatorStatus.Locked, LockedUntil = null };

    public Operator Unlocked() => this with
    {
        Status = PasswordHash is null ? OperatorStatus.Invited : OperatorStatus.Active,
        LockedUntil = null,
        WrongTries = 0,
    };

    /// <summary>After an invitation: both factors are new.</summary>
    public Operator WithFactors(string passwordHash, byte[] totpSecret) => this with
    {
        Status = OperatorStatus.Active,
        PasswordHash = passwordHash,
        TotpSecret = totpSecret,
        TotpStep = 0,
        WrongTries = 0,
    };

    /// <summary>Never prints the hash or the secret.</summary>
    public override string ToString() => AuditName;
}

internal enum OperatorStatus
{
    /// <summary>Has no credentials yet.</summary>
    Invited,
    Active,
    Locked,
}

/// <summary>What the link in an e-mail is for.</summary>
internal enum LinkKind
{
    Invitation,
    Reset,
}

/// <summary>An operator on the wire.</summary>
internal sealed record OperatorView(Guid Id, string Email, string Name, Role Role, OperatorStatus Status, DateTimeOffset? LockedUntil, DateTimeOffset CreatedAt)
{
    public static OperatorView Of(Operator shown) => new(shown.Id, shown.Email, shown.Name, shown.Role, shown.Status, shown.LockedUntil, shown.CreatedAt);
}
