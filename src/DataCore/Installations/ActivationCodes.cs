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

    /// <summary>The live codes of whoever has this phone, held until the work ends. Several programmes may know one phone.</summary>
    public static Task<IReadOnlyList<LiveCode>> HoldLiveCodes(this Work work, string phone, Guid? programId, DateTimeOffset now) =>
        work.Many<LiveCode>(
            """
            select c.id, c.user_id, c.code_hash, c.wrong
            from activation_codes c
            join users u on u.id = c.user_id
            where u.phone = @phone and u.status <> 'Deleted' and (@programId::uuid is null or u.programme_id = @programId)
                and c.ended_at is null and c.expires_at > @now and c.wrong < @MaxWrong
            order by c.id
            limit @MostProgrammes
            for update of c
            """,
            new { phone, programId, now, MaxWrong, MostProgrammes });

    public static Task CountWrong(this Work work, IReadOnlyList<LiveCode> codes, DateTimeOffset now) =>
        work.Change(
            """
            update activation_codes
            set wrong = wrong + 1, ended_at = case when wrong + 1 >= @MaxWrong then @now end
            where id = any(@ids)
            """,
            new { ids = codes.Select(code => code.Id).ToArray(), now, MaxWrong });

    /// <summary>One phone in more programmes than this is judged in the oldest of them.</summary>
    private const int MostProgrammes = 8;

    internal sealed record LiveCode
    {
        public required Guid Id { get; init; }
        public required Guid UserId { get; init; }
        public required string CodeHash { get; init; }
        public required int Wrong { get; init; }

        /// <summary>Never prints the hash.</summary>
        public override string ToString() => $"code {Id}";
    }
}
