using System.Buffers;
using System.Diagnostics;
using System.Text;
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
    private const int BatchEvents = 1_000;
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
                    while (await RelayBatch(stoppingToken) > 0)
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
            """
            select position, message_id, message_ids, type, body, traceparent
            from (
                select position, message_id, message_ids, type, body::text as body, traceparent,
                    sum(coalesce(cardinality(message_ids), 1)) over (order by position) as events, row_number() over (order by position) as place
                from outbox
                order by position
                limit @BatchRows
            ) as owed
            where events <= @BatchEvents or place = 1
            order by position
            """,
            new { BatchRows, BatchEvents });
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
        if (owed.MessageId is { } messageId)
        {
            await Publish(owed.Body, messageId);
            return;
        }
        using var bodies = JsonDocument.Parse(owed.Body);
        await Task.WhenAll(bodies.RootElement.EnumerateArray().Zip(owed.MessageIds!).Select(one => Publish(one.First.GetRawText(), one.Second)));

        async Task Publish(string body, Guid id)
        {
            var happened = JsonSerializer.Deserialize(body, type, EventsJson.Default)!;
            await bus.Publish(happened, type, context => context.MessageId = id, cancel);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The outbox waits (try {Failures}): {Kind}: {Reason}")]
    private static partial void RelayWaits(ILogger log, int failures, string kind, string reason);

    private sealed record Owed
    {
        public required long Position { get; init; }

        /// <summary>Of a row that owes one event.</summary>
        public Guid? MessageId { get; init; }

        /// <summary>Of a row that owes several; then the body is an array.</summary>
        public Guid[]? MessageIds { get; init; }

        public required string Type { get; init; }
        public required string Body { get; init; }
        public string? Traceparent { get; init; }
    }
}

/// <summary>For what writes many events at once, in a statement of its own.</summary>
public static class Outbox
{
    /// <summary>What one row of the outbox is to hold that owes all of them: <c>message_ids</c>, <c>type</c> and <c>body</c>.</summary>
    public static (Guid[] Ids, string Type, string Body) Owing<T>(IReadOnlyList<T> happened)
        where T : class, IEvent
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartArray();
            foreach (var one in happened)
            {
                JsonSerializer.Serialize(json, one, typeof(T), EventsJson.Default);
            }
            json.WriteEndArray();
        }
        return ([.. happened.Select(_ => Guid.CreateVersion7())], typeof(T).Name, Encoding.UTF8.GetString(bytes.WrittenSpan));
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
