using System.Diagnostics;
using System.Text.Json;
using Antaca.Contracts.Events;
using Dapper;
using Npgsql;
using NpgsqlTypes;

namespace Antaca.ServiceDefaults;

/// <summary>
/// One unit of work: a PostgreSQL transaction together with the events it owes. <see cref="Commit"/> makes both true at
/// once; without it nothing happened. A service's stores are extension methods on it.
/// </summary>
public sealed class Work : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlTransaction _transaction;
    private readonly CancellationToken _cancel;
    private readonly List<(Guid Id, string Type, string Body)> _owed = [];

    private Work(NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancel)
    {
        _connection = connection;
        _transaction = transaction;
        _cancel = cancel;
    }

    /// <summary>Begins a transaction (read committed: a store that decides from a row locks it with FOR UPDATE).</summary>
    public static async Task<Work> Begin(NpgsqlDataSource database, CancellationToken cancel)
    {
        var connection = await database.OpenConnectionAsync(cancel);
        try
        {
            return new Work(connection, await connection.BeginTransactionAsync(cancel), cancel);
        }
        catch (Exception)
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>The one row of the statement, or null when there is none.</summary>
    public Task<T?> One<T>(string sql, object? parameters = null) => _connection.QuerySingleOrDefaultAsync<T>(Command(sql, parameters));

    /// <summary>All rows of the statement. The statement names its limit.</summary>
    public async Task<IReadOnlyList<T>> Many<T>(string sql, object? parameters = null) => (await _connection.QueryAsync<T>(Command(sql, parameters))).AsList();

    /// <summary>Runs a write.</summary>
    /// <returns>The number of rows it changed: 0 when the guard in its WHERE did not hold.</returns>
    public Task<int> Change(string sql, object? parameters = null) => _connection.ExecuteAsync(Command(sql, parameters));

    /// <summary>For statements that Dapper has no words for, such as arrays and batches.</summary>
    public NpgsqlCommand Statement(string sql) => new(sql, _connection, _transaction);

    /// <summary>Owes an event to whoever listens: published after, and only if, this work commits.</summary>
    public void Owe<T>(T happened)
        where T : class, IEvent =>
        _owed.Add((Guid.CreateVersion7(), typeof(T).Name, JsonSerializer.Serialize(happened, typeof(T), EventsJson.Default)));

    /// <summary>
    /// Tells the audit trail more than the route does: who turned out to act (a login), what it is about (a new card, which
    /// no path names), and how it ended where that is not success. Ids and words of ours only, never what was typed.
    /// </summary>
    /// <param name="actor">Such as <c>operator:{id}</c>; null leaves the caller.</param>
    /// <param name="subject">Such as <c>card:{id}</c>; null leaves the last id of the path.</param>
    /// <param name="outcome">Such as <c>WRONG_PIN</c>; null for success.</param>
    /// <param name="userId">Whose thing it turned out to be, where an operator's path does not say; null leaves the caller's.</param>
    /// <param name="partnerId">The same for the partner.</param>
    public static void Audit(string? actor = null, string? subject = null, string? outcome = null, Guid? userId = null, Guid? partnerId = null) =>
        Acting.Current?.Name(actor, subject, outcome, userId, partnerId);

    /// <summary>Makes the changes and the events owed true, in one transaction; with the first of a caller's write goes its audit entry.</summary>
    public async Task Commit()
    {
        if (Acting.Current?.Record() is { } audited)
        {
            Owe(audited);
        }
        if (_owed.Count > 0)
        {
            await WriteOwed();
        }
        await _transaction.CommitAsync(_cancel);
    }

    public async ValueTask DisposeAsync()
    {
        await _transaction.DisposeAsync();
        await _connection.DisposeAsync();
    }

    private CommandDefinition Command(string sql, object? parameters) => new(sql, parameters, _transaction, cancellationToken: _cancel);

    private async Task WriteOwed()
    {
        await using var command = Statement(
            """
            with owed as (
                insert into outbox (message_id, type, body, traceparent)
                select message_id, type, body::json, $4
                from unnest($1, $2, $3) with ordinality as event (message_id, type, body, place)
                order by place
            )
            select pg_notify('outbox', '')
            """);
        command.Parameters.Add(new() { Value = _owed.Select(happened => happened.Id).ToArray() });
        command.Parameters.Add(new() { Value = _owed.Select(happened => happened.Type).ToArray() });
        command.Parameters.Add(new() { Value = _owed.Select(happened => happened.Body).ToArray() });
        command.Parameters.Add(new() { Value = (object?)Activity.Current?.Id ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        await command.ExecuteNonQueryAsync(_cancel);
    }
}

/// <summary>Reads outside any transaction: one statement, one round trip.</summary>
public static class Reading
{
    /// <summary>The one row of the statement, or null when there is none.</summary>
    public static async Task<T?> One<T>(this NpgsqlDataSource database, string sql, object? parameters, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.QuerySingleOrDefaultAsync<T>(new CommandDefinition(sql, parameters, cancellationToken: cancel));
    }

    /// <summary>All rows of the statement. The statement names its limit.</summary>
    public static async Task<IReadOnlyList<T>> Many<T>(this NpgsqlDataSource database, string sql, object? parameters, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return (await connection.QueryAsync<T>(new CommandDefinition(sql, parameters, cancellationToken: cancel))).AsList();
    }
}
