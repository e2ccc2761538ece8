using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Antaca.Jose;
using Antaca.TestKit;
using Xunit;

namespace Antaca.Gateway.Tests.Encryption;

public sealed class EncryptedCallTests(SuiteWithCard suite) : IClassFixture<SuiteWithCard>
{
    [Fact]
    public async Task A_card_is_issued_over_JWE_and_its_secrets_are_in_the_sealed_answer_alone()
    {
        var answer = (await suite.Partner.PostSealed(suite.IssuePath, suite.IssueBody, suite.GatewayKey)).Must(201);

        Assert.Equal("application/json", answer.MediaType);
        var card = answer.Open();
        Assert.Equal("Virtual", card.GetProperty("type").GetString());
        Assert.Equal(suite.BalanceId, card.GetProperty("balanceId").GetGuid());
        Assert.Matches("^510510[0-9]{10}$", card.GetProperty("cardNo").GetString());
        Assert.True(LuhnValid(card.GetProperty("cardNo").GetString()!));
        Assert.Matches("^[0-9]{3}$", card.GetProperty("cvv").GetString());
        Assert.Matches("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", card.GetProperty("exp").GetString());
        Assert.DoesNotContain(card.GetProperty("cardNo").GetString()!, answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_answer_opens_with_the_callers_key_only()
    {
        var payload = (await suite.Partner.SendSealed(HttpMethod.Get, suite.CardPath)).Must(200).Payload();
        // A stranger's key that goes by the caller's kid, so that it is tried at all.
        using var stranger = RsaPrivateKey.Of(RSA.Create(2048), SealedCalls.OwnKey.Kid);

        Assert.IsType<JweResult.Opened>(Jwe.Open(payload, SealedCalls.OwnKey));
        Assert.IsType<JweResult.CannotDecrypt>(Jwe.Open(payload, stranger));
    }

    [Fact]
    public async Task The_answer_is_of_the_one_profile_and_names_the_callers_key()
    {
        var payload = (await suite.Partner.SendSealed(HttpMethod.Get, suite.CardPath)).Must(200).Payload();

        var header = JsonSerializer.Deserialize<Dictionary<string, string>>(System.Buffers.Text.Base64Url.DecodeFromChars(payload.Split('.')[0]))!;
        Assert.Equal(("RSA-OAEP-256", "A256GCM", SealedCalls.OwnKey.PublicKey.Jwk.Thumbprint), (header["alg"], header["enc"], header["kid"]));
        Assert.Equal(3, header.Count);
    }

    [Fact]
    public async Task The_full_card_is_the_one_that_was_issued()
    {
        var shown = (await suite.Partner.SendSealed(HttpMethod.Get, suite.CardPath)).Must(200).Open();

        foreach (var field in new[] { "id", "type", "cardNo", "cvv", "exp" })
        {
            Assert.Equal(suite.Card.GetProperty(field).GetString(), shown.GetProperty(field).GetString());
        }
    }

    [Fact]
    public async Task The_same_key_shows_the_same_card_again_under_a_fresh_seal()
    {
        var key = Guid.CreateVersion7().ToString();

        var first = (await suite.Partner.PostSealed(suite.IssuePath, suite.IssueBody, suite.GatewayKey, key)).Must(201);
        var before = await suite.Cards();
        var again = (await suite.Partner.PostSealed(suite.IssuePath, suite.IssueBody, suite.GatewayKey, key)).Must(201);

        Assert.Equal(first.Open().GetRawText(), again.Open().GetRawText());
        Assert.NotEqual(first.Payload(), again.Payload());
        Assert.Equal("true", again.Header("Idempotent-Replayed"));
        Assert.Equal(before, await suite.Cards());
    }

    [Theory]
    [InlineData("RSA-OAEP", false)]
    [InlineData("RSA-OAEP", true)]
    [InlineData("RSA-OAEP-256", false)]
    [InlineData("RSA-OAEP-256", true)]
    public async Task Both_paddings_are_accepted_with_a_kid_and_without(string algorithm, bool named)
    {
        var published = (await suite.Partner.Get("/secure/public-key")).Must(200);
        var pem = Encoding.ASCII.GetString(Convert.FromBase64String(published["publicKey"].GetString()!));
        var kid = named ? $$""","kid":"{{published["kid"].GetString()}}" """ : "";
        var padding = algorithm == "RSA-OAEP" ? RSAEncryptionPadding.OaepSHA1 : RSAEncryptionPadding.OaepSHA256;
        var payload = SealedCalls.SealByHand($$"""{"alg":"{{algorithm}}","enc":"A256GCM"{{kid}}}""", suite.IssueBody, pem, padding);

        var card = (await suite.Partner.PostPayload(suite.IssuePath, payload)).Must(201).Open();

        Assert.True(LuhnValid(card.GetProperty("cardNo").GetString()!));
    }

    [Fact]
    public async Task The_public_key_may_be_DER_as_well_as_PEM()
    {
        using var rsa = RSA.Create(4096);
        using var own = RsaPrivateKey.Of(rsa);
        var headers = SealedCalls.Headers(Convert.ToBase64String(rsa.ExportSubjectPublicKeyInfo()));

        var answer = (await suite.Partner.Send(HttpMethod.Get, suite.CardPath, content: null, key: null, headers)).Must(200);

        Assert.IsType<JweResult.Opened>(Jwe.Open(answer.Payload(), own));
    }

    [Fact]
    public async Task Where_encryption_is_offered_a_call_may_be_encrypted_with_a_body_without_and_as_a_read()
    {
        var cardId = await suite.NewCard(suite.User, suite.BalanceId);
        var card = $"{suite.Customer}/cards/{cardId}";

        var locked = (await suite.Partner.PostSealed(card + "/lock", """{"code": 3}""", suite.GatewayKey)).Must(200).Open();
        var read = (await suite.Partner.SendSealed(HttpMethod.Get, card + "/summary")).Must(200).Open();
        var unlocked = (await suite.Partner.SendSealed(HttpMethod.Post, card + "/unlock")).Must(200).Open();

        Assert.Equal(3, locked.GetProperty("lock").GetProperty("code").GetInt32());
        Assert.Equal(locked.GetRawText(), read.GetRawText());
        Assert.Equal(JsonValueKind.Null, unlocked.GetProperty("lock").ValueKind);
    }

    [Fact]
    public async Task Where_encryption_is_offered_a_call_in_the_clear_is_answered_in_the_clear()
    {
        var summary = (await suite.Partner.Get(suite.CardPath + "/summary")).Must(200);

        Assert.Equal(suite.CardId, summary.Id);
        Assert.DoesNotContain(suite.CardNo, summary.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Errors_of_an_encrypted_call_are_plain_problems()
    {
        (await suite.Partner.SendSealed(HttpMethod.Get, $"{suite.Customer}/cards/{Guid.CreateVersion7()}")).MustRefuse(404, "CARD_NOT_FOUND");

        var unknownCode = await suite.Partner.PostSealed(suite.CardPath + "/lock", """{"code": 99}""", suite.GatewayKey);
        Assert.Equal((422, true), (unknownCode.Must(422).Status, unknownCode.Code is not null));

        var stranger = await suite.Partner.PostSealed(suite.IssuePath, $$"""{"balanceId": "{{Guid.CreateVersion7()}}"}""", suite.GatewayKey);
        Assert.NotNull(stranger.Must(404).Code);
    }

    private static bool LuhnValid(string number) =>
        number.Reverse().Select((digit, index) => (digit - '0') * (index % 2 + 1)).Sum(value => value > 9 ? value - 9 : value) % 10 == 0;
}
