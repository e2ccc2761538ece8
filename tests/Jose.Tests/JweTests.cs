using System.Security.Cryptography;
using System.Text;

namespace Antaca.Jose.Tests;

public class JweTests
{
    private static readonly byte[] Secret = Encoding.UTF8.GetBytes("""{"cardNo":"5105105105105100"}""");

    [Theory]
    [InlineData(2048)]
    [InlineData(3072)]
    [InlineData(4096)]
    public void What_was_sealed_opens(int sizeBits)
    {
        using var key = RsaPrivateKey.Create(sizeBits);
        foreach (var length in new[] { 0, 1, 15, 16, 17, 1000, 1_048_576 })
        {
            var plaintext = RandomNumberGenerator.GetBytes(length);
            AssertOpens(plaintext, Jwe.Open(Jwe.Seal(plaintext, key.PublicKey), key));
        }
    }

    [Fact]
    public void No_two_seals_are_alike()
    {
        var seals = Enumerable.Range(0, 50).Select(_ => Jwe.Seal(Secret, Keys.Ours.PublicKey)).ToArray();
        for (var part = 1; part < 5; part++)
        {
            Assert.Equal(seals.Length, seals.Select(seal => seal.Split('.')[part]).Distinct().Count());
        }
    }

    [Fact]
    public void Rsa_oaep_with_sha1_is_accepted_inbound() =>
        AssertOpens(Secret, Open(Compact("""{"alg":"RSA-OAEP","enc":"A256GCM"}""", RSAEncryptionPadding.OaepSHA1)));

    [Fact]
    public void A_missing_kid_is_tried_with_each_key() =>
        AssertOpens(Secret, Jwe.Open(Compact("""{"alg":"RSA-OAEP-256","enc":"A256GCM"}"""), Keys.Another, Keys.Ours));

    [Fact]
    public void The_kid_of_a_former_key_opens_with_it() =>
        AssertOpens(Secret, Jwe.Open(Jwe.Seal(Secret, Keys.Ours.PublicKey), Keys.Another, Keys.Ours));

    [Fact]
    public void Unknown_header_members_are_ignored() =>
        AssertOpens(Secret, Open(Compact("""{"typ":"JWE","cty":"application/json","alg":"RSA-OAEP-256","enc":"A256GCM","iat":1}""")));

    [Fact]
    public void A_kid_we_do_not_have_cannot_be_decrypted() =>
        AssertCannotDecrypt(Open(Compact("""{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"another"}""")));

    [Fact]
    public void Another_key_cannot_decrypt()
    {
        AssertCannotDecrypt(Jwe.Open(Compact("""{"alg":"RSA-OAEP-256","enc":"A256GCM"}"""), Keys.Another));
        AssertCannotDecrypt(Jwe.Open(Jwe.Seal(Secret, Keys.Ours.PublicKey), Keys.Another));
        AssertCannotDecrypt(Jwe.Open(Jwe.Seal(Secret, Keys.Ours.PublicKey)));
    }

    [Fact]
    public void A_key_of_another_size_cannot_decrypt()
    {
        using var larger = RsaPrivateKey.Create(3072);
        AssertCannotDecrypt(Jwe.Open(Compact("""{"alg":"RSA-OAEP-256","enc":"A256GCM"}"""), larger));
    }

    [Fact]
    public void A_flipped_bit_in_any_part_cannot_be_decrypted()
    {
        var parts = Jwe.Seal(Secret, Keys.Ours.PublicKey).Split('.');
        for (var part = 1; part < 5; part++)
        {
            Assert.True(StrictBase64Url.TryDecode(parts[part], out var bytes));
            for (var bit = 0; bit < bytes.Length * 8; bit += part == 1 ? 97 : 1)
            {
                var changed = bytes.ToArray();
                changed[bit / 8] ^= (byte)(1 << (bit % 8));
                var attempt = parts.ToArray();
                attempt[part] = StrictBase64Url.Encode(changed);
                AssertCannotDecrypt(Open(string.Join('.', attempt)));
            }
        }
    }

    [Fact]
    public void A_changed_header_cannot_be_decrypted()
    {
        var parts = Compact("""{"alg":"RSA-OAEP-256","enc":"A256GCM"}""").Split('.');
        parts[0] = StrictBase64Url.Encode("""{"enc":"A256GCM","alg":"RSA-OAEP-256"}"""u8);
        AssertCannotDecrypt(Open(string.Join('.', parts)));
    }

    [Fact]
    public void The_wrong_oaep_hash_cannot_be_decrypted() =>
        AssertCannotDecrypt(Open(Compact("""{"alg":"RSA-OAEP-256","enc":"A256GCM"}""", RSAEncryptionPadding.OaepSHA1)));

    [Theory]
    [InlineData(16)]
    [InlineData(31)]
    [InlineData(33)]
    [InlineData(190)]
    public void A_content_key_of_another_length_cannot_be_decrypted(int length) =>
        // It begins as the key that would open it.
        AssertCannotDecrypt(Open(Compact(
            """{"alg":"RSA-OAEP-256","enc":"A256GCM"}""",
            wrap: contentKey => [.. contentKey.Take(length), .. new byte[Math.Max(0, length - contentKey.Length)]])));

    [Fact]
    public void Pkcs1_padding_under_an_allowed_alg_cannot_be_decrypted()
    {
        var parts = Compact("""{"alg":"RSA-OAEP-256","enc":"A256GCM"}""").Split('.');
        using var rsa = PublicHalf(Keys.Ours);
        parts[1] = StrictBase64Url.Encode(rsa.Encrypt(new byte[32], RSAEncryptionPadding.Pkcs1));
        AssertCannotDecrypt(Open(string.Join('.', parts)));
    }

    [Theory]
    [InlineData("""{"alg":"none","enc":"A256GCM"}""")]
    [InlineData("""{"alg":"RSA1_5","enc":"A256GCM"}""")]
    [InlineData("""{"alg":"dir","enc":"A256GCM"}""")]
    [InlineData("""{"alg":"A256KW","enc":"A256GCM"}""")]
    [InlineData("""{"alg":"RSA-OAEP-384","enc":"A256GCM"}""")]
    [InlineData("""{"alg":"RSA-OAEP-512","enc":"A256GCM"}""")]
    [InlineData("""{"alg":"ECDH-ES","enc":"A256GCM"}""")]
    [InlineData("""{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","p2c":2147483647,"p2s":"AAAA"}""")]
    [InlineData("""{"alg":"rsa-oaep-256","enc":"A256GCM"}""")]
    [InlineData("""{"alg":["RSA-OAEP-256"],"enc":"A256GCM"}""")]
    [InlineData("""{"alg":null,"enc":"A256GCM"}""")]
    [InlineData("""{"enc":"A256GCM"}""")]
    [InlineData("""{"alg":"RSA-OAEP-256"}""")]
    [InlineData("""{"alg":"RSA-OAEP-256","enc":"A128GCM"}""")]
    [InlineData("""{"alg":"RSA-OAEP-256","enc":"A192GCM"}""")]
    [InlineData("""{"alg":"RSA-OAEP-256","enc":"A256CBC-HS512"}""")]
    [InlineData("""{"alg":"RSA-OAEP-256","enc":"a256gcm"}""")]
    [InlineData("""{"alg":"RSA-OAEP-256","enc":1}""")]
    [InlineData("""{"alg":"RSA-OAEP-256","enc":"A256GCM","zip":"DEF"}""")]
    [InlineData("""{"alg":"RSA-OAEP-256","enc":"A256GCM","zip":null}""")]
    [InlineData("""{"alg":"RSA-OAEP-256","enc":"A256GCM","crit":["exp"],"exp":1}""")]
    [InlineData("""{"alg":"RSA-OAEP-256","enc":"A256GCM","crit":[]}""")]
    [InlineData("""{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":1}""")]
    [InlineData("""{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":null}""")]
    [InlineData("""{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"\ud800"}""")]
    [InlineData("""{"alg":"none","alg":"RSA-OAEP-256","enc":"A256GCM"}""")]
    [InlineData("""{"alg":"RSA-OAEP-256","enc":"A256GCM","enc":"A256GCM"}""")]
    [InlineData("""{"alg":"RSA-OAEP-256","enc":"A256GCM","\u0061lg":"RSA-OAEP-256"}""")]
    [InlineData("""{"alg":"RSA-OAEP-256","enc":"A256GCM","jwk":{"kty":"RSA","kty":"RSA"}}""")]
    [InlineData("""{"alg":"RSA-OAEP-256","enc":"A256GCM","x":[[[[[[[[[1]]]]]]]]]}""")]
    [InlineData("""{"alg":"RSA-OAEP-256","enc":"A256GCM",}""")]
    [InlineData("""{"alg":"RSA-OAEP-256","enc":"A256GCM"}{}""")]
    [InlineData("""{"alg":"RSA-OAEP-256","enc":"A256GCM"} /* */""")]
    [InlineData("""[{"alg":"RSA-OAEP-256","enc":"A256GCM"}]""")]
    [InlineData("\"RSA-OAEP-256\"")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("not json")]
    [InlineData("")]
    public void A_header_outside_the_profile_is_malformed(string header) => AssertMalformed(Open(Compact(header)));

    [Fact]
    public void A_header_that_is_not_utf8_is_malformed()
    {
        var header = Encoding.Latin1.GetBytes("""{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"é"}""");
        var parts = Compact("{}").Split('.');
        parts[0] = StrictBase64Url.Encode(header);
        AssertMalformed(Open(string.Join('.', parts)));
    }

    [Fact]
    public void A_header_behind_a_byte_order_mark_is_malformed() =>
        AssertMalformed(Open(Compact("\uFEFF" + """{"alg":"RSA-OAEP-256","enc":"A256GCM"}""")));

    [Fact]
    public void A_header_at_the_limit_opens_and_one_past_it_is_malformed()
    {
        var frame = """{"alg":"RSA-OAEP-256","enc":"A256GCM","x":""}""".Length;
        var atLimit = new string('x', Jwe.MaxHeaderCharacters / 4 * 3 - frame);
        var compact = Compact($$"""{"alg":"RSA-OAEP-256","enc":"A256GCM","x":"{{atLimit}}"}""");
        Assert.Equal(Jwe.MaxHeaderCharacters, compact.IndexOf('.'));
        AssertOpens(Secret, Open(compact));
        AssertMalformed(Open(Compact($$"""{"alg":"RSA-OAEP-256","enc":"A256GCM","x":"{{atLimit}}x"}""")));
    }

    [Fact]
    public void A_jwe_past_the_limit_is_malformed() => AssertMalformed(Open(new string('A', Jwe.MaxCompactCharacters + 1)));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("....")]
    [InlineData("payload")]
    [InlineData("a.b.c")]
    [InlineData("a.b.c.d.e")]
    [InlineData("""{"protected":"e30","recipients":[{"encrypted_key":"AA"}],"iv":"AA","ciphertext":"AA","tag":"AA"}""")]
    public void Text_that_is_no_compact_jwe_is_malformed(string? text) => AssertMalformed(Open(text));

    [Fact]
    public void Four_or_six_parts_are_malformed()
    {
        var compact = Jwe.Seal(Secret, Keys.Ours.PublicKey);
        AssertMalformed(Open(compact[..compact.LastIndexOf('.')]));
        AssertMalformed(Open(compact + "."));
        AssertMalformed(Open("." + compact));
        AssertMalformed(Open(compact + ".AAAA"));
    }

    [Fact]
    public void A_part_that_is_not_canonical_base64url_is_malformed()
    {
        var parts = Jwe.Seal(Secret, Keys.Ours.PublicKey).Split('.');
        for (var part = 0; part < 5; part++)
        {
            foreach (var spoil in new Func<string, string>[]
            {
                text => text + "=",
                text => text + "==",
                text => text + " ",
                text => "\n" + text,
                text => text[..^2] + "+" + text[^1],
                text => text[..^2] + "/" + text[^1],
                text => text[..^2] + "é" + text[^1],
                text => text + new string('A', (5 - text.Length % 4) % 4),
            })
            {
                var attempt = parts.ToArray();
                attempt[part] = spoil(parts[part]);
                AssertMalformed(Open(string.Join('.', attempt)));
            }
        }
    }

    [Fact]
    public void Stray_bits_in_a_tag_are_malformed()
    {
        var parts = Jwe.Seal(Secret, Keys.Ours.PublicKey).Split('.');
        // 16 bytes: the last of 22 characters carries 2 bits; its neighbour in the alphabet carries the same 2.
        parts[4] = parts[4][..^1] + (char)(parts[4][^1] + 1);
        AssertMalformed(Open(string.Join('.', parts)));
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(1, 255)]
    [InlineData(1, 513)]
    [InlineData(2, 0)]
    [InlineData(2, 11)]
    [InlineData(2, 13)]
    [InlineData(2, 16)]
    [InlineData(4, 0)]
    [InlineData(4, 12)]
    [InlineData(4, 15)]
    [InlineData(4, 17)]
    public void A_part_of_another_length_is_malformed(int part, int length)
    {
        var parts = Jwe.Seal(Secret, Keys.Ours.PublicKey).Split('.');
        parts[part] = StrictBase64Url.Encode(new byte[length]);
        AssertMalformed(Open(string.Join('.', parts)));
    }

    [Fact]
    public void More_keys_than_the_limit_are_a_fault_of_ours() =>
        Assert.Throws<ArgumentOutOfRangeException>(
            () => Jwe.Open("", Enumerable.Repeat(Keys.Ours, Jwe.MaxKeys + 1).ToArray()));

    [Fact]
    public async Task One_key_opens_for_many_at_once()
    {
        var compact = Jwe.Seal(Secret, Keys.Ours.PublicKey);
        var results = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => Task.Run(() => Open(compact))));
        Assert.All(results, result => AssertOpens(Secret, result));
    }

    [Fact]
    public void The_two_refusals_carry_nothing_of_the_message()
    {
        var compact = Jwe.Seal(Secret, Keys.Ours.PublicKey);
        var wrongTag = compact[..^22] + "AAAAAAAAAAAAAAAAAAAAAA";
        Assert.Equal(Jwe.Open(compact, Keys.Another), Open(wrongTag));
        Assert.Equal("CannotDecrypt { }", Open(wrongTag).ToString());
    }

    /// <summary>
    /// What a refusal costs is counted, not clocked: a clock on a busy machine shows nothing of this, and one that is patient
    /// enough to show it is no test. That AES runs over the ciphertext on every path is to be read in Jwe.TryOpen.
    /// </summary>
    [Fact]
    public void Whatever_does_not_open_costs_one_RSA_operation_and_one_exception()
    {
        const string Header = """{"alg":"RSA-OAEP-256","enc":"A256GCM"}""";
        using var counting = new CountingRsa(Keys.Ours);
        using var key = RsaPrivateKey.Of(counting);
        var good = Compact(Header);
        Assert.IsType<JweResult.Opened>(Jwe.Open(good, key));
        var variants = new Dictionary<string, string>
        {
            ["a flipped bit in the encrypted key"] = Flipped(good, 1),
            ["a flipped bit in the IV"] = Flipped(good, 2),
            ["a flipped bit in the ciphertext"] = Flipped(good, 3),
            ["a flipped bit in the tag"] = Flipped(good, 4),
            ["another header than was sealed"] = WithHeader(good, """{"enc":"A256GCM","alg":"RSA-OAEP-256"}"""),
            ["a key for somebody else"] = WithHeader(Jwe.Seal(Secret, Keys.Another.PublicKey), Header),
            ["the other OAEP hash"] = Compact(Header, RSAEncryptionPadding.OaepSHA1),
            ["the encrypted key of the other alg"] = WithHeader(good, """{"alg":"RSA-OAEP","enc":"A256GCM"}"""),
            ["a content key too short"] = Compact(Header, wrap: contentKey => contentKey[..16]),
            ["an empty content key"] = Compact(Header, wrap: _ => []),
            ["a content key too long"] = Compact(Header, wrap: contentKey => [.. contentKey, 0]),
            ["an encrypted key beyond the modulus"] = WithPart(good, 1, StrictBase64Url.Encode(Enumerable.Repeat((byte)0xFF, 256).ToArray())),
            ["an encrypted key of zeros"] = WithPart(good, 1, StrictBase64Url.Encode(new byte[256])),
        };

        foreach (var (name, compact) in variants)
        {
            counting.Operations = 0;
            var exceptions = 0;
            var thread = Environment.CurrentManagedThreadId;
            void Count(object? sender, System.Runtime.ExceptionServices.FirstChanceExceptionEventArgs thrown) =>
                exceptions += Environment.CurrentManagedThreadId == thread ? 1 : 0;
            AppDomain.CurrentDomain.FirstChanceException += Count;
            var result = Jwe.Open(compact, key);
            AppDomain.CurrentDomain.FirstChanceException -= Count;
            AssertCannotDecrypt(result);
            Assert.Equal((name, 1, 1), (name, counting.Operations, exceptions));
        }
    }

    private static string Flipped(string compact, int part)
    {
        Assert.True(StrictBase64Url.TryDecode(compact.Split('.')[part], out var bytes));
        bytes[^1] ^= 1;
        return WithPart(compact, part, StrictBase64Url.Encode(bytes));
    }

    private static string WithHeader(string compact, string header) => WithPart(compact, 0, StrictBase64Url.Encode(Encoding.UTF8.GetBytes(header)));

    private static string WithPart(string compact, int part, string text)
    {
        var parts = compact.Split('.');
        parts[part] = text;
        return string.Join('.', parts);
    }

    /// <summary>A key that lives elsewhere, as in a phone's hardware: it only decrypts, and counts how often.</summary>
    private sealed class CountingRsa : RSA
    {
        private readonly RSA _inner = Create();

        public CountingRsa(RsaPrivateKey key)
        {
            _inner.ImportPkcs8PrivateKey(key.ExportPkcs8(), out _);
            KeySizeValue = _inner.KeySize;
        }

        public int Operations { get; set; }

        public override byte[] Decrypt(byte[] data, RSAEncryptionPadding padding)
        {
            Operations++;
            return _inner.Decrypt(data, padding);
        }

        public override bool TryDecrypt(ReadOnlySpan<byte> data, Span<byte> destination, RSAEncryptionPadding padding, out int bytesWritten)
        {
            Operations++;
            return _inner.TryDecrypt(data, destination, padding, out bytesWritten);
        }

        public override RSAParameters ExportParameters(bool includePrivateParameters) =>
            includePrivateParameters ? throw new CryptographicException("It stays where it is.") : _inner.ExportParameters(false);

        public override void ImportParameters(RSAParameters parameters) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            _inner.Dispose();
            base.Dispose(disposing);
        }
    }

    private static JweResult Open(string? compact) => Jwe.Open(compact, Keys.Ours);

    private static void AssertOpens(byte[] expected, JweResult result) =>
        Assert.Equal(expected, Assert.IsType<JweResult.Opened>(result).Plaintext);

    private static void AssertMalformed(JweResult result) => Assert.IsType<JweResult.Malformed>(result);

    private static void AssertCannotDecrypt(JweResult result) => Assert.IsType<JweResult.CannotDecrypt>(result);

    private static RSA PublicHalf(RsaPrivateKey key)
    {
        var rsa = RSA.Create();
        rsa.ImportFromPem(Encoding.ASCII.GetString(Convert.FromBase64String(key.PublicKey.ToHeader())));
        return rsa;
    }

    /// <summary>A sender of its own: sealed correctly for our key under whatever header it likes.</summary>
    private static string Compact(string header, RSAEncryptionPadding? padding = null, Func<byte[], byte[]>? wrap = null)
    {
        var encodedHeader = StrictBase64Url.Encode(Encoding.UTF8.GetBytes(header));
        var contentKey = RandomNumberGenerator.GetBytes(32);
        var nonce = RandomNumberGenerator.GetBytes(12);
        var ciphertext = new byte[Secret.Length];
        var tag = new byte[16];
        using var aes = new AesGcm(contentKey, 16);
        aes.Encrypt(nonce, Secret, ciphertext, tag, Encoding.ASCII.GetBytes(encodedHeader));
        using var rsa = PublicHalf(Keys.Ours);
        var encryptedKey = rsa.Encrypt(wrap?.Invoke(contentKey) ?? contentKey, padding ?? RSAEncryptionPadding.OaepSHA256);
        return string.Join('.', encodedHeader, StrictBase64Url.Encode(encryptedKey), StrictBase64Url.Encode(nonce),
            StrictBase64Url.Encode(ciphertext), StrictBase64Url.Encode(tag));
    }
}
