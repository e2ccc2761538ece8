using System.Globalization;
using System.Security.Cryptography;
using Antaca.DataCore.Credentials;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Installations;

/// <summary>
/// Six digits that let a user pair a device: for ten minutes, for five tries, and only the newest. However they are guessed
/// at once, the row of the code is locked before it is judged.
/// </summary>
internal static class ActivationCodes
{
    public const string Purpose = "activation-code";
    public const int Digits = 6;
    public const int LifeMinutes = 10;
    public const int MaxWrong = 5;
    public const int MaxAnHour = 10;

    private const int Codes = 1_000_000;

    public static string New() => RandomNumberGenerator.GetInt32(Codes).ToString("D6", CultureInfo.InvariantCulture);

    public static bool IsCode(string text) => text.Length == Digits && text.All(char.IsAsciiDigit);

    /// <summary>How many codes the user was given since then.</summary>
    public static Task<int> CountCodes(this Work work, Guid userId, DateTimeOffset since) =>
        work.One<int>("select count(*)::int from activation_codes where user_id = @userId and created_at > @since", new { userId, since });

    /// <summary>The new code ends the former.</summary>
    public static async Task ReplaceCode(this Work work, Guid id, Guid userId, string codeHash, DateTimeOffset now)
    {
        await work.EndActivationCodes(userId, now);
        await work.Change(
            """
            insert into activation_codes (id, user_id, code_hash, created_at, expires_at)
            values (@id, @userId, @codeHash, @now, @expiresAt)
            """,
            new { id, userId, codeHash, now, expiresAt = now.AddMinutes(LifeMinutes) });
    }

    public static Task EndActivationCodes(this Work work, Guid userId, DateTimeOffset now) =>
        work.Change("update activation_codes set ended_at = @now where user_id = @userId and ended_at is null", new { userId, now });

    /// <summary>The live codes of these users, held until the work ends: whoever waited for one sees what its judgement left.</summary>
    public static Task<IReadOnlyList<LiveCode>> HoldLiveCodes(this Work work, Guid[] userIds, DateTimeOffset now) =>
        work.Many<LiveCode>(
            """
            select id, user_id, code_hash
            from activation_codes
            where user_id = any(@userIds) and ended_at is null and expires_at > @now and wrong < @MaxWrong
            order by id
            for update
            """,
            new { userIds, now, MaxWrong });

    public static Task CountWrong(this Work work, IReadOnlyList<LiveCode> codes, DateTimeOffset now) =>
        work.Change(
            """
            update activation_codes
            set wrong = wrong + 1, ended_at = case when wrong + 1 >= @MaxWrong then @now end
            where id = any(@ids)
            """,
            new { ids = codes.Select(code => code.Id).ToArray(), now, MaxWrong });

    internal sealed record LiveCode
    {
        public required Guid Id { get; init; }
        public required Guid UserId { get; init; }
        public required string CodeHash { get; init; }

        /// <summary>Never prints the hash.</summary>
        public override string ToString() => $"code {Id}";
    }
}
