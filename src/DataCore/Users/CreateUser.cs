using System.Text.RegularExpressions;
using Antaca.Contracts.Events;
using Antaca.DataCore.Programmes;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Users;

/// <summary>Registers an end user in one of the partner's programmes. Phone, e-mail and external id are unique there.</summary>
internal static partial class CreateUser
{
    private const int MaxNameLength = 64;
    private const int MaxEmailLength = 254;
    private const int MaxAddressLength = 128;
    private const int MaxExternalIdLength = 128;
    private const int MaxAgeYears = 130;

    internal sealed record Request(
        Guid ProgramId,
        string Phone,
        string Email,
        string FirstName,
        string LastName,
        DateOnly BirthDate,
        string Nationality,
        Address Address,
        string? ExternalId = null);

    public static void MapCreateUser(this IEndpointRouteBuilder users) => users.MapPost("/", Handle).Produces<User>(201).ProducesProblem(409).ProducesProblem(422);

    private static async Task<IResult> Handle(
        Request request, Caller caller, Idempotency once, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        if (FaultsOf(request, DateOnly.FromDateTime(now.UtcDateTime)) is { Any: true } faults)
        {
            return faults.Problem();
        }
        if (caller.PartnerId is not { } partnerId || await database.FindProgramme(request.ProgramId, partnerId, cancel) is null)
        {
            return Problems.Invalid("programId", "is not one of your programmes");
        }

        await using var work = await Work.Begin(database, cancel);
        if (await work.Replay(once, request) is { } earlier)
        {
            return earlier;
        }
        var user = new User
        {
            Id = Guid.CreateVersion7(now),
            ProgramId = request.ProgramId,
            ExternalId = request.ExternalId,
            Phone = request.Phone,
            Email = request.Email.ToLowerInvariant(),
            FirstName = request.FirstName.Trim(),
            LastName = request.LastName.Trim(),
            BirthDate = request.BirthDate,
            Nationality = request.Nationality,
            Address = request.Address,
            Status = UserStatus.Active,
            KycStatus = KycStatus.None,
            CreatedAt = now,
        };
        if (!await work.Add(user, partnerId))
        {
            return UserProblems.Exists();
        }
        work.Owe(new UserRegistered(partnerId, user.Id, user.ProgramId, now));
        return await work.Answer(once, StatusCodes.Status201Created, user);
    }

    private static Faults FaultsOf(Request request, DateOnly today) => new Faults()
        .Unless(Phone().IsMatch(request.Phone), "phone", "must be an E.164 number such as +48221234567")
        .Unless(request.Email.Length <= MaxEmailLength && Email().IsMatch(request.Email), "email", "must be an e-mail address")
        .Unless(IsName(request.FirstName, MaxNameLength), "firstName", $"must have 1 to {MaxNameLength} printable characters")
        .Unless(IsName(request.LastName, MaxNameLength), "lastName", $"must have 1 to {MaxNameLength} printable characters")
        .Unless(request.BirthDate < today && request.BirthDate > today.AddYears(-MaxAgeYears), "birthDate", "must be a day in the past")
        .Unless(Country().IsMatch(request.Nationality), "nationality", "must be an ISO 3166-1 alpha-2 code such as PL")
        .Unless(IsName(request.Address.Street, MaxAddressLength), "address.street", $"must have 1 to {MaxAddressLength} printable characters")
        .Unless(IsName(request.Address.City, MaxAddressLength), "address.city", $"must have 1 to {MaxAddressLength} printable characters")
        .Unless(PostalCode().IsMatch(request.Address.PostalCode), "address.postalCode", "must have 2 to 16 letters, digits, spaces or dashes")
        .Unless(Country().IsMatch(request.Address.Country), "address.country", "must be an ISO 3166-1 alpha-2 code such as PL")
        .Unless(request.ExternalId is null || IsName(request.ExternalId, MaxExternalIdLength), "externalId", $"must have 1 to {MaxExternalIdLength} printable characters");

    private static bool IsName(string text, int max) => !string.IsNullOrWhiteSpace(text) && text.Length <= max && !text.Any(char.IsControl);

    [GeneratedRegex(@"^\+[1-9][0-9]{6,14}\z")]
    private static partial Regex Phone();

    [GeneratedRegex(@"^[^@\s\x00-\x1f]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+\z")]
    private static partial Regex Email();

    [GeneratedRegex(@"^[A-Z]{2}\z")]
    private static partial Regex Country();

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9 -]{1,15}\z")]
    private static partial Regex PostalCode();
}
