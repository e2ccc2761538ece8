using Antaca.TestKit;
using Npgsql;

namespace Antaca.DataCore.Tests.Users;

/// <summary>A paired device with a session, as rows: what these verbs end.</summary>
internal static class Sessions
{
    public static async Task<(Guid Installation, Guid Session)> Begin(NpgsqlDataSource database, TestUser user)
    {
        var (installation, session) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await using var insert = database.CreateCommand(
            """
            with paired as (
                insert into installations (id, partner_id, user_id, device_id, device_name, device_key, encryption_key, pin_hash, created_at, used_at)
                values ($1, $3, $4, $1::text, 'Zoë''s telephone', '{}', '{}', 'hash', now(), now())
            )
            insert into sessions (id, token_hash, partner_id, user_id, installation_id, created_at, expires_at, idle_seconds, used_at)
            values ($2, encode(sha256($2::text::bytea), 'hex'), $3, $4, $1, now(), now() + interval '10 minutes', 300, now())
            """);
        foreach (var id in new[] { installation, session, user.PartnerId, user.UserId })
        {
            insert.Parameters.Add(new NpgsqlParameter { Value = id });
        }
        await insert.ExecuteNonQueryAsync();
        return (installation, session);
    }
}
