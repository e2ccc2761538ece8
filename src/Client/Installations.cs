using System.Text.Json.Serialization;
using Antaca.Jose;

namespace Antaca.Client;

/// <summary>A person who registers in the app.</summary>
public sealed record Registration
{
    /// <summary>A programme that is open for self-registration.</summary>
    public required Guid ProgramId { get; init; }

    /// <summary>E.164, such as <c>+48600100200</c>.</summary>
    public required string Phone { get; init; }

    public required string Email { get; init; }

    /// <summary>1 to 64 characters.</summary>
    public required string FirstName { get; init; }

    /// <summary>1 to 64 characters.</summary>
    public required string LastName { get; init; }

    public required DateOnly BirthDate { get; init; }

    /// <summary>ISO 3166-1 alpha-2, such as <c>PL</c>.</summary>
    public required string Nationality { get; init; }

    public required Address Address { get; init; }

    /// <summary>How the activation code comes.</summary>
    public CodeDelivery DeliverBy { get; init; } = CodeDelivery.Sms;

    /// <summary>Prints no personal data.</summary>
    public override string ToString() => $"Registration in programme {ProgramId}, code by {DeliverBy}";
}

[JsonConverter(typeof(ByName<CodeDelivery>))]
public enum CodeDelivery
{
    Sms = 1,
    Email = 2,
}

/// <summary>An activation code is on its way; whether to a new user or to one of old is not told.</summary>
/// <param name="Status"><c>CodeSent</c></param>
/// <param name="ExpiresAt">Of the code, UTC.</param>
public sealed record CodeSent(string Status, DateTimeOffset ExpiresAt);

/// <summary>What pairs this device with a user.</summary>
public sealed record Pairing
{
    /// <summary>The user's, E.164.</summary>
    public required string Phone { get; init; }

    /// <summary>Six digits, from the partner or by SMS or e-mail.</summary>
    public required string ActivationCode { get; init; }

    /// <summary>The same for the same device: 1 to 128 characters. Pairing it again ends its former installation.</summary>
    public required string DeviceId { get; init; }

    /// <summary>For people: 1 to 64 characters.</summary>
    public required string DeviceName { get; init; }

    /// <summary>The app's PIN that the user chose: 4 to 12 digits, not all equal.</summary>
    public required string Pin { get; init; }

    /// <summary>Where the phone may be registered in several programmes.</summary>
    public Guid? ProgramId { get; init; }

    /// <summary>The secrets masked.</summary>
    public override string ToString() => $"Pairing of {DeviceId}, code ******, PIN ****";
}

/// <summary>A session that has begun; its token stays in the client.</summary>
/// <param name="ExpiresAt">Its absolute end, UTC; it ends earlier when it is idle, and the client begins another by itself.</param>
public sealed record SessionInfo(Guid InstallationId, DateTimeOffset ExpiresAt);

/// <summary>A device of the user.</summary>
/// <param name="CreatedAt">When it was paired, UTC.</param>
/// <param name="LastUsedAt">UTC.</param>
/// <param name="Current">The device that asks.</param>
public sealed record Device(Guid InstallationId, string DeviceId, string DeviceName, DateTimeOffset CreatedAt, DateTimeOffset LastUsedAt, bool Current);

/// <summary>What users may change of themselves; null leaves as it is.</summary>
public sealed record ProfileChange
{
    public string? Email { get; init; }

    /// <summary>E.164.</summary>
    public string? Phone { get; init; }

    public Address? Address { get; init; }

    /// <summary>Prints no personal data.</summary>
    public override string ToString() => nameof(ProfileChange);
}

internal sealed record NewInstallation(
    string Phone, string ActivationCode, string DeviceId, string DeviceName, Jwk DevicePublicKey, Jwk EncryptionKey, string Pin, Guid? ProgramId)
{
    public override string ToString() => nameof(NewInstallation);
}

internal sealed record NewChallenge(Guid InstallationId);

internal sealed record Challenge([property: JsonPropertyName("challenge")] string Text, DateTimeOffset ExpiresAt)
{
    public override string ToString() => nameof(Challenge);
}

internal sealed record NewSession(Guid InstallationId, string Challenge, string Signature, string? Pin)
{
    public override string ToString() => nameof(NewSession);
}

/// <summary>Of a pairing, a session or an operator's login: each tells its own part.</summary>
internal sealed record BegunSession(string Token, DateTimeOffset ExpiresAt, Guid? InstallationId = null, Operator? Operator = null)
{
    public override string ToString() => nameof(BegunSession);
}

internal sealed record NewApproval(string Action, Guid CardId, string? Pin, string? Challenge, string? Signature)
{
    public override string ToString() => nameof(NewApproval);
}

internal sealed record GivenApproval([property: JsonPropertyName("approval")] string Text, DateTimeOffset ExpiresAt)
{
    public override string ToString() => nameof(GivenApproval);
}
