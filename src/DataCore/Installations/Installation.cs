namespace Antaca.DataCore.Installations;

/// <summary>The app on one device of one user, with what a login needs of the user and the programme.</summary>
internal sealed record Installation
{
    /// <summary>Wrong PINs in a row; the last of them ends the installation.</summary>
    public const int MaxWrongPins = 5;

    public const int MaxActive = 10;
    public const string PinPurpose = "app-pin";

    public required Guid Id { get; init; }
    public required Guid PartnerId { get; init; }
    public required Guid UserId { get; init; }

    /// <summary>The P-256 public key that the device signs with, as a JWK.</summary>
    public required string DeviceKey { get; init; }
    public required string PinHash { get; init; }
    public required int WrongPins { get; init; }
    public required bool UserActive { get; init; }
    public required int SessionMinutes { get; init; }
    public required int IdleMinutes { get; init; }

    public int TriesLeft => MaxWrongPins - WrongPins;

    public static bool IsPin(string text) => text.Length is >= 4 and <= 12 && text.All(char.IsAsciiDigit);

    /// <summary>Never prints the hash.</summary>
    public override string ToString() => $"installation {Id}";
}

/// <summary>A device as its user sees it.</summary>
internal sealed record DeviceView(Guid InstallationId, string DeviceId, string DeviceName, DateTimeOffset CreatedAt, DateTimeOffset LastUsedAt, bool Current);
