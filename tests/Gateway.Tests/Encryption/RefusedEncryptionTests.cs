using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Antaca.Jose;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.Gateway.Tests.Encryption;

/// <summary>Every refusal here is tried on the issue of a card, and none of them may leave a card behind.</summary>
public sealed class RefusedEncryptionTests(SuiteWithCard suite) : IClassFixture<SuiteWithCard>
{
    private const int FiveMebibytes = 5 * 1024 * 1024;
    private const string GoodHeader = """{"alg":"RSA-OAEP-256","enc":"A256GCM"}""";

    /// <summary>Bodies made of a payload that is right.</summary>
    private static readonly Dictionary<string, Func<string, string>> _bodies = new()
    {
        ["no member"] = _ => "{}",
        ["another member"] = payload => $$"""{"data":"{{payload}}"}""",
        ["another case"] = payload => $$"""{"Payload":"{{payload}}"}""",
        ["a member too many"] = payload => $$"""{"payload":"{{payload}}","x":1}""",
        ["the member twice"] = payload => $$"""{"payload":"{{payload}}","payload":"{{payload}}"}""",
        ["not JSON"] = payload => "payload=" + payload,
        ["the bare JWE"] = payload => payload,
        ["a JSON string"] = payload => $"\"{payload}\"",
        ["an array"] = payload => $$"""["{{payload}}"]""",
        ["something after it"] = payload => $$"""{"payload":"{{payload}}"}{}""",
        ["a comment"] = payload => $$"""{"payload":"{{payload}}"/**/}""",
        ["a number"] = _ => """{"payload":5}""",
        ["null"] = _ => """{"payload":null}""",
        ["an empty string"] = _ => """{"payload":""}""",
        ["an array of parts"] = payload => $$"""{"payload":{{JsonSerializer.Serialize(payload.Split('.'))}}}""",
        ["JSON serialisation"] = payload => Flattened(payload),
        ["JSON serialisation as the payload"] = payload => $$"""{"payload":{{Flattened(payload)}}}""",
        ["the clear text"] = _ => """{"balanceId":"0190a000-0000-7000-8000-000000000001"}""",
    };

    /// <summary>JWEs made of one that is right.</summary>
    private static readonly Dictionary<string, Func<string, string>> _payloads = new()
    {
        ["three parts"] = payload => string.Join('.', payload.Split('.')[..3]),
        ["four parts"] = payload => string.Join('.', payload.Split('.')[..4]),
        ["six parts"] = payload => payload + ".AAAA",
        ["a trailing dot"] = payload => payload + ".",
        ["a short tag"] = payload => SealedCalls.Shortened(payload, 4, bytes: 4),
        ["a long tag"] = payload => SealedCalls.WithPart(payload, 4, Convert.ToBase64String(new byte[18])),
        ["no tag"] = payload => SealedCalls.WithPart(payload, 4, ""),
        ["a short IV"] = payload => SealedCalls.Shortened(payload, 2),
        ["a short encrypted key"] = payload => SealedCalls.Shortened(payload, 1),
        ["an encrypted key of 1024 bits"] = payload => SealedCalls.Shortened(payload, 1, bytes: 128),
        ["no encrypted key"] = payload => SealedCalls.WithPart(payload, 1, ""),
        ["base64 padding"] = payload => payload + "==",
        ["a space in it"] = payload => payload.Insert(payload.Length - 3, " "),
        ["the alphabet of plain base64"] = payload => SealedCalls.WithPart(payload, 2, "++++////++++////"),
        ["alg none"] = payload => SealedCalls.WithHeader(payload, """{"alg":"none","enc":"A256GCM"}"""),
        ["alg dir"] = payload => SealedCalls.WithHeader(payload, """{"alg":"dir","enc":"A256GCM"}"""),
        ["alg dir without a key"] = payload => SealedCalls.WithPart(SealedCalls.WithHeader(payload, """{"alg":"dir","enc":"A256GCM"}"""), 1, ""),
        ["alg RSA1_5"] = payload => SealedCalls.WithHeader(payload, """{"alg":"RSA1_5","enc":"A256GCM"}"""),
        ["alg rsa-oaep-256"] = payload => SealedCalls.WithHeader(payload, """{"alg":"rsa-oaep-256","enc":"A256GCM"}"""),
        ["alg ECDH-ES"] = payload => SealedCalls.WithHeader(payload, """{"alg":"ECDH-ES","enc":"A256GCM"}"""),
        ["alg RSA-OAEP-512"] = payload => SealedCalls.WithHeader(payload, """{"alg":"RSA-OAEP-512","enc":"A256GCM"}"""),
        ["a bit changed in alg"] = payload => SealedCalls.WithHeader(payload, """{"alg":"RSA-OAEP-257","enc":"A256GCM"}"""),
        ["alg PBES2"] = payload => SealedCalls.WithHeader(payload, """{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","p2c":2000000000,"p2s":"AAAA"}"""),
        ["no alg"] = payload => SealedCalls.WithHeader(payload, """{"enc":"A256GCM"}"""),
        ["alg twice"] = payload => SealedCalls.WithHeader(payload, """{"alg":"none","alg":"RSA-OAEP-256","enc":"A256GCM"}"""),
        ["enc A128GCM"] = payload => SealedCalls.WithHeader(payload, """{"alg":"RSA-OAEP-256","enc":"A128GCM"}"""),
        ["enc A256CBC-HS512"] = payload => SealedCalls.WithHeader(payload, """{"alg":"RSA-OAEP-256","enc":"A256CBC-HS512"}"""),
        ["no enc"] = payload => SealedCalls.WithHeader(payload, """{"alg":"RSA-OAEP-256"}"""),
        ["zip"] = payload => SealedCalls.WithHeader(payload, """{"alg":"RSA-OAEP-256","enc":"A256GCM","zip":"DEF"}"""),
        ["crit"] = payload => SealedCalls.WithHeader(payload, """{"alg":"RSA-OAEP-256","enc":"A256GCM","crit":["exp"],"exp":1}"""),
        ["kid that is a number"] = payload => SealedCalls.WithHeader(payload, """{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":1}"""),
        ["a header that is an array"] = payload => SealedCalls.WithHeader(payload, """["RSA-OAEP-256","A256GCM"]"""),
        ["a header that is no JSON"] = payload => SealedCalls.WithHeader(payload, "alg=RSA-OAEP-256"),
        ["a truncated header"] = payload => SealedCalls.Shortened(payload, 0),
        ["an empty header"] = payload => SealedCalls.WithPart(payload, 0, ""),
        ["a header of 900 KiB"] = payload => SealedCalls.WithHeader(payload, $$"""{"alg":"RSA-OAEP-256","enc":"A256GCM","x":"{{new string('x', 675 * 1024)}}"}"""),
        ["a header too long"] = payload => SealedCalls.WithHeader(payload, $$"""{"alg":"RSA-OAEP-256","enc":"A256GCM","x":"{{new string('x', 3000)}}"}"""),
    };

    private static readonly Dictionary<string, Func<string?>> _publicKeys = new()
    {
        ["absent"] = () => null,
        ["garbage"] = () => "garbage",
        ["base64 of garbage"] = () => Convert.ToBase64String(RandomNumberGenerator.GetBytes(294)),
        ["PEM without its base64"] = () => Encoding.ASCII.GetString(Convert.FromBase64String(SealedCalls.OwnKey.PublicKey.ToHeader())).ReplaceLineEndings(""),
        ["RSA of 1024 bits"] = () => OfRsa(1024),
        ["RSA of 8192 bits"] = () => Convert.ToBase64String(LongRsa()),
        ["a private key"] = () => Convert.ToBase64String(SealedCalls.OwnKey.ExportPkcs8()),
        ["an EC key"] = OfEc,
        ["5 KB"] = () => new string('A', 5 * 1024),
    };

    public static TheoryData<string> Bodies => [.. _bodies.Keys];

    public static TheoryData<string> Payloads => [.. _payloads.Keys];

    public static TheoryData<string> PublicKeys => [.. _publicKeys.Keys];

    private string Good => Jwe.Seal(Encoding.UTF8.GetBytes(suite.IssueBody), suite.GatewayKey);

    [Fact]
    public async Task The_payload_that_the_others_are_made_of_is_right() => (await suite.Partner.PostPayload(suite.IssuePath, Good)).Must(201);

    [Theory]
    [InlineData(null)]
    [InlineData("false")]
    [InlineData("False")]
    [InlineData("1")]
    [InlineData("")]
    public async Task A_sensitive_operation_without_encryption_is_refused(string? header)
    {
        (string, string)[] headers = header is null
            ? [("Public-Key", SealedCalls.OwnKey.PublicKey.ToHeader())]
            : [("Public-Key", SealedCalls.OwnKey.PublicKey.ToHeader()), ("Encrypted-Request", header)];

        await Refused(400, "ENCRYPTION_REQUIRED", () => suite.Partner.Send(HttpMethod.Post, suite.IssuePath, Text(suite.IssueBody), key: null, headers));
        await Refused(400, "ENCRYPTION_REQUIRED", () => suite.Partner.Send(HttpMethod.Get, suite.CardPath, content: null, key: null, headers));
    }

    [Fact]
    public async Task A_sensitive_operation_without_either_header_is_refused()
    {
        await Refused(400, "ENCRYPTION_REQUIRED", () => suite.Partner.PostText(suite.IssuePath, suite.IssueBody));
        await Refused(400, "ENCRYPTION_REQUIRED", () => suite.Partner.Get(suite.CardPath));
    }

    [Theory]
    [MemberData(nameof(PublicKeys))]
    public async Task A_public_key_that_nothing_may_be_sealed_for_is_refused(string which)
    {
        var publicKey = _publicKeys[which]();
        (string, string)[] headers = publicKey is null ? [("Encrypted-Request", "true")] : SealedCalls.Headers(publicKey);
        var payload = JsonSerializer.Serialize(new { payload = Good });

        await Refused(400, "INVALID_PUBLIC_KEY", () => suite.Partner.Send(HttpMethod.Post, suite.IssuePath, Text(payload), key: null, headers));
        await Refused(400, "INVALID_PUBLIC_KEY", () => suite.Partner.Send(HttpMethod.Get, suite.CardPath, content: null, key: null, headers));
    }

    [Theory]
    [MemberData(nameof(Bodies))]
    public Task A_body_that_is_not_one_payload_is_refused(string which) =>
        Refused(400, "INVALID_PAYLOAD", () => suite.Partner.PostRaw(suite.IssuePath, _bodies[which](Good)));

    [Theory]
    [MemberData(nameof(Payloads))]
    public Task A_JWE_outside_the_profile_is_refused(string which) =>
        Refused(400, "INVALID_PAYLOAD", () => suite.Partner.PostPayload(suite.IssuePath, _payloads[which](Good)));

    [Theory]
    [InlineData("")]
    [InlineData("balanceId")]
    [InlineData("[]")]
    [InlineData("[{}]")]
    [InlineData("null")]
    [InlineData("\"text\"")]
    [InlineData("{\"balanceId\":")]
    [InlineData("{\"balanceId\":1,\"balanceId\":2}")]
    [InlineData("{} {}")]
    public Task A_plaintext_that_is_no_JSON_object_is_refused(string plaintext) =>
        Refused(400, "INVALID_PAYLOAD", () => suite.Partner.PostSealed(suite.IssuePath, plaintext, suite.GatewayKey));

    [Fact]
    public async Task A_JWE_for_another_key_does_not_open()
    {
        using var another = RsaPrivateKey.Create();
        var theirs = Jwe.Seal(Encoding.UTF8.GetBytes(suite.IssueBody), another.PublicKey);
        var underOurName = SealedCalls.WithHeader(theirs, $$"""{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"{{suite.GatewayKey.Kid}}"}""");
        var unnamed = SealedCalls.WithHeader(theirs, GoodHeader);

        foreach (var payload in new[] { theirs, underOurName, unnamed })
        {
            await Refused(400, "CANT_DECRYPT_PAYLOAD", () => suite.Partner.PostPayload(suite.IssuePath, payload));
        }
    }

    // In the header the bit is one of the kid; one of alg or enc makes another JWE, which is refused for that.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public Task A_JWE_with_one_bit_changed_does_not_open(int part) =>
        Refused(400, "CANT_DECRYPT_PAYLOAD", () => suite.Partner.PostPayload(suite.IssuePath, SealedCalls.WithFlippedBit(Good, part)));

    [Fact]
    public async Task A_JWE_whose_ciphertext_was_cut_does_not_open()
    {
        await Refused(400, "CANT_DECRYPT_PAYLOAD", () => suite.Partner.PostPayload(suite.IssuePath, SealedCalls.Shortened(Good, 3)));
        await Refused(400, "CANT_DECRYPT_PAYLOAD", () => suite.Partner.PostPayload(suite.IssuePath, SealedCalls.WithPart(Good, 3, "")));
    }

    [Fact]
    public async Task A_JWE_whose_header_alone_is_past_the_body_limit_is_refused_unread()
    {
        var oversized = SealedCalls.WithHeader(Good, $$"""{"alg":"RSA-OAEP-256","enc":"A256GCM","x":"{{new string('x', Defaults.MaxBodyBytes)}}"}""");
        await Refused(413, "BODY_TOO_LARGE", () => suite.Partner.PostPayload(suite.IssuePath, oversized));
    }

    [Fact]
    public async Task A_JWE_under_another_header_than_it_was_sealed_with_does_not_open()
    {
        // All of them are within the profile; the header is what the tag authenticates.
        foreach (var header in new[] { GoodHeader, """{"alg":"RSA-OAEP","enc":"A256GCM"}""", """{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"nobody"}""" })
        {
            await Refused(400, "CANT_DECRYPT_PAYLOAD", () => suite.Partner.PostPayload(suite.IssuePath, SealedCalls.WithHeader(Good, header)));
        }
    }

    [Fact]
    public async Task Whatever_does_not_open_is_refused_in_the_same_words()
    {
        using var another = RsaPrivateKey.Create();
        var theirs = SealedCalls.WithHeader(Jwe.Seal(Encoding.UTF8.GetBytes(suite.IssueBody), another.PublicKey), GoodHeader);

        var wrongKey = (await suite.Partner.PostPayload(suite.IssuePath, theirs)).MustRefuse(400, "CANT_DECRYPT_PAYLOAD");
        var wrongTag = (await suite.Partner.PostPayload(suite.IssuePath, SealedCalls.WithFlippedBit(Good, 4))).MustRefuse(400, "CANT_DECRYPT_PAYLOAD");

        Assert.Equal(WithoutTrace(wrongKey), WithoutTrace(wrongTag));
    }

    [Fact]
    public async Task An_encrypted_call_without_the_body_it_needs_is_a_plain_problem()
    {
        var before = await suite.Cards();

        var refused = (await suite.Partner.SendSealed(HttpMethod.Post, suite.IssuePath)).Must(400);

        Assert.NotNull(refused.Code);
        Assert.Equal(before, await suite.Cards());
    }

    [Theory]
    [InlineData("issue", 2, true)]
    [InlineData("issue", 2, false)]
    [InlineData("issue", 1, true)]
    [InlineData("issue", 1, false)]
    [InlineData("lock", 2, true)]
    [InlineData("lock", 2, false)]
    [InlineData("lock", 1, true)]
    [InlineData("lock", 1, false)]
    public async Task A_body_that_is_too_large_is_refused_whether_it_says_so_or_not(string operation, int httpVersion, bool withLength)
    {
        var before = await suite.Cards();
        var encrypted = operation == "issue";
        // Over HTTP/1.1 a client that is still sending may find the connection closed before it has read the answer.
        var size = httpVersion == 1 && !withLength ? Defaults.MaxBodyBytes + 1 : FiveMebibytes;
        var body = Encoding.ASCII.GetBytes(encrypted ? $$"""{"payload":"{{new string('A', size)}}"}""" : $$"""{"code":{{new string(' ', size)}}3}""");
        using var request = new HttpRequestMessage(HttpMethod.Post, encrypted ? suite.IssuePath : suite.CardPath + "/lock")
        {
            Version = new Version(httpVersion, httpVersion == 1 ? 1 : 0),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = withLength ? new ByteArrayContent(body) : new UnsizedContent(body),
        };
        request.Content.Headers.ContentType = new("application/json");
        // So that over HTTP/1.1 the answer is heard before the body is on its way.
        request.Headers.ExpectContinue = httpVersion == 1;
        foreach (var (name, value) in encrypted ? SealedCalls.Headers() : [])
        {
            request.Headers.Add(name, value);
        }

        using var response = await suite.Partner.Http.SendAsync(request);

        var problem = JsonSerializer.Deserialize<JsonElement>(await response.Content.ReadAsStringAsync());
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "BODY_TOO_LARGE"), (response.StatusCode, problem.GetProperty("code").GetString()));
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(before, await suite.Cards());
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/jose")]
    [InlineData("application/x-www-form-urlencoded")]
    public async Task A_body_that_does_not_call_itself_JSON_is_refused(string contentType)
    {
        var payload = JsonSerializer.Serialize(new { payload = Good });

        await Refused(415, "UNSUPPORTED_MEDIA_TYPE", () => suite.Partner.PostRaw(suite.IssuePath, payload, contentType: contentType));
        await Refused(415, "UNSUPPORTED_MEDIA_TYPE", () => suite.Partner.PostText(suite.CardPath + "/lock", """{"code":3}""", contentType: contentType));
        await Refused(415, "UNSUPPORTED_MEDIA_TYPE", () => suite.Processor.PostText("/processor/authorizations", "{}", contentType: contentType));
    }

    private async Task Refused(int status, string code, Func<Task<Answer>> request)
    {
        var before = await suite.Cards();
        var refused = (await request()).MustRefuse(status, code);
        Assert.DoesNotContain(suite.CardNo, refused.Text, StringComparison.Ordinal);
        Assert.Equal(before, await suite.Cards());
    }

    private static string WithoutTrace(Answer refused) =>
        string.Join('|', refused.Json.EnumerateObject().Where(member => member.Name != "traceId").Select(member => member.ToString()));

    private static string Flattened(string payload)
    {
        var parts = payload.Split('.');
        return $$"""{"protected":"{{parts[0]}}","encrypted_key":"{{parts[1]}}","iv":"{{parts[2]}}","ciphertext":"{{parts[3]}}","tag":"{{parts[4]}}"}""";
    }

    private static StringContent Text(string body) => new(body, Encoding.UTF8, "application/json");

    private static string OfRsa(int bits)
    {
        using var key = RSA.Create(bits);
        return Convert.ToBase64String(key.ExportSubjectPublicKeyInfo());
    }

    /// <summary>An odd modulus of the length will do: nobody needs its factors.</summary>
    private static byte[] LongRsa()
    {
        var modulus = RandomNumberGenerator.GetBytes(8192 / 8);
        modulus[0] |= 0x80;
        modulus[^1] |= 1;
        using var key = RSA.Create(new RSAParameters { Modulus = modulus, Exponent = [1, 0, 1] });
        return key.ExportSubjectPublicKeyInfo();
    }

    private static string OfEc()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Convert.ToBase64String(Encoding.ASCII.GetBytes(key.ExportSubjectPublicKeyInfoPem()));
    }

    /// <summary>Bytes that do not tell their number: chunked over HTTP/1.1.</summary>
    private sealed class UnsizedContent(byte[] bytes) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => stream.WriteAsync(bytes).AsTask();

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
