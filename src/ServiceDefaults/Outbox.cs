using System.Diagnostics;
using System.Text.Json;
using Antaca.Contracts.Events;
using Dapper;
using MassTransit;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Antaca.ServiceDefaults;

/// <summary>
/// Carries owed events from the outbox table to the broker, in the order they were owed: wakes on NOTIFY, publishes with
/// confirms, deletes what was confirmed. One relay at a time works for each database (an advisory lock), so replicas keep
/// the order. While the broker is down the rows wait.
/// </summary>
internal sealed partial class OutboxRelay(NpgsqlDataSource database, IBus bus, TimeProvider clock, ILogger<OutboxRelay> log) : BackgroundService
{
    private const int BatchRows = 200;
    private const int PollSeconds = 5;
    private const int PublishTimeoutSeconds = 10;
    private const int MaxBackOffSeconds = 5;
    private const long RelayLock = 0x4F7574626F78; // "Outbox"
    private const string ActivityName = "relay event";

    private static readonly ActivitySource _activities = new("Antaca.Outbox");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var failures = 0;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var listener = await database.OpenConnectionAsync(stoppingToken);
                await using (var listen = new NpgsqlCommand("listen outbox", listener))
                {
                    await listen.ExecuteNonQueryAsync(stoppingToken);
                }
                while (true)
                {
                    while (await RelayBatch(stoppingToken) == BatchRows)
                    {
                    }
                    failures = 0;
                    await listener.WaitAsync(TimeSpan.FromSeconds(PollSeconds), stoppingToken);
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault) when (fault is not OutOfMemoryException)
            {
                // The broker or the database is away: everything owed is still in the table.
                failures++;
                if (failures is 1 or 10 || failures % 100 == 0)
                {
                    RelayWaits(log, failures, fault.GetType().Name, fault.Message);
                }
                await Task.Delay(TimeSpan.FromSeconds(Math.Min(failures, MaxBackOffSeconds)), clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task<int> RelayBatch(CancellationToken cancel)
    {
        await using var work = await Work.Begin(database, cancel);
        if (!await work.One<bool>("select pg_try_advisory_xact_lock(@RelayLock)", new { RelayLock }))
        {
            return 0;
        }
        var owed = await work.Many<Owed>(
            "select position, message_id, type, body::text as body, traceparent from outbox order by position limit @BatchRows",
            new { BatchRows });
        if (owed.Count == 0)
        {
            return 0;
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(TimeSpan.FromSeconds(PublishTimeoutSeconds));
        await Task.WhenAll(owed.Select(happened => Publish(happened, deadline.Token)));
        await work.Change("delete from outbox where position = any(@positions)", new { positions = owed.Select(happened => happened.Position).ToArray() });
        await work.Commit();
        return owed.Count;
    }

    private async Task Publish(Owed owed, CancellationToken cancel)
    {
        using var activity = _activities.StartActivity(ActivityName, ActivityKind.Producer, owed.Traceparent);
        var type = EventTypes.Of(owed.Type);
        var happened = JsonSerializer.Deserialize(owed.Body, type, EventsJson.Default)!;
        await bus.Publish(happened, type, context => context.MessageId = owed.MessageId, cancel);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The outbox waits (try {Failures}): {Kind}: {Reason}")]
    private static partial void RelayWaits(ILogger log, int failures, string kind, string reason);

    private sealed record Owed
    {
        public required long Position { get; init; }
        public required Guid MessageId { get; init; }
        public required string Type { get; init; }
        public required string Body { get; init; }
        public string? Traceparent { get; init; }
    }
}

/// <summary>Forgets inbox rows and kept answers that are older than promised.</summary>
internal sealed partial class Housekeeping(NpgsqlDataSource database, TimeProvider clock, ILogger<Housekeeping> log) : BackgroundService
{
    private const int EveryMinutes = 60;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMinutes(EveryMinutes), clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                var now = clock.GetUtcNow();
                await using var connection = await database.OpenConnectionAsync(stoppingToken);
                await connection.ExecuteAsync(new CommandDefinition(
                    """
                    delete from inbox where received_at < @inboxBefore;
                    delete from idempotency_keys where created_at < @answersBefore;
                    """,
                    new { inboxBefore = now.AddDays(-Inbox.KeptDays), answersBefore = now.AddHours(-Idempotency.KeptHours) },
                    cancellationToken: stoppingToken));
            }
            catch (NpgsqlException fault)
            {
                HousekeepingFailed(log, fault.Message);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Housekeeping failed and is tried again in an hour: {Reason}")]
    private static partial void HousekeepingFailed(ILogger log, string reason);
}

/// <summary>The events of the contract by their stable names.</summary>
internal static class EventTypes
{
    private static readonly Dictionary<string, Type> _byName = typeof(IEvent).Assembly.GetTypes()
        .Where(type => type.IsAssignableTo(typeof(IEvent)) && !type.IsInterface)
        .ToDictionary(type => type.Name, StringComparer.Ordinal);

    public static Type Of(string name) => _byName.TryGetValue(name, out var type) ? type : throw new InvalidOperationException($"The contract has no event {name}.");
}
