using Antaca.Contracts.Events;
using Antaca.DataCore.Installations;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Users;

/// <summary>
/// Registers whoever asks for it in a programme that is open to that, and has a code sent to pair a device with. Where the
/// phone is registered the code goes to that user, as registered; where only the e-mail is, nowhere: the answer is the same.
/// The same again sends another code and changes nothing else, so an <c>Idempotency-Key</c> is of no use here.
/// </summary>
internal static class RegisterSelf
{
    internal enum Delivery
    {
        Sms,
        Email,
    }

    internal sealed record Request(
        Guid ProgramId,
        string Phone,
        string Email,
        string FirstName,
        string LastName,
        DateOnly BirthDate,
        string Nationality,
        Address Address,
        Delivery DeliverBy = Delivery.Sms)
    {
        public UserFields Fields() => new(Phone, Email, FirstName, LastName, BirthDate, Nationality, Address);

        /// <summary>Prints nothing personal.</summary>
        public override string ToString() => $"registration in {ProgramId}";
    }

    /// <param name="Status">Always <c>CodeSent</c>.</param>
    internal sealed record Registered(string Status, DateTimeOffset ExpiresAt);

    public static void MapRegisterSelf(this IEndpointRouteBuilder registrations) =>
        registrations.MapPost("/", Handle).AdmitsAnybody(Channel.Customers).Produces<Registered>(202)
            .Example(new Request(ExampleIds.Program, "+48221234567", "anna@example.com", "Anna", "Nowak", new DateOnly(1990, 2, 28), "PL", new Address("Prosta 1", "Warszawa", "00-001", "PL")))
            .Refuses(Problems.OfStatus(429));

    private static async Task<IResult> Handle(
        Request request, RegistrationLimit limit, HttpResponse response, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var fields = request.Fields();
        if (fields.FaultsOn(DateOnly.FromDateTime(now.UtcDateTime)) is { Any: true } faults)
        {
            return faults.Problem();
        }
        if (await database.FindOpenProgramme(request.ProgramId, cancel) is not { } partnerId)
        {
            return UserProblems.NotOpenForRegistration();
        }
        if (!limit.Permits(request.Phone, out var retryAfter))
        {
            response.Headers.RetryAfter = retryAfter;
            return Problems.OfStatus(StatusCodes.Status429TooManyRequests);
        }

        await using var work = await Work.Begin(database, cancel);
        var user = User.New(Guid.CreateVersion7(now), partnerId, request.ProgramId, fields, now);
        var isNew = await work.Add(user);
        var receiver = isNew ? user.Id : await work.FindUserIdByPhone(request.ProgramId, request.Phone);
        if (isNew)
        {
            work.Owe(new UserRegistered(partnerId, user.Id, request.ProgramId, now));
        }
        if (receiver is { } userId)
        {
            work.Owe(new ActivationCodeRequested(userId, request.DeliverBy.ToString(), now));
        }
        Work.Audit(subject: receiver is null ? null : $"user:{receiver}", outcome: isNew ? null : "USER_EXISTS");
        await work.Commit();
        return TypedResults.Json(new Registered("CodeSent", now.AddMinutes(ActivationCodes.LifeMinutes)), statusCode: StatusCodes.Status202Accepted);
    }
}
