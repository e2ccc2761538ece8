using System.Globalization;
using Antaca.Contracts.Events;
using Antaca.Contracts.Requests;
using Antaca.DataCore.Credentials;
using Antaca.ServiceDefaults;
using MassTransit;
using Npgsql;

namespace Antaca.DataCore.Operators;

/// <summary>
/// Makes the link that was promised and has it sent. The link is nowhere but in the e-mail: events carry ids, the database
/// its hash, from when the carrier has it. A second delivery sends a second e-mail, whose link replaces the first: nothing needs to
/// be remembered.
/// </summary>
internal sealed partial class SendOperatorLink(
    OperatorSettings settings, [FromKeyedServices("notifications")] Peer notifications, NpgsqlDataSource database, TimeProvider clock, ILogger<SendOperatorLink> log)
    : IConsumer<OperatorInvited>, IConsumer<PasswordResetRequested>
{
    public const int LinkMinutes = 60;
    public const int ResetsAnHour = 5;

    public Task Consume(ConsumeContext<OperatorInvited> context) => Send(context.Message.OperatorId, LinkKind.Invitation, context.Message, context.CancellationToken);

    public Task Consume(ConsumeContext<PasswordResetRequested> context) => Send(context.Message.OperatorId, LinkKind.Reset, context.Message, context.CancellationToken);

    private async Task Send(Guid operatorId, LinkKind kind, IEvent promised, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        if (promised.OccurredAt.AddMinutes(LinkMinutes) <= now
            || await database.FindOperator(operatorId, now, cancel) is not { } receiver || !receiver.MayUse(kind)
            || (kind == LinkKind.Reset && await database.CountLinks(operatorId, kind, now.AddHours(-1), cancel) >= ResetsAnHour))
        {
            NotSent(log, kind, operatorId);
            return;
        }

        var link = Token.New();
        var sent = await notifications.Post<SendMessage, MessageSent>("/internal/messages", Message(receiver, kind, link, now), cancel);
        if (!sent.Found)
        {
            Refused(log, kind, operatorId, sent.Status, sent.Code);
            return;
        }

        await using var work = await Work.Begin(database, cancel);
        if (await work.FindForChange(operatorId, now) is { } found && found.MayUse(kind))
        {
            await work.AddLink(link.Hash, operatorId, kind, now, now.AddMinutes(LinkMinutes));
            await work.Commit();
        }
    }

    private SendMessage Message(Operator receiver, LinkKind kind, Token link, DateTimeOffset now) => new(
        Guid.CreateVersion7(now),
        "Email",
        receiver.Email,
        kind == LinkKind.Invitation ? "OperatorInvitation" : "PasswordReset",
        new Dictionary<string, string>
        {
            ["name"] = receiver.Name,
            ["link"] = settings.LinkOf(link.Reveal()),
            ["minutes"] = LinkMinutes.ToString(CultureInfo.InvariantCulture),
        });

    [LoggerMessage(Level = LogLevel.Information, Message = "No {Kind} link goes to operator {OperatorId}: too late, too often, or he is in no state for it")]
    private static partial void NotSent(ILogger log, LinkKind kind, Guid operatorId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No {Kind} link reaches operator {OperatorId}: {Status} {Code}")]
    private static partial void Refused(ILogger log, LinkKind kind, Guid operatorId, int status, string? code);
}
