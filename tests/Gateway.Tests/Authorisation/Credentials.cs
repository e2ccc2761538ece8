using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Antaca.Gateway.Tests.Channels;
using Antaca.Gateway.Tests.Encryption;
using Antaca.Jose;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;

namespace Antaca.Gateway.Tests.Authorisation;

/// <summary>Somebody's user with a balance and a card, and who else there is: what a row of the table is tried with.</summary>
internal sealed record World(TestUser User, Guid BalanceId, Guid CardId);

/// <summary>
/// A suite with every kind of credential there is, good and bad. Sessions are put into the database as pairing and login
/// would leave them, so that each cell can have one of its own.
/// </summary>
public sealed class SuiteWithEveryCaller : Suite
{
    private NpgsqlDataSource _dataCore = null!;

    public SuiteWithEveryCaller()
    {
        // The table is walked from one address, faster than anybody guesses.
        Settings["gateway"] = ["--Limits:GuessesPerSecond=100000", "--Limits:GuessesBurst=100000", "--Limits:AnonymousPerSecond=100000", "--Limits:AnonymousBurst=100000"];
        // The tests are the bureau.
        Settings["cardservice"] = ["--Plastic:SandboxDelaySeconds=3600"];
    }

    internal World Ours { get; private set; } = null!;

    internal World SamePartners { get; private set; } = null!;

    internal World AnotherPartners { get; private set; } = null!;

    /// <summary>An order of plastic of <see cref="Ours"/>.</summary>
    internal Guid OrderId { get; private set; }

    /// <summary>The reload of the balance of <see cref="Ours"/>.</summary>
    internal Guid TransactionId { get; private set; }

    /// <summary>A card of <see cref="Ours"/> that was asked for without waiting.</summary>
    internal Guid RequestId { get; private set; }

    /// <summary>A balance of the own of the partner of <see cref="Ours"/>.</summary>
    internal Guid PartnerBalanceId { get; private set; }

    internal Api AnotherPartner { get; private set; } = null!;

    internal Api ExpiredCertificate { get; private set; } = null!;

    internal Api RevokedCertificate { get; private set; } = null!;

    internal Api Public { get; private set; } = null!;

    internal RsaPublicKey GatewayKey { get; private set; } = null!;

    internal async Task<World> NewWorld(Guid? partnerId = null, Guid? programId = null)
    {
        var user = await this.NewAcceptedUser(partnerId, programId);
        var balance = await this.NewBalance(user, 10_000);
        return new World(user, balance, await this.NewCard(user, balance));
    }

    /// <summary>A live session of the user's app, whose registered key is the tests' own.</summary>
    internal async Task<(Guid InstallationId, Guid SessionId, string Token)> Session(TestUser user, string? state = null)
    {
        var (installation, session, token) = (Guid.CreateVersion7(), Guid.CreateVersion7(), NewToken());
        await using var insert = _dataCore.CreateCommand(
            """
            with installation as (
                insert into installations (id, partner_id, user_id, device_id, device_name, device_key, encryption_key, pin_hash, created_at, used_at)
                values ($1, $2, $3, $1::text, 'Phone', '{}', $4, 'pbkdf2-sha512$1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', $6, $6)
                returning id
            )
            insert into sessions (id, token_hash, partner_id, user_id, installation_id, created_at, expires_at, idle_seconds, used_at, ended_at, ended_reason)
            select $5, $7, $2, $3, id, $6, $8, 300, $9, $10, $11 from installation
            """);
        var now = Clock.GetUtcNow();
        insert.Parameters.AddWithValue(installation);
        insert.Parameters.AddWithValue(user.PartnerId);
        insert.Parameters.AddWithValue(user.UserId);
        insert.Parameters.AddWithValue(SealedCalls.OwnKey.PublicKey.Jwk.ToJson());
        insert.Parameters.AddWithValue(session);
        insert.Parameters.AddWithValue(now.AddMinutes(-20));
        insert.Parameters.AddWithValue(HashOf(token));
        insert.Parameters.AddWithValue(state == "expired" ? now.AddMinutes(-1) : now.AddMinutes(10));
        insert.Parameters.AddWithValue(state == "idle" ? now.AddMinutes(-6) : now);
        insert.Parameters.AddWithValue(state == "revoked" ? now : DBNull.Value);
        insert.Parameters.AddWithValue(state == "revoked" ? "Logout" : DBNull.Value);
        await insert.ExecuteNonQueryAsync();
        return (installation, session, token);
    }

    /// <summary>A live session of a new operator.</summary>
    internal async Task<(Guid OperatorId, string Token)> Operator(Role role, string? state = null)
    {
        var (id, token) = (Guid.CreateVersion7(), NewToken());
        await using var insert = _dataCore.CreateCommand(
            """
            with operator as (
                insert into operators (id, email, name, role, status, password_hash, totp_secret, created_at)
                values ($1, $1::text || '@example.com', 'Somebody', $2, 'Active', 'none', '\x00', $3)
                returning id
            )
            insert into operator_sessions (id, token_hash, operator_id, created_at, expires_at, used_at, ended_at, ended_reason)
            select $1, $4, id, $3, $5, $6, $7, $8 from operator
            """);
        var now = Clock.GetUtcNow();
        insert.Parameters.AddWithValue(id);
        insert.Parameters.AddWithValue(role.ToString());
        insert.Parameters.AddWithValue(now.AddMinutes(-30));
        insert.Parameters.AddWithValue(HashOf(token));
        insert.Parameters.AddWithValue(state == "expired" ? now.AddMinutes(-1) : now.AddHours(1));
        insert.Parameters.AddWithValue(state == "idle" ? now.AddMinutes(-16) : now);
        insert.Parameters.AddWithValue(state == "revoked" ? now : DBNull.Value);
        insert.Parameters.AddWithValue(state == "revoked" ? "Logout" : DBNull.Value);
        await insert.ExecuteNonQueryAsync();
        return (id, token);
    }

    protected override async Task Given()
    {
        _dataCore = Database("datacore");
        Public = OverPublicPort();
        GatewayKey = RsaPublicKey.TryParse((await Public.Get("/customers/public-key")).Must(200)["publicKey"].GetString(), out var key)
            ? key
            : throw new InvalidOperationException("The published key is none.");
        Ours = await NewWorld();
        var address = new { street = "Prosta 1", city = "Warszawa", postalCode = "00-001", country = "PL" };
        var order = await As(Ours.User.Caller, "cardservice").Post("/cards/physical", new { balanceId = Ours.BalanceId, embossName = "ANNA", deliveryAddress = address });
        OrderId = order.Must(202)["orderId"].GetGuid();
        RequestId = (await As(Ours.User.Caller, "cardservice").Post("/cards/virtual/async", new { balanceId = Ours.BalanceId })).Must(202)["requestId"].GetGuid();
        TransactionId = (await As(Ours.User.Caller, "balanceservice").Get($"/balances/{Ours.BalanceId}/transactions")).Must(200)["items"][0].GetProperty("id").GetGuid();
        PartnerBalanceId = (await As(Ours.User.Caller, "balanceservice").Post("/partner-balances", new { kind = "Partner", currency = "PLN" })).Must(201).Id;
        SamePartners = await NewWorld();
        var (partner, program) = await this.NewPartner();
        AnotherPartners = await NewWorld(partner, program);
        AnotherPartner = await WithCertificate(partner);
        var expired = PartnerCertificates.Issue(Certificates.PartnerAuthority, fromMinutes: -50, untilMinutes: -10);
        await this.Register(expired, TestUsers.SandboxPartner);
        ExpiredCertificate = OverPartnerPort(expired);
        RevokedCertificate = await WithCertificate(TestUsers.SandboxPartner, revoked: true);
    }

    private async Task<Api> WithCertificate(Guid partner, bool revoked = false)
    {
        X509Certificate2 certificate = PartnerCertificates.Issue(Certificates.PartnerAuthority);
        await this.Register(certificate, partner);
        if (revoked)
        {
            await this.Revoke(certificate);
        }
        return OverPartnerPort(certificate);
    }

    private static string NewToken() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    private static string HashOf(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
}
