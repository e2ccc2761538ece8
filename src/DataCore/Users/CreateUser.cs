using Antaca.Contracts.Events;
using Antaca.DataCore.Programmes;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Users;

/// <summary>Registers an end user in one of the partner's programmes. Phone, e-mail and external id are unique there.</summary>
internal static class CreateUser
{
    internal sealed record Request(
        Guid ProgramId,
        string Phone,
        string Email,
        string FirstName,
        string LastName,
        DateOnly BirthDate,
        string Nationality,
        Address Address,
        string? ExternalId = null)
    {
        public UserFields Fields() => new(Phone, Email, FirstName, LastName, BirthDate, Nationality, Address, ExternalId);
    }

    public static void MapCreateUser(this IEndpointRouteBuilder users) =>
        users.MapPost("/", Handle).Produces<User>(201)
            .Example(new Request(ExampleIds.Program, "+48221234568", "jan@example.com", "Jan", "Nowak", new DateOnly(1990, 2, 28), "PL", new Address("Prosta 1", "Warszawa", "00-001", "PL"), "client-4711"))
            .Refuses(UserProblems.Exists());

    private static async Task<IResult> Handle(
        Request request, Caller caller, Idempotency once, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var fields = request.Fields();
        if (fields.FaultsOn(DateOnly.FromDateTime(now.UtcDateTime)) is { Any: true } faults)
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
        var user = User.New(Guid.CreateVersion7(now), partnerId, request.ProgramId, fields, now);
        if (!await work.Add(user))
        {
            return UserProblems.Exists();
        }
        work.Owe(new UserRegistered(partnerId, user.Id, user.ProgramId, now));
        Work.Audit(subject: $"user:{user.Id}");
        return await work.Answer(once, StatusCodes.Status201Created, user.For(caller));
    }
}
