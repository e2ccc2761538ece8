using Npgsql;

namespace Antaca.LocalHosting.Tests.Postgres;

internal static class Sql
{
    public static async Task<object?> Ask(string connectionString, string statement)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand(statement);
        return await command.ExecuteScalarAsync();
    }
}
