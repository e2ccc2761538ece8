using Antaca.Contracts.Events;
using Antaca.DataCore.Users;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Operators;

/// <summary>Invites somebody to be an operator, in a role no higher than the inviter's own. The invitation goes out by e-mail.</summary>
internal static class InviteOperator
{
    internal sealed record Request(string Email, string Name, Role Role);

    public static RouteHandlerBuilder MapInviteOperator(this IEndpointRouteBuilder operators) =>
        operators.MapPost("/", Handle).Produces<OperatorView>(201)
            .Example(new Request("ewa.zielinska@example.com", "Ewa Zielińska", Role.Employee))
            .Refuses(OperatorProblems.RoleTooHigh(), OperatorProblems.Exists());

    private static async Task<IResult> Handle(
        Request request, Caller caller, Idempotency once, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        if (FaultsOf(request.Email, request.Name) is { Any: true } faults)
        {
            return faults.Problem();
        }
        if (!Operator.MayGive(caller.Role!.Value, request.Role))
        {
            return OperatorProblems.RoleTooHigh();
        }

        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, cancel);
        if (await work.Replay(once, request) is { } earlier)
        {
            return earlier;
        }
        var invited = New(request.Email, request.Name, request.Role, now);
        if (!await work.Add(invited))
        {
            return OperatorProblems.Exists();
        }
        work.Owe(new OperatorInvited(invited.Id, now));
        Work.Audit(subject: invited.AuditName);
        return await work.Answer(once, StatusCodes.Status201Created, OperatorView.Of(invited));
    }

    public static Faults FaultsOf(string email, string name) => new Faults()
        .Unless(UserFields.IsEmail(email), "email", "must be an e-mail address")
        .UnlessLine(name.Trim(), "name", Operator.MaxNameLength);

    public static Operator New(string email, string name, Role role, DateTimeOffset now) => new()
    {
        Id = Guid.CreateVersion7(now),
        Email = email.ToLowerInvariant(),
        Name = name.Trim(),
        Role = role,
        Status = OperatorStatus.Invited,
        CreatedAt = now,
    };
}
