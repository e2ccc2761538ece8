using System.Globalization;
using System.Security.Cryptography;
using Antaca.DataCore.Vault;
using Antaca.Jose;
using Xunit;

namespace Antaca.DataCore.Tests.Vault;

public sealed class HsmTests : IDisposable
{
    private static readonly DateTimeOffset _now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Pan _pan = Pan.Parse("5105105105105100");
    private static readonly DateOnly _expiry = new(2029, 11, 30);

    private readonly byte[] _masterKey = RandomNumberGenerator.GetBytes(Hsm.MasterKeyBytes);
    private readonly Hsm _hsm;
    private readonly List<WrappedKey> _keys;
    private readonly Guid _cvk = Id();

    public HsmTests()
    {
        _hsm = new Hsm(_masterKey);
        _keys =
        [
            _hsm.NewKey(KeyPurpose.PanEncryption, Id(), 1),
            _hsm.NewKey(KeyPurpose.PanLookup, Id(), 1),
            _hsm.NewKey(KeyPurpose.PanPermutation, Id(), 1),
            _hsm.NewKey(KeyPurpose.References, Id(), 1),
            _hsm.NewKey(KeyPurpose.CardVerification, _cvk, 1),
        ];
        _hsm.Load(_keys);
    }

    public void Dispose() => _hsm.Dispose();

    public static TheoryData<string, string, string, string, string> CvvVectors()
    {
        var data = new TheoryData<string, string, string, string, string>();
        foreach (var vector in Vectors.Payment.GetProperty("cvv").GetProperty("vectors").EnumerateArray())
        {
            string Text(string name) => vector.GetProperty(name).GetString()!;
            data.Add(Text("key"), Text("pan"), Text("expiry"), Text("serviceCode"), Text("cvv"));
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(CvvVectors))]
    public void The_published_cvv_vectors_hold(string key, string pan, string expiry, string serviceCode, string cvv) =>
        Assert.Equal(cvv, VerificationValues.CardVerificationValue(Convert.FromHexString(key), pan, expiry, serviceCode));

    // The DES certification vectors of NBS as SSLeay collected them; two of the keys are weak ones.
    [Theory]
    [InlineData("0000000000000000", "0000000000000000", "8CA64DE9C1B123A7")]
    [InlineData("FFFFFFFFFFFFFFFF", "FFFFFFFFFFFFFFFF", "7359B2163E4EDC58")]
    [InlineData("3000000000000000", "1000000000000001", "958E6E627A05557B")]
    [InlineData("1111111111111111", "1111111111111111", "F40379AB9E0EC533")]
    [InlineData("0123456789ABCDEF", "1111111111111111", "17668DFC7292532D")]
    [InlineData("1111111111111111", "0123456789ABCDEF", "8A5AE1F81AB8F2DD")]
    [InlineData("FEDCBA9876543210", "0123456789ABCDEF", "ED39D950FA74BCC4")]
    [InlineData("7CA110454A1A6E57", "01A1D6D039776742", "690F5B0D9A26939B")]
    [InlineData("0131D9619DC1376E", "5CD54CA83DEF57DA", "7A389D10354BD271")]
    [InlineData("07A1133E4A0B2686", "0248D43806F67172", "868EBB51CAB4599A")]
    [InlineData("3849674C2602319E", "51454B582DDF440A", "7178876E01F19B2A")]
    [InlineData("04B915BA43FEB5B6", "42FD443059577FA2", "AF37FB421F8C4095")]
    public void Single_des_through_triple_des_is_des(string key, string plaintext, string ciphertext)
    {
        var block = Convert.FromHexString(plaintext);
        Des.Single(Convert.FromHexString(key), block);
        Assert.Equal(ciphertext, Convert.ToHexString(block));
    }

    [Fact]
    public void Every_known_answer_suite_passes()
    {
        var passed = KnownAnswers.Run();
        Assert.Equal(14, passed.Count);
        Assert.Contains("AES-256-GCM (NIST GCM test case 16)", passed);
    }

    [Fact]
    public void A_wrong_known_answer_stops_the_service() =>
        Assert.Contains("broken suite", Assert.Throws<KnownAnswerException>(
            () => KnownAnswers.Run([("good suite", () => true), ("broken suite", () => false)])).Message, StringComparison.Ordinal);

    [Fact]
    public void A_pan_survives_encryption_and_shows_nowhere()
    {
        var record = Id();
        var encrypted = _hsm.EncryptPan(record, _pan);
        Assert.Equal(1, encrypted.KeyVersion);
        Assert.Equal(12 + 16 + 16, encrypted.Ciphertext.Length);
        Assert.Equal(_pan, _hsm.DecryptPan(record, encrypted));
        Assert.NotEqual(encrypted.Ciphertext, _hsm.EncryptPan(record, _pan).Ciphertext);
    }

    [Fact]
    public void A_pan_opens_under_its_own_record_and_key_version_alone()
    {
        _hsm.Load([_hsm.NewKey(KeyPurpose.PanEncryption, Id(), 2)]);
        var record = Id();
        var encrypted = _hsm.EncryptPan(record, _pan);
        Assert.Equal(2, encrypted.KeyVersion);
        AssertDoesNotOpen(() => _hsm.DecryptPan(Id(), encrypted));
        AssertDoesNotOpen(() => _hsm.DecryptPan(record, encrypted with { KeyVersion = 1 }));
        Assert.Throws<InvalidOperationException>(() => _hsm.DecryptPan(record, encrypted with { KeyVersion = 3 }));
    }

    [Fact]
    public void A_changed_bit_of_a_pan_is_noticed()
    {
        var record = Id();
        var encrypted = _hsm.EncryptPan(record, _pan);
        for (var bit = 0; bit < encrypted.Ciphertext.Length * 8; bit++)
        {
            var changed = encrypted.Ciphertext.ToArray();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            AssertDoesNotOpen(() => _hsm.DecryptPan(record, encrypted with { Ciphertext = changed }));
        }
        AssertDoesNotOpen(() => _hsm.DecryptPan(record, encrypted with { Ciphertext = encrypted.Ciphertext[..^1] }));
        AssertDoesNotOpen(() => _hsm.DecryptPan(record, encrypted with { Ciphertext = [] }));
    }

    [Fact]
    public void The_highest_version_encrypts_and_former_ones_still_open()
    {
        var record = Id();
        var old = _hsm.EncryptPan(record, _pan);
        var second = _hsm.NewKey(KeyPurpose.PanEncryption, Id(), 2);
        Assert.False(_hsm.Has(KeyPurpose.PanEncryption, 2));
        _hsm.Load([second]);
        Assert.True(_hsm.Has(KeyPurpose.PanEncryption, 2));
        _hsm.Load(_keys);
        Assert.Equal(2, _hsm.EncryptPan(record, _pan).KeyVersion);
        Assert.Equal(_pan, _hsm.DecryptPan(record, old));
    }

    [Fact]
    public void A_lookup_is_the_same_for_the_same_pan_and_key_alone()
    {
        Assert.Equal(_hsm.Lookup(_pan), _hsm.Lookup(Pan.Parse("5105105105105100")));
        Assert.NotEqual(_hsm.Lookup(_pan), _hsm.Lookup(Pan.Parse("4242424242424242")));
        Assert.Equal(32, _hsm.Lookup(_pan).Length);

        using var other = new Hsm(_masterKey);
        other.Load([other.NewKey(KeyPurpose.PanLookup, Id(), 1)]);
        Assert.NotEqual(_hsm.Lookup(_pan), other.Lookup(_pan));
    }

    [Fact]
    public void Keys_come_back_from_their_records()
    {
        var record = Id();
        var encrypted = _hsm.EncryptPan(record, _pan);
        using var restarted = new Hsm(_masterKey);
        restarted.Load(_keys);
        Assert.Equal(_pan, restarted.DecryptPan(record, encrypted));
        Assert.Equal(_hsm.Lookup(_pan), restarted.Lookup(_pan));
        Assert.Equal(Cvv(0), restarted.Cvv2(_cvk, _pan, _expiry, ExpiryOrder.YearMonth, 0));
    }

    [Fact]
    public void A_key_record_that_was_changed_does_not_load()
    {
        using var hsm = new Hsm(_masterKey);
        var key = _keys[0];
        AssertDoesNotOpen(() => hsm.Load([key with { Id = Id() }]));
        AssertDoesNotOpen(() => hsm.Load([key with { Version = 2 }]));
        AssertDoesNotOpen(() => hsm.Load([key with { Purpose = KeyPurpose.PanLookup }]));
        AssertDoesNotOpen(() => hsm.Load([key with { Wrapped = [] }]));
        AssertDoesNotOpen(() => hsm.Load([key with { Wrapped = [2, .. key.Wrapped[1..]] }]));
        for (var i = 0; i < key.Wrapped.Length; i++)
        {
            var changed = key.Wrapped.ToArray();
            changed[i] ^= 0x80;
            AssertDoesNotOpen(() => hsm.Load([key with { Wrapped = changed }]));
        }
        Assert.False(hsm.Has(KeyPurpose.PanEncryption, 1));
    }

    [Fact]
    public void Another_master_key_loads_nothing()
    {
        using var hsm = new Hsm(RandomNumberGenerator.GetBytes(Hsm.MasterKeyBytes));
        Assert.All(_keys, key => AssertDoesNotOpen(() => hsm.Load([key])));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(16)]
    [InlineData(31)]
    [InlineData(33)]
    public void A_master_key_has_256_bits(int bytes) => Assert.Throws<ArgumentException>(() => new Hsm(new byte[bytes]));

    [Fact]
    public void Two_keys_cannot_be_the_same_version() =>
        Assert.Throws<InvalidOperationException>(() => _hsm.Load([_hsm.NewKey(KeyPurpose.PanEncryption, Id(), 1)]));

    [Fact]
    public void A_wrapped_key_shows_nothing_of_the_key()
    {
        Assert.Equal(Enumerable.Repeat(1 + 12 + 32 + 16, 4).Append(1 + 12 + 16 + 16), _keys.Select(key => key.Wrapped.Length));
        Assert.Equal(100, Enumerable.Range(0, 100)
            .Select(_ => Convert.ToHexString(_hsm.NewKey(KeyPurpose.PanLookup, _cvk, 1).Wrapped)).Distinct().Count());
    }

    [Fact]
    public void A_missing_key_is_named()
    {
        using var empty = new Hsm(_masterKey);
        Assert.Contains("PanEncryption", Assert.Throws<InvalidOperationException>(() => empty.EncryptPan(Id(), _pan)).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => empty.Cvv2(_cvk, _pan, _expiry, ExpiryOrder.YearMonth, 0));
        Assert.False(empty.HasVerificationKey(_cvk));
        Assert.True(_hsm.HasVerificationKey(_cvk));
    }

    [Fact]
    public void A_cvv2_verifies_and_another_does_not()
    {
        var cvv = Cvv(0);
        Assert.True(_hsm.VerifyCvv2(_cvk, _pan, _expiry, ExpiryOrder.YearMonth, 0, cvv));
        for (var value = 0; value < 1000; value++)
        {
            var other = DataCore.Vault.Cvv.Parse(value.ToString("D3", CultureInfo.InvariantCulture));
            Assert.Equal(other == cvv, _hsm.VerifyCvv2(_cvk, _pan, _expiry, ExpiryOrder.YearMonth, 0, other));
        }
    }

    [Fact]
    public void A_cvv2_depends_on_each_of_its_inputs()
    {
        // One value of a thousand repeats by chance: each input is varied often enough that all equal is impossible.
        var otherCvk = Id();
        _hsm.Load([_hsm.NewKey(KeyPurpose.CardVerification, otherCvk, 1)]);
        var pans = Enumerable.Range(0, 20).Select(counter =>
        {
            Assert.True(PanRange.TryParse("510510", out var range));
            Assert.True(_hsm.TryAllocatePan(range, counter, out var pan));
            return pan;
        }).ToArray();
        Assert.NotEqual(
            pans.Select(pan => _hsm.Cvv2(_cvk, pan, _expiry, ExpiryOrder.YearMonth, 0)),
            pans.Select(pan => _hsm.Cvv2(otherCvk, pan, _expiry, ExpiryOrder.YearMonth, 0)));
        Assert.NotEqual(
            pans.Select(pan => _hsm.Cvv2(_cvk, pan, _expiry, ExpiryOrder.YearMonth, 0)),
            pans.Select(pan => _hsm.Cvv2(_cvk, pan, _expiry, ExpiryOrder.MonthYear, 0)));
        Assert.NotEqual(
            pans.Select(pan => _hsm.Cvv2(_cvk, pan, _expiry, ExpiryOrder.YearMonth, 0)),
            pans.Select(pan => _hsm.Cvv2(_cvk, pan, _expiry.AddMonths(1), ExpiryOrder.YearMonth, 0)));
        Assert.True(pans.Select(pan => _hsm.Cvv2(_cvk, pan, _expiry, ExpiryOrder.YearMonth, 0).Reveal()).Distinct().Count() > 10);
        Assert.True(Enumerable.Range(0, 20).Select(counter => Cvv(counter).Reveal()).Distinct().Count() > 10);
    }

    // The derivation that Hsm documents, computed by a second implementation (Python, cryptography.io).
    [Theory]
    [InlineData(0, "880", "566")]
    [InlineData(1, "565", "134")]
    [InlineData(2, "706", "454")]
    [InlineData(3, "638", "548")]
    public void A_cvv_counter_derives_its_own_pair(int counter, string yearMonth, string monthYear)
    {
        Span<byte> pair = stackalloc byte[16];
        VerificationValues.Diversify(Convert.FromHexString("0123456789ABCDEFFEDCBA9876543210"), counter, pair);
        Assert.Equal(yearMonth, VerificationValues.CardVerificationValue(pair, "5105105105105100", "2911", "000"));
        Assert.Equal(monthYear, VerificationValues.CardVerificationValue(pair, "5105105105105100", "1129", "000"));
    }

    [Fact]
    public void The_next_counter_never_gives_the_present_cvv_again()
    {
        var skipped = 0;
        var counter = 0;
        for (var reset = 0; reset < 20_000; reset++)
        {
            var next = _hsm.NextCvvCounter(_cvk, _pan, _expiry, ExpiryOrder.YearMonth, counter);
            Assert.True(next > counter);
            Assert.NotEqual(Cvv(counter), Cvv(next));
            skipped += next - counter - 1;
            counter = next;
        }
        Assert.True(skipped > 0, "In 20,000 resets about twenty counters repeat a value and are skipped.");
    }

    [Fact]
    public void A_range_gives_its_pans_and_then_says_that_it_is_full()
    {
        Assert.True(PanRange.TryParse("51051000:0000500-0000599", out var range));
        var pans = new HashSet<Pan>();
        for (var counter = 0; counter < 100; counter++)
        {
            Assert.True(_hsm.TryAllocatePan(range, counter, out var pan));
            Assert.StartsWith("5105100000005", pan.Reveal(), StringComparison.Ordinal);
            Assert.True(pans.Add(pan));
        }
        Assert.False(_hsm.TryAllocatePan(range, 100, out _));
    }

    [Theory]
    [InlineData(SecretKind.CardNo, "5105105105105100")]
    [InlineData(SecretKind.Cvv, "123")]
    [InlineData(SecretKind.Pin, "4821")]
    [InlineData(SecretKind.PinBlock, "CC17F65586BFD0953010226C4FC5B3CA")]
    public void A_reference_opens_for_its_caller_and_card(SecretKind kind, string secret)
    {
        var card = Id();
        var reference = _hsm.SealReference(kind, secret, "partner:1", card, _now);
        var opened = _hsm.OpenReference(reference, "partner:1", card, _now.AddSeconds(Hsm.ReferenceLifeSeconds).AddMilliseconds(-1));
        Assert.NotNull(opened);
        Assert.Equal(kind, opened.Kind);
        Assert.Equal(secret, opened.Secret);
        Assert.Equal(_now.AddSeconds(30), opened.ExpiresAt);
        Assert.Equal(7, opened.Id.Version);
        Assert.Equal($"{kind} {opened.Id}: ***", opened.ToString());
        Assert.DoesNotContain(secret, reference, StringComparison.Ordinal);
    }

    [Fact]
    public void A_reference_expires_after_thirty_seconds()
    {
        var reference = _hsm.SealReference(SecretKind.Cvv, "123", "partner:1", Guid.Empty, _now);
        Assert.Null(_hsm.OpenReference(reference, "partner:1", Guid.Empty, _now.AddSeconds(30)));
        Assert.Null(_hsm.OpenReference(reference, "partner:1", Guid.Empty, _now.AddDays(1)));
    }

    [Fact]
    public void A_reference_of_another_caller_or_card_does_not_open()
    {
        var card = Id();
        var reference = _hsm.SealReference(SecretKind.Cvv, "123", "partner:1", card, _now);
        Assert.Null(_hsm.OpenReference(reference, "partner:2", card, _now));
        Assert.Null(_hsm.OpenReference(reference, "", card, _now));
        Assert.Null(_hsm.OpenReference(reference, "partner:1", Id(), _now));
        Assert.Null(_hsm.OpenReference(reference, "partner:1", Guid.Empty, _now));
    }

    [Fact]
    public void A_changed_reference_does_not_open()
    {
        var reference = _hsm.SealReference(SecretKind.Cvv, "123", "partner:1", Guid.Empty, _now);
        Assert.True(StrictBase64Url.TryDecode(reference, out var bytes));
        for (var i = 0; i < bytes.Length; i++)
        {
            var changed = bytes.ToArray();
            changed[i] ^= 1;
            Assert.Null(_hsm.OpenReference(StrictBase64Url.Encode(changed), "partner:1", Guid.Empty, _now));
        }
        foreach (var text in new[] { "", "x", "not a reference", reference + "=", reference + "AAAA", reference[..^4], StrictBase64Url.Encode(new byte[10_000]) })
        {
            Assert.Null(_hsm.OpenReference(text, "partner:1", Guid.Empty, _now));
        }
    }

    [Fact]
    public void A_reference_of_another_vault_does_not_open()
    {
        using var other = new Hsm(_masterKey);
        other.Load([other.NewKey(KeyPurpose.References, Id(), 1)]);
        Assert.Null(_hsm.OpenReference(other.SealReference(SecretKind.Cvv, "123", "partner:1", Guid.Empty, _now), "partner:1", Guid.Empty, _now));
    }

    [Fact]
    public void References_outlive_the_change_of_their_key()
    {
        var reference = _hsm.SealReference(SecretKind.Cvv, "123", "partner:1", Guid.Empty, _now);
        _hsm.Load([_hsm.NewKey(KeyPurpose.References, Id(), 2)]);
        Assert.NotNull(_hsm.OpenReference(reference, "partner:1", Guid.Empty, _now));
    }

    [Fact]
    public void References_are_of_one_length_and_never_alike()
    {
        var references = new[] { "1", "123", "5105105105105100", new string('A', Hsm.MaxSecretCharacters) }
            .SelectMany(secret => Enumerable.Range(0, 25).Select(_ => _hsm.SealReference(SecretKind.PinBlock, secret, "partner:1", Guid.Empty, _now)))
            .ToArray();
        Assert.Single(references.Select(reference => reference.Length).Distinct());
        Assert.Equal(references.Length, references.Distinct().Count());
        Assert.Equal(references.Length, references.Select(reference => _hsm.OpenReference(reference, "partner:1", Guid.Empty, _now)!.Id).Distinct().Count());
    }

    [Fact]
    public void A_secret_that_does_not_fit_is_a_fault()
    {
        foreach (var secret in new[] { "", "pięć", new string('1', Hsm.MaxSecretCharacters + 1) })
        {
            Assert.Throws<ArgumentException>(() => _hsm.SealReference(SecretKind.CardNo, secret, "partner:1", Guid.Empty, _now));
        }
    }

    [Fact]
    public async Task Many_threads_share_one_vault()
    {
        var record = Id();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(() =>
        {
            for (var i = 0; i < 300; i++)
            {
                Assert.Equal(_pan, _hsm.DecryptPan(record, _hsm.EncryptPan(record, _pan)));
                Assert.Equal(Cvv(0), Cvv(0));
                Assert.NotNull(_hsm.OpenReference(_hsm.SealReference(SecretKind.Cvv, "123", "b", record, _now), "b", record, _now));
                _hsm.Load(_keys);
            }
        })));
    }

    private static Guid Id() => Guid.CreateVersion7(_now);

    private static void AssertDoesNotOpen(Action action) => Assert.ThrowsAny<CryptographicException>(action);

    private static void AssertDoesNotOpen(Func<object> action) => Assert.ThrowsAny<CryptographicException>(action);

    private Cvv Cvv(int counter) => _hsm.Cvv2(_cvk, _pan, _expiry, ExpiryOrder.YearMonth, counter);
}
