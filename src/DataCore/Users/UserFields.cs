using System.Text.RegularExpressions;
using Antaca.ServiceDefaults;

namespace Antaca.DataCore.Users;

/// <summary>What callers may say of a user, and the rules it follows. A field that is not there is left as it is.</summary>
internal sealed partial record UserFields(
    string? Phone = null,
    string? Email = null,
    string? FirstName = null,
    string? LastName = null,
    DateOnly? BirthDate = null,
    string? Nationality = null,
    Address? Address = null,
    string? ExternalId = null)
{
    private const int MaxNameLength = 64;
    private const int MaxAddressLength = 128;
    private const int MaxExternalIdLength = 128;
    private const int MaxAgeYears = 130;

    public static bool IsPhone(string text) => E164().IsMatch(text);

    public static bool IsEmail(string text) => EmailAddress.Is(text);

    /// <summary>The form that is stored and compared.</summary>
    public static string? Normal(string? email) => email?.ToLowerInvariant();

    public Faults FaultsOn(DateOnly today) => new Faults()
        .Unless(Phone is null || IsPhone(Phone), "phone", "must be an E.164 number such as +48221234567")
        .Unless(Email is null || IsEmail(Email), "email", "must be an e-mail address")
        .Unless(IsName(FirstName, MaxNameLength), "firstName", $"must have 1 to {MaxNameLength} printable characters")
        .Unless(IsName(LastName, MaxNameLength), "lastName", $"must have 1 to {MaxNameLength} printable characters")
        .Unless(BirthDate is null || (BirthDate < today && BirthDate > today.AddYears(-MaxAgeYears)), "birthDate", "must be a day in the past")
        .Unless(Nationality is null || Country().IsMatch(Nationality), "nationality", "must be an ISO 3166-1 alpha-2 code such as PL")
        .Unless(IsName(Address?.Street, MaxAddressLength), "address.street", $"must have 1 to {MaxAddressLength} printable characters")
        .Unless(IsName(Address?.City, MaxAddressLength), "address.city", $"must have 1 to {MaxAddressLength} printable characters")
        .Unless(Address is null || PostalCode().IsMatch(Address.PostalCode), "address.postalCode", "must have 2 to 16 letters, digits, spaces or dashes")
        .Unless(Address is null || Country().IsMatch(Address.Country), "address.country", "must be an ISO 3166-1 alpha-2 code such as PL")
        .Unless(IsName(ExternalId, MaxExternalIdLength), "externalId", $"must have 1 to {MaxExternalIdLength} printable characters");

    public User On(User user) => user with
    {
        Phone = Phone ?? user.Phone,
        Email = Normal(Email) ?? user.Email,
        FirstName = FirstName?.Trim() ?? user.FirstName,
        LastName = LastName?.Trim() ?? user.LastName,
        BirthDate = BirthDate ?? user.BirthDate,
        Nationality = Nationality ?? user.Nationality,
        Address = Address ?? user.Address,
        ExternalId = ExternalId ?? user.ExternalId,
    };

    /// <summary>Prints nothing personal.</summary>
    public override string ToString() => "***";

    private static bool IsName(string? text, int max) => text is null || (!string.IsNullOrWhiteSpace(text) && text.Length <= max && !text.Any(char.IsControl));

    [GeneratedRegex(@"^\+[1-9][0-9]{6,14}\z")]
    private static partial Regex E164();

    [GeneratedRegex(@"^[A-Z]{2}\z")]
    private static partial Regex Country();

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9 -]{1,15}\z")]
    private static partial Regex PostalCode();
}
