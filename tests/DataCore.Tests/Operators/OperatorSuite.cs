using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Antaca.DataCore.Tests.Users;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.DataCore.Tests.Operators;

/// <summary>One suite for all the verbs of operators.</summary>
public sealed class OperatorSuite : Suite
{
    public const string Password = "plover-kettle-93-quay";

    /// <summary>Keeps the outbox's relay from carrying anything away: what is owed can be counted. See OutboxRelay.</summary>
    private const string RelayLock = "select pg_advisory_xact_lock(x'4F7574626F78'::bigint)";

    private static int _operators;

    public NpgsqlDataSource Rows { get; private set; } = null!;

    public Api Nobody { get; private set; } = null!;

    public Api OfAdmin { get; private set; } = null!;

    public Api OfManager { get; private set; } = null!;

    protected override Task Given()
    {
        Rows = Database("datacore");
        Nobody = As(new Caller { Channel = Channel.Admin }, "datacore");
        OfAdmin = Of(Role.Admin);
        OfManager = Of(Role.Manager);
        return Task.CompletedTask;
    }

    /// <summary>An operator as the gateway would name him; his row is of no interest.</summary>
    public Api Of(Role role) => Of(Guid.CreateVersion7(), Guid.CreateVersion7(), role);

    public Api Of(Guid operatorId, Guid sessionId, Role role) =>
        As(new Caller { Channel = Channel.Admin, OperatorId = operatorId, SessionId = sessionId, Role = role }, "datacore");

    public static string NewEmail() => $"crew{Interlocked.Increment(ref _operators)}@bank.example";

    public async Task<(Guid Id, string Email)> Invited(Role role = Role.Employee)
    {
        var email = NewEmail();
        return ((await OfAdmin.Post("/operators", new { email, name = "Zoë O'Neill", role = role.ToString() })).Must(201).Id, email);
    }

    /// <summary>Invited, and at work: with the password and the secret of his second factor.</summary>
    public async Task<TestOperator> Active(Role role = Role.Employee)
    {
        var (id, email) = await Invited(role);
        var set = (await Nobody.Post("/operator-password", new { link = await LinkTo(email), password = Password })).Must(200);
        return new TestOperator(id, email, role, Base32(set["totp"].GetProperty("secret").GetString()!));
    }

    /// <summary>The token of the newest link that was e-mailed.</summary>
    public async Task<string> LinkTo(string email, string? afterMessage = null)
    {
        var text = await LastMessageTo(email, afterMessage);
        var link = text.Split('\n').Single(line => line.Contains("https://", StringComparison.Ordinal)).Trim();
        // The e-mail is there a moment before the link works.
        await Eventually.Holds(
            async () => await Rows.Scalar<long>("select count(*) from operator_links where hash = $1", Hash(link.Split('#')[1])) == 1,
            "the link to be known");
        return link.Split('#')[1];
    }

    public Task<Answer> StartSession(string email, string password = Password) => Nobody.Post("/operator-sessions", new { email, password });

    public Task<Answer> Verify(string challenge, string code) => Nobody.Post("/operator-sessions/verify", new { challenge, code });

    public async Task<string> Challenge(TestOperator who) => (await StartSession(who.Email)).Must(200)["challenge"].GetString()!;

    /// <summary>With both factors, in a time step of its own.</summary>
    public async Task<(Guid SessionId, string Token)> LogIn(TestOperator who)
    {
        Clock.Advance(TimeSpan.FromSeconds(30));
        var token = (await Verify(await Challenge(who), Code(who))).Must(201)["token"].GetString()!;
        return (await Rows.Scalar<Guid>("select id from operator_sessions where token_hash = $1", Hash(token)), token);
    }

    /// <summary>RFC 6238, written out: the test's own second opinion.</summary>
    public string Code(TestOperator who, int stepsAhead = 0)
    {
        var counter = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(counter, (Clock.GetUtcNow().ToUnixTimeSeconds() / 30) + stepsAhead);
#pragma warning disable CA5350 // The algorithm of authenticator apps.
        var hash = HMACSHA1.HashData(who.Secret, counter);
#pragma warning restore CA5350
        var number = BinaryPrimitives.ReadInt32BigEndian(hash.AsSpan(hash[^1] & 0xF)) & 0x7FFFFFFF;
        return (number % 1_000_000).ToString("D6", CultureInfo.InvariantCulture);
    }

    /// <summary>Six digits that are no code of now.</summary>
    public string WrongCode(TestOperator who)
    {
        string[] right = [.. Enumerable.Range(-3, 7).Select(step => Code(who, step))];
        return Enumerable.Range(0, 100).Select(number => number.ToString("D6", CultureInfo.InvariantCulture)).First(code => !right.Contains(code));
    }

    public Task<Races> HoldOutbox() => Races.Hold(Rows, RelayLock);

    /// <summary>What is owed about the operator, such as <c>StartOperatorSession LOGIN_FAILED</c> or <c>OperatorSessionEnded Locked</c>. Hold the outbox first.</summary>
    public async Task<string[]> Owed(Guid operatorId)
    {
        await using var owed = Rows.CreateCommand(
            """
            select case when type = 'Audited' then concat_ws(' ', body->>'action', body->>'outcome') else concat_ws(' ', type, body->>'reason') end
            from outbox
            where body->>'operatorId' = $1 or body->>'actor' = 'operator:' || $1 or body->>'subject' = 'operator:' || $1
            order by position
            """);
        owed.Parameters.Add(new() { Value = operatorId.ToString() });
        await using var rows = await owed.ExecuteReaderAsync();
        var lines = new List<string>();
        while (await rows.ReadAsync())
        {
            lines.Add(rows.GetString(0));
        }
        return [.. lines];
    }

    public Task<string?> Status(Guid operatorId) => Rows.Scalar<string>("select status from operators where id = $1", operatorId);

    public Task<int> WrongTries(Guid operatorId) => Rows.Scalar<int>("select wrong_tries from operators where id = $1", operatorId);

    public Task<string?> EndOf(Guid sessionId) => Rows.Scalar<string>("select ended_reason from operator_sessions where id = $1", sessionId);

    public static string Hash(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(token)));

    public static byte[] Base32(string text)
    {
        const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        var bits = string.Concat(text.Select(letter => Convert.ToString(Alphabet.IndexOf(letter, StringComparison.Ordinal), 2).PadLeft(5, '0')));
        return [.. bits.Chunk(8).Where(octet => octet.Length == 8).Select(octet => Convert.ToByte(new string(octet), 2))];
    }
}

public sealed record TestOperator(Guid Id, string Email, Role Role, byte[] Secret);

[CollectionDefinition("operators")]
public sealed class SharesOperatorSuite : ICollectionFixture<OperatorSuite>;
