using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;

namespace Antaca.CardService.Tests;

/// <summary>A card put into the table as it would stand there, so that a test can begin in any state.</summary>
public sealed record CardRow
{
    public Guid Id { get; } = Guid.CreateVersion7();
    public Guid PartnerId { get; init; } = Guid.CreateVersion7();
    public Guid UserId { get; init; } = Guid.CreateVersion7();
    public Guid ProgramId { get; init; } = TestUsers.SandboxProgram;
    public Guid BalanceId { get; init; } = Guid.CreateVersion7();
    public string Type { get; init; } = "Virtual";
    public string Status { get; init; } = "Active";
    public short? LockCode { get; init; }
    public DateOnly Exp { get; init; } = new(2999, 12, 31);

    public Caller Partner => new() { Channel = Channel.Secure, PartnerId = PartnerId, UserId = UserId };

    public Caller User => new() { Channel = Channel.Customers, PartnerId = PartnerId, UserId = UserId, InstallationId = UserId, SessionId = UserId };
}

internal static class CardRows
{
    public static async Task<CardRow> Put(this NpgsqlDataSource cards, CardRow card, DateTimeOffset? claimedUntil = null, DateTimeOffset? createdAt = null)
    {
        await using var insert = cards.CreateCommand(
            """
            insert into cards (id, partner_id, user_id, program_id, balance_id, type, status, masked_card_no, exp, lock_code, lock_source, locked_at,
                activated_at, claimed_until, created_at)
            values ($1, $2, $3, $4, $5, $11, $6, case when $6 <> 'Issuing' then '510510******5100' end, $7, $8,
                case when $8::smallint is not null then 'Partner' end, case when $8::smallint is not null then now() end,
                case when $6 <> 'Issuing' then now() end, $9, coalesce($10, now()))
            """);
        insert.Parameters.AddWithValue(card.Id);
        insert.Parameters.AddWithValue(card.PartnerId);
        insert.Parameters.AddWithValue(card.UserId);
        insert.Parameters.AddWithValue(card.ProgramId);
        insert.Parameters.AddWithValue(card.BalanceId);
        insert.Parameters.AddWithValue(card.Status);
        insert.Parameters.AddWithValue(card.Exp);
        insert.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Smallint, Value = (object?)card.LockCode ?? DBNull.Value });
        insert.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.TimestampTz, Value = (object?)claimedUntil ?? DBNull.Value });
        insert.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.TimestampTz, Value = (object?)createdAt ?? DBNull.Value });
        insert.Parameters.AddWithValue(card.Type);
        await insert.ExecuteNonQueryAsync();
        return card;
    }

    public static async Task<T> One<T>(this NpgsqlDataSource database, string sql, params object[] parameters)
    {
        await using var command = database.CreateCommand(sql);
        foreach (var parameter in parameters)
        {
            command.Parameters.AddWithValue(parameter);
        }
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public static async Task Execute(this NpgsqlDataSource database, string sql, params object[] parameters)
    {
        await using var command = database.CreateCommand(sql);
        foreach (var parameter in parameters)
        {
            command.Parameters.AddWithValue(parameter);
        }
        await command.ExecuteNonQueryAsync();
    }
}
