using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace Antaca.ServiceDefaults;

/// <summary>
/// Numbered, embedded SQL files (<c>Database/0001_cards.sql</c>), forward only, applied once each under an advisory lock by
/// the login that owns the database. A file that was edited after it landed stops the start. Requests run as a role of
/// their own without DDL rights; a migration grants it what it needs, writing the role as <c>{requests}</c>.
/// </summary>
public static class Migrations
{
    private const long AdvisoryLock = 0x416E74616361; // "Antaca"
    private const int LockTimeoutSeconds = 60;

    /// <summary>Brings the database of <paramref name="connectionString"/> up to date.</summary>
    /// <param name="connectionString">Of the owning login, without <c>SET ROLE</c>.</param>
    /// <param name="requestsRole">The role requests run as; made here where the login may and it is missing.</param>
    /// <param name="service">The assembly that embeds the service's own migrations.</param>
    /// <exception cref="InvalidOperationException">A landed migration was edited, or the role is missing and may not be made.</exception>
    public static async Task Apply(string connectionString, string requestsRole, Assembly service, CancellationToken cancel = default)
    {
        await using var database = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, CommandTimeout = 0 });
        await using var connection = await database.OpenConnectionAsync(cancel);
        await Run(connection, $"set lock_timeout = '{LockTimeoutSeconds}s'; select pg_advisory_lock({AdvisoryLock})", cancel);
        await EnsureRole(connection, requestsRole, cancel);
        await Run(
            connection,
            """
            create table if not exists migrations (
                source     text not null,
                number     int not null,
                name       text not null,
                sha256     text not null,
                applied_at timestamptz not null default now(),
                primary key (source, number)
            )
            """,
            cancel);
        foreach (var assembly in new[] { typeof(Migrations).Assembly, service })
        {
            await Apply(connection, requestsRole, assembly, cancel);
        }
    }

    /// <summary>The migrations an assembly embeds, in order: number, name and text.</summary>
    public static IReadOnlyList<(int Number, string Name, string Sql)> Of(Assembly assembly)
    {
        var files = new List<(int Number, string Name, string Sql)>();
        foreach (var resource in assembly.GetManifestResourceNames().Where(name => name.Contains(".Database.", StringComparison.Ordinal) && name.EndsWith(".sql", StringComparison.Ordinal)))
        {
            var name = resource[(resource.IndexOf(".Database.", StringComparison.Ordinal) + ".Database.".Length)..^".sql".Length];
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!, Encoding.UTF8);
            files.Add((int.Parse(name[..4], CultureInfo.InvariantCulture), name, reader.ReadToEnd()));
        }
        return [.. files.OrderBy(file => file.Number)];
    }

    private static async Task Apply(NpgsqlConnection connection, string requestsRole, Assembly assembly, CancellationToken cancel)
    {
        var source = assembly.GetName().Name!;
        var landed = new Dictionary<int, string>();
        await using (var read = new NpgsqlCommand("select number, sha256 from migrations where source = $1", connection) { Parameters = { new() { Value = source } } })
        await using (var rows = await read.ExecuteReaderAsync(cancel))
        {
            while (await rows.ReadAsync(cancel))
            {
                landed[rows.GetInt32(0)] = rows.GetString(1);
            }
        }

        foreach (var (number, name, sql) in Of(assembly))
        {
            var sha256 = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sql.ReplaceLineEndings("\n"))));
            if (landed.TryGetValue(number, out var before))
            {
                if (before != sha256)
                {
                    throw new InvalidOperationException($"Migration {source}/{name} was edited after it was applied to this database. Add a new migration instead.");
                }
                continue;
            }

            await using var transaction = await connection.BeginTransactionAsync(cancel);
            await Run(connection, sql.Replace("{requests}", Quoted(requestsRole), StringComparison.Ordinal), cancel);
            await using var note = new NpgsqlCommand("insert into migrations (source, number, name, sha256) values ($1, $2, $3, $4)", connection)
            {
                Parameters = { new() { Value = source }, new() { Value = number }, new() { Value = name }, new() { Value = sha256 } },
            };
            await note.ExecuteNonQueryAsync(cancel);
            await transaction.CommitAsync(cancel);
        }
    }

    private static async Task EnsureRole(NpgsqlConnection connection, string role, CancellationToken cancel)
    {
        // Roles belong to the cluster: two databases may be migrated at once, so losing the race to create one is fine.
        await Run(
            connection,
            $"""
            do $do$
            begin
                if not exists (select 1 from pg_roles where rolname = '{role}') then
                    create role {Quoted(role)} nologin;
                end if;
                if not pg_has_role(current_user, '{role}', 'member') then
                    grant {Quoted(role)} to current_user;
                end if;
            exception when duplicate_object or unique_violation then
                null;
            end
            $do$;
            grant usage on schema public to {Quoted(role)};
            """,
            cancel);
    }

    private static string Quoted(string role) =>
        role.All(letter => char.IsAsciiLetterLower(letter) || letter == '_') ? $"\"{role}\"" : throw new ArgumentException("A role's name is lower-case letters and _.", nameof(role));

    private static async Task Run(NpgsqlConnection connection, string sql, CancellationToken cancel)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancel);
    }
}
