using System.Globalization;
using Antaca.Contracts.Events;
using Antaca.Contracts.Requests;
using Antaca.DataCore.Credentials;
using Antaca.DataCore.Installations;
using Antaca.ServiceDefaults;
using MassTransit;
using Npgsql;

namespace Antaca.DataCore.Users;

/// <summary>
/// Makes the code that a registration asked for and has it sent to the user as registered. Code and inbox entry are written
/// when the carrier has the message: one that did not go out is tried again with another code, as long as it is of use.
/// </summary>
internal sealed partial class SendActivationCode(
    SlowHash hash, [FromKeyedServices("notifications")] Peer notifications, NpgsqlDataSource database, TimeProvider clock, ILogger<SendActivationCode> log)
    : IConsumer<ActivationCodeRequested>
{
    public async Task Consume(ConsumeContext<ActivationCodeRequested> context)
    {
        var asked = context.Message;
        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, context.CancellationToken);
        if (!await work.FirstTime(context.EventId(), nameof(SendActivationCode), now))
        {
            return;
        }
        var reach = await work.FindReach(asked.UserId);
        if (reach is null || asked.OccurredAt.AddMinutes(ActivationCodes.LifeMinutes) <= now || await work.CountCodes(asked.UserId, now.AddHours(-1)) >= ActivationCodes.MaxAnHour)
        {
            NotSent(log, asked.UserId);
            await work.Commit();
            return;
        }

        var code = ActivationCodes.New();
        await work.ReplaceCode(Guid.CreateVersion7(now), asked.UserId, hash.Hash(ActivationCodes.Purpose, code), now);
        var message = new SendMessage(
            Guid.CreateVersion7(now),
            asked.Carrier,
            asked.Carrier == nameof(RegisterSelf.Delivery.Email) ? reach.Email : reach.Phone,
            "ActivationCode",
            new Dictionary<string, string> { ["code"] = code, ["minutes"] = ActivationCodes.LifeMinutes.ToString(CultureInfo.InvariantCulture) });
        var sent = await notifications.Post<SendMessage, MessageSent>("/internal/messages", message, context.CancellationToken);
        if (!sent.Found)
        {
            Refused(log, asked.UserId, sent.Status, sent.Code);
        }
        await work.Commit();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "No activation code goes to user {UserId}: deleted, too late or too often")]
    private static partial void NotSent(ILogger log, Guid userId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No activation code reaches user {UserId}: {Status} {Code}")]
    private static partial void Refused(ILogger log, Guid userId, int status, string? code);
}
