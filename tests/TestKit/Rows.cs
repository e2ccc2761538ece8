using Npgsql;

namespace Antaca.TestKit;

/// <summary>What the tables hold, for what cannot be seen from outside.</summary>
public static class Rows
{
    /// <param name="values">For <c>$1</c>, <c>$2</c> and so on.</param>
    /// <returns>The first column of the first row; the default for NULL and for no row.</returns>
    public static async Task<T?> Scalar<T>(this NpgsqlDataSource database, string sql, params object[] values)
    {
        await using var command = database.CreateCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }
        return await command.ExecuteScalarAsync() is T found ? found : default;
    }
}
