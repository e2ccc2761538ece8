using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Antaca.Gateway.Tests.Authorisation;
using Antaca.Gateway.Tests.Encryption;
using Antaca.Jose;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Npgsql;
using Xunit;

namespace Antaca.Gateway.Tests.Channels;

/// <summary>Where a key is registered, nothing is sealed for another.</summary>
public sealed class RegisteredKeyTests(SuiteWithEveryCaller suite) : IClassFixture<SuiteWithEveryCaller>
{
    private static readonly RsaPrivateKey _first = RsaPrivateKey.Create();
    private static readonly RsaPrivateKey _second = RsaPrivateKey.Create();

    [Fact]
    public async Task A_partners_registered_key_is_its_only_one_from_the_next_request_on()
    {
        var (id, program) = await suite.NewPartner();
        using var certificate = PartnerCertificates.Issue(suite.Certificates.PartnerAuthority);
        await suite.Register(certificate, id);
        var partner = suite.OverPartnerPort(certificate);
        var world = await suite.NewWorld(id, program);
        var card = $"/secure/customers/{world.User.UserId}/cards/{world.CardId}";
        Opens(_first, await Get(partner, card, _first));
        Opens(_second, await Get(partner, card, _second));

        Assert.Equal(_first.PublicKey.Kid, (await Register(id, _first)).Must(200)["encryptionKeyId"].GetString());
        (await Get(partner, card, _second)).MustRefuse(400, "INVALID_PUBLIC_KEY");
        (await Get(partner, "/secure/programs", _second)).MustRefuse(400, "INVALID_PUBLIC_KEY");
        var answer = await Get(partner, card, _first);
        Opens(_first, answer);
        Assert.IsNotType<JweResult.Opened>(Jwe.Open(answer.Payload(), _second));
        // What needs no encryption may still be asked for without, and nobody else is bound.
        (await partner.Get("/secure/programs")).Must(200);
        (await Get(suite.AnotherPartner, "/secure/programs", _second)).Must(200);

        (await Register(id, _second)).Must(200);
        (await Get(partner, card, _first)).MustRefuse(400, "INVALID_PUBLIC_KEY");
        Opens(_second, await Get(partner, card, _second));

        (await Admin(HttpMethod.Delete, id, content: null)).Must(200);
        Opens(_first, await Get(partner, card, _first));
        Opens(_second, await Get(partner, card, _second));
    }

    [Fact]
    public async Task A_card_is_not_issued_for_another_key_than_the_registered()
    {
        var (id, program) = await suite.NewPartner();
        using var certificate = PartnerCertificates.Issue(suite.Certificates.PartnerAuthority);
        await suite.Register(certificate, id);
        var partner = suite.OverPartnerPort(certificate);
        var world = await suite.NewWorld(id, program);
        (await Register(id, _first)).Must(200);

        (await Issue(partner, $"/secure/customers/{world.User.UserId}/cards/virtual", world, _second)).MustRefuse(400, "INVALID_PUBLIC_KEY");
        Assert.Equal(1, await Cards(world));
        Opens(_first, (await Issue(partner, $"/secure/customers/{world.User.UserId}/cards/virtual", world, _first)).Must(201));
        Assert.Equal(2, await Cards(world));
    }

    [Fact]
    public async Task The_key_of_its_pairing_is_an_apps_only_one()
    {
        var world = await suite.NewWorld();
        var bearer = SuiteCalls.Bearer((await suite.Session(world.User)).Token);

        (await Get(suite.Public, "/customers/me", _first, bearer)).MustRefuse(400, "INVALID_PUBLIC_KEY");
        (await Issue(suite.Public, "/customers/me/cards/virtual", world, _first, bearer)).MustRefuse(400, "INVALID_PUBLIC_KEY");
        Assert.Equal(1, await Cards(world));
        Opens(SealedCalls.OwnKey, await Get(suite.Public, "/customers/me", SealedCalls.OwnKey, bearer));
        Opens(SealedCalls.OwnKey, (await Issue(suite.Public, "/customers/me/cards/virtual", world, SealedCalls.OwnKey, bearer)).Must(201));
        (await suite.Public.Send(HttpMethod.Get, "/customers/me", content: null, key: null, bearer)).Must(200);
        Assert.Equal(2, await Cards(world));
    }

    [Fact]
    public async Task An_app_that_paired_without_a_key_gets_no_card_secret_sealed_for_any()
    {
        var world = await suite.NewWorld();
        var session = await suite.Session(world.User);
        await using (var without = suite.Database("datacore").CreateCommand("update installations set encryption_key = null where id = $1"))
        {
            without.Parameters.Add(new NpgsqlParameter { Value = session.InstallationId });
            Assert.Equal(1, await without.ExecuteNonQueryAsync());
        }
        var bearer = SuiteCalls.Bearer(session.Token);

        (await Issue(suite.Public, "/customers/me/cards/virtual", world, _first, bearer)).MustRefuse(400, "INVALID_PUBLIC_KEY");
        (await Issue(suite.Public, "/customers/me/cards/virtual", world, SealedCalls.OwnKey, bearer)).MustRefuse(400, "INVALID_PUBLIC_KEY");
        Assert.Equal(1, await Cards(world));
        // What holds no card secret may be sealed for whatever key it shows.
        Opens(_first, await Get(suite.Public, "/customers/me", _first, bearer));
    }

    private static Task<Answer> Get(Api api, string path, RsaPrivateKey key, params (string, string)[] credential) =>
        api.Send(HttpMethod.Get, path, content: null, key: null, [.. SealedCalls.Headers(key.PublicKey.ToHeader()), .. credential]);

    private Task<Answer> Issue(Api api, string path, World world, RsaPrivateKey key, params (string, string)[] credential)
    {
        var payload = Jwe.Seal(JsonSerializer.SerializeToUtf8Bytes(new { balanceId = world.BalanceId }), suite.GatewayKey);
        return api.Send(HttpMethod.Post, path, JsonContent.Create(new { payload }), key: null, [.. SealedCalls.Headers(key.PublicKey.ToHeader()), .. credential]);
    }

    private static void Opens(RsaPrivateKey key, Answer answer) => Assert.Contains("\"id\"", Encoding.UTF8.GetString(Assert.IsType<JweResult.Opened>(Jwe.Open(answer.Payload(), key)).Plaintext), StringComparison.Ordinal);

    private Task<Answer> Register(Guid partner, RsaPrivateKey key) =>
        Admin(HttpMethod.Put, partner, new StringContent($$"""{"jwk":{{key.PublicKey.Jwk.ToJson()}}}""", Encoding.UTF8, "application/json"));

    private async Task<Answer> Admin(HttpMethod method, Guid partner, HttpContent? content) =>
        await suite.Public.Send(method, $"/admin/partners/{partner}/encryption-key", content, key: null, SuiteCalls.Bearer((await suite.Operator(Role.Admin)).Token));

    private async Task<long> Cards(World world)
    {
        await using var count = suite.Database("cards").CreateCommand("select count(*) from cards where user_id = $1");
        count.Parameters.Add(new NpgsqlParameter { Value = world.User.UserId });
        return (long)(await count.ExecuteScalarAsync())!;
    }
}
