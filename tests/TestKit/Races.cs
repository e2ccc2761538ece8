using Npgsql;

namespace Antaca.TestKit;

/// <summary>Makes races instead of hoping for them: holds what requests want until all of them wait for it.</summary>
public sealed class Races : IAsyncDisposable
{
    private readonly NpgsqlDataSource _database;
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlTransaction _transaction;

    private Races(NpgsqlDataSource database, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        _database = database;
        _connection = connection;
        _transaction = transaction;
    }

    /// <summary>Takes what <paramref name="lockSql"/> takes (a row FOR UPDATE, a table) and keeps it until <see cref="Release"/>.</summary>
    public static async Task<Races> Hold(NpgsqlDataSource database, string lockSql)
    {
        var connection = await database.OpenConnectionAsync();
        var transaction = await connection.BeginTransactionAsync();
        await using var take = new NpgsqlCommand(lockSql, connection, transaction);
        await take.ExecuteNonQueryAsync();
        return new Races(database, connection, transaction);
    }

    /// <summary>Holds, starts the requests, waits until as many sessions wait for a lock, lets go, and gives the answers.</summary>
    public static async Task<T[]> AtOnce<T>(NpgsqlDataSource database, string lockSql, int waiters, params Func<Task<T>>[] requests)
    {
        await using var held = await Hold(database, lockSql);
        var running = requests.Select(request => Task.Run(request)).ToArray();
        await held.Waiters(waiters);
        await held.Release();
        return await Task.WhenAll(running);
    }

    /// <summary>The same for what takes several requests together when they come together: each is started when the one before it waits.</summary>
    public static async Task<T[]> InTurn<T>(NpgsqlDataSource database, string lockSql, params Func<Task<T>>[] requests)
    {
        await using var held = await Hold(database, lockSql);
        var running = new List<Task<T>>();
        foreach (var request in requests)
        {
            running.Add(Task.Run(request));
            await held.Waiters(running.Count);
        }
        await held.Release();
        return await Task.WhenAll(running);
    }

    /// <summary>Waits until <paramref name="count"/> sessions of this database wait for a lock.</summary>
    public Task Waiters(int count) => Eventually.Holds(
        async () =>
        {
            await using var waiting = _database.CreateCommand("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'");
            return (long)(await waiting.ExecuteScalarAsync())! >= count;
        },
        $"{count} sessions to wait for the lock");

    /// <summary>Lets go of it changed: what waited finds it so.</summary>
    public async Task Commit(string changeSql)
    {
        await using var change = new NpgsqlCommand(changeSql, _connection, _transaction);
        await change.ExecuteNonQueryAsync();
        await _transaction.CommitAsync();
    }

    public Task Release() => _transaction.RollbackAsync();

    public async ValueTask DisposeAsync()
    {
        await _transaction.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
