using System.ComponentModel.DataAnnotations;
using System.Threading.Channels;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Vault.Rotation;

internal sealed record RotationSettings
{
    /// <summary>Records that are re-encrypted in one transaction, held that long.</summary>
    [Range(1, 1_000)]
    public int BatchRows { get; init; } = 100;

    /// <summary>How often the keys are looked at without having heard of any change.</summary>
    [Range(1, 3_600)]
    public int PollSeconds { get; init; } = 5;
}

/// <summary>
/// Loads the keys that other replicas make, as they make them. While it lives, this replica holds a shared advisory lock of
/// the highest version of the data key that it knows: a version that nobody holds is one that no replica is behind with.
/// </summary>
internal sealed partial class FollowVaultKeys(
    VaultKeys keys, NpgsqlDataSource database, RotationSettings settings, TimeProvider clock, ILogger<FollowVaultKeys> log) : BackgroundService
{
    public const string Channel = "vault_keys";

    /// <summary>The first half of the advisory locks; the second is the version.</summary>
    public const int ReplicaLock = 0x5661756C; // "Vaul"

    private const int RetrySeconds = 1;

    private readonly Channel<bool> _woken = System.Threading.Channels.Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private NpgsqlConnection? _first;
    private int _held;

    /// <summary>Ends when something may have changed.</summary>
    public ValueTask<bool> Woken(CancellationToken cancel) => _woken.Reader.ReadAsync(cancel);

    /// <summary>Nothing is served before the others can see what this replica knows.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (keys.Loaded.IsCompletedSuccessfully)
        {
            _first = await Listen(cancellationToken);
        }
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await keys.Loaded.WaitAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var listener = Interlocked.Exchange(ref _first, null) ?? await Listen(stoppingToken);
                while (true)
                {
                    _woken.Writer.TryWrite(true);
                    await listener.WaitAsync(TimeSpan.FromSeconds(settings.PollSeconds), stoppingToken);
                    await Follow(listener, stoppingToken);
                }
            }
            catch (NpgsqlException fault)
            {
                Deaf(log, fault.Message);
                await Task.Delay(TimeSpan.FromSeconds(RetrySeconds), clock, stoppingToken);
            }
        }
    }

    private async Task<NpgsqlConnection> Listen(CancellationToken cancel)
    {
        var listener = await database.OpenConnectionAsync(cancel);
        try
        {
            await using var listen = new NpgsqlCommand($"listen {Channel}", listener);
            await listen.ExecuteNonQueryAsync(cancel);
            _held = 0;
            await Follow(listener, cancel);
            return listener;
        }
        catch (Exception)
        {
            await listener.DisposeAsync();
            throw;
        }
    }

    /// <summary>Reads once more after taking the lock of a version: a newer one may have come in between.</summary>
    private async Task Follow(NpgsqlConnection listener, CancellationToken cancel)
    {
        while (await keys.Refresh(cancel) is var known && known != _held)
        {
            await using var move = new NpgsqlCommand("select pg_advisory_lock_shared($1, $2), case when $3 > 0 then pg_advisory_unlock_shared($1, $3) end", listener)
            {
                Parameters = { new() { Value = ReplicaLock }, new() { Value = known }, new() { Value = _held } },
            };
            await move.ExecuteNonQueryAsync(cancel);
            _held = known;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Other replicas' keys are not heard of, only read when needed, until the database answers: {Reason}")]
    private static partial void Deaf(ILogger log, string reason);
}
