using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.Notifications.Messages;

/// <summary>
/// Hands a message to a person over to its carrier and answers when the carrier has it. The same id again, at once too, is
/// not sent twice; one that was not taken may be sent again.
/// </summary>
internal static partial class HandMessageOver
{
    private const int DeadlineSeconds = 25;

    public static void MapHandMessageOver(this IEndpointRouteBuilder messages) => messages.MapPost("/", Handle);

    private static async Task<Results<Ok<MessageSent>, ProblemHttpResult>> Handle(
        SendMessage request, Carriers carriers, NpgsqlDataSource database, TimeProvider clock, ILogger<Carriers> log)
    {
        if (!Enum.TryParse<Carrier>(request.Carrier, out var carrier) || carrier.ToString() != request.Carrier)
        {
            return MessageProblems.UnknownCarrier();
        }
        if (!Address.TryRead(carrier, request.To, out var to))
        {
            return MessageProblems.NoAddress(carrier);
        }
        if (!MessageTemplates.TryFill(request.Template, request.Values, out var text, out var faults))
        {
            return faults.Problem();
        }

        // Not the request's own token: a neighbour that gives up waiting asks again, and finds the row held until it is known how this ended.
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(DeadlineSeconds), clock);
        await using var work = await Work.Begin(database, deadline.Token);
        if (!await work.TakeUp(request.Id, carrier, request.Template, to.Masked, clock.GetUtcNow()))
        {
            return TypedResults.Ok(new MessageSent(request.Id));
        }
        var (outcome, reason) = await carriers.HandOver(new Message(request.Id, carrier, to, request.Template, text), deadline.Token);
        await work.SaveOutcome(request.Id, outcome, clock.GetUtcNow());
        await work.Commit();
        HandedOver(log, request.Id, request.Template, carrier, outcome, reason);
        return outcome switch
        {
            Outcome.Sent => TypedResults.Ok(new MessageSent(request.Id)),
            Outcome.Refused => MessageProblems.Refused(),
            _ => MessageProblems.CarrierAway(carrier),
        };
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Message {Id}, {Template} by {Carrier}: {Outcome} {Reason}")]
    private static partial void HandedOver(ILogger log, Guid id, string template, Carrier carrier, Outcome outcome, string reason);
}
