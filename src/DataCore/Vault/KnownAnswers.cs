using System.Security.Cryptography;

namespace Antaca.DataCore.Vault;

/// <summary>A primitive gave a wrong answer: the service must not serve.</summary>
public sealed class KnownAnswerException(string suite) : Exception($"The known-answer test of {suite} failed. The vault does not serve.");

/// <summary>
/// Known-answer tests of every primitive the vault rests on, run at start-up against published values; those of our own
/// constructions were computed by a second implementation and pin them for ever.
/// </summary>
public static class KnownAnswers
{
    private static readonly (string Name, Func<bool> Passes)[] _suites =
    [
        ("AES-256 (FIPS 197 C.3)", Aes256),
        ("AES-256-GCM (NIST GCM test case 16)", Aes256Gcm),
        ("HMAC-SHA-256 (RFC 4231 case 2)", HmacSha256),
        ("DES, Triple DES (FIPS 46-3, SP 800-67)", SingleAndTripleDes),
        ("CVV (bank-card technical rule, test keys)", CardVerificationValues),
        ("CVV counter", CvvCounter),
        ("AES-CMAC (RFC 4493)", AesCmac),
        ("Key check values (ANSI X9.24-1)", CheckValues),
        ("PVV (Visa, test keys)", PinVerificationValues),
        ("PIN blocks (ISO 9564-1, formats 0 and 4)", PinBlocksOfBothFormats),
        ("Shares of the master key (Shamir, GF(2^8))", Shares),
        ("Luhn (ISO/IEC 7812-1)", Luhn),
        ("PAN permutation", Permutation),
        ("Key wrapping, PAN encryption, references", OwnEnvelopes),
    ];

    /// <summary>The names of the suites that passed: all of them.</summary>
    /// <exception cref="KnownAnswerException">Names the first suite that failed.</exception>
    public static IReadOnlyList<string> Run() => Run(_suites);

    internal static IReadOnlyList<string> Run(IEnumerable<(string Name, Func<bool> Passes)> suites)
    {
        var passed = new List<string>();
        foreach (var (name, passes) in suites)
        {
            if (!passes())
            {
                throw new KnownAnswerException(name);
            }
            passed.Add(name);
        }
        return passed;
    }

    private static bool Aes256()
    {
        using var aes = Aes.Create();
        aes.SetKey(Hex("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"));
        return aes.EncryptEcb(Hex("00112233445566778899AABBCCDDEEFF"), PaddingMode.None)
            .AsSpan().SequenceEqual(Hex("8EA2B7CA516745BFEAFC49904B496089"));
    }

    private static bool Aes256Gcm()
    {
        var key = Hex("FEFFE9928665731C6D6A8F9467308308FEFFE9928665731C6D6A8F9467308308");
        var nonce = Hex("CAFEBABEFACEDBADDECAF888");
        var data = Hex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2");
        var plaintext = Hex(
            "D9313225F88406E5A55909C5AFF5269A86A7A9531534F7DA2E4C303D8A318A72" +
            "1C3C0C95956809532FCF0E2449A6B525B16AEDF5AA0DE657BA637B39");
        var expected = Hex(
            "522DC1F099567D07F47F37A32A84427D643A8CDCBFE5C0C97598A2BD2555D1AA" +
            "8CB08E48590DBB3DA7B08B1056828838C5F61E6393BA7A0ABCC9F662");
        var expectedTag = Hex("76FC6ECE0F4E1768CDDF8853BB2D551B");

        var ciphertext = new byte[plaintext.Length];
        var tag = new byte[expectedTag.Length];
        var opened = new byte[plaintext.Length];
        using var aes = new AesGcm(key, tag.Length);
        aes.Encrypt(nonce, plaintext, ciphertext, tag, data);
        aes.Decrypt(nonce, ciphertext, tag, opened, data);
        return ciphertext.AsSpan().SequenceEqual(expected) && tag.AsSpan().SequenceEqual(expectedTag)
            && opened.AsSpan().SequenceEqual(plaintext) && RefusesAWrongTag(aes, nonce, ciphertext, tag, data);
    }

    private static bool RefusesAWrongTag(AesGcm aes, byte[] nonce, byte[] ciphertext, byte[] tag, byte[] data)
    {
        tag[0] ^= 1;
        try
        {
            aes.Decrypt(nonce, ciphertext, tag, new byte[ciphertext.Length], data);
            return false;
        }
        catch (AuthenticationTagMismatchException)
        {
            return true;
        }
    }

    private static bool HmacSha256() => HMACSHA256.HashData("Jefe"u8, "what do ya want for nothing?"u8)
        .AsSpan().SequenceEqual(Hex("5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843"));

    private static bool SingleAndTripleDes()
    {
        var single = Hex("0123456789ABCDEF");
        Des.Single(Hex("133457799BBCDFF1"), single);

        // SP 800-67's three-key example, first block: "The qufc".
        var triple = Hex("5468652071756663");
        Des.Triple(Hex("0123456789ABCDEF23456789ABCDEF01456789ABCDEF0123"), triple);
        return single.AsSpan().SequenceEqual(Hex("85E813540F0AB405")) && triple.AsSpan().SequenceEqual(Hex("A826FD8CE53B855F"));
    }

    private static bool CardVerificationValues()
    {
        var pair = Hex("0123456789ABCDEFFEDCBA9876543210");
        return VerificationValues.CardVerificationValue(pair, "4123456789012", "8701", "101") == "370"
            && VerificationValues.CardVerificationValue(pair, "4999988887777", "9105", "111") == "649"
            && VerificationValues.CardVerificationValue(pair, "4123456789012345", "8701", "101") == "561"
            && VerificationValues.CardVerificationValue(pair, "4666655554444111", "9206", "120") == "664"
            && VerificationValues.CardVerificationValue(pair, "1234567890123456", "9912", "220") == "170";
    }

    private static bool CvvCounter()
    {
        Span<byte> pair = stackalloc byte[16];
        VerificationValues.Diversify(Hex("0123456789ABCDEFFEDCBA9876543210"), 1, pair);
        return VerificationValues.CardVerificationValue(pair, "5105105105105100", "2911", "000") == "565"
            && VerificationValues.CardVerificationValue(pair, "5105105105105100", "1129", "000") == "134";
    }

    private static bool AesCmac()
    {
        Span<byte> mac = stackalloc byte[16];
        KeyCheck.Cmac(Hex("2B7E151628AED2A6ABF7158809CF4F3C"), Hex("6BC1BEE22E409F96E93D7E117393172AAE2D8A571E03AC9C9EB76FAC45AF8E5130C81C46A35CE411"), mac);
        return mac.SequenceEqual(Hex("DFA66747DE9AE63030CA32611497C827"));
    }

    private static bool CheckValues() =>
        KeyCheck.TripleDes(Hex("0123456789ABCDEFFEDCBA9876543210")) == "08D7B4" && KeyCheck.AesZeros(Hex("2B7E151628AED2A6ABF7158809CF4F3C")) == "7DF76B";

    private static bool PinVerificationValues()
    {
        var pair = Hex("0123456789ABCDEFFEDCBA9876543210");
        return VerificationValues.PinVerificationValue(pair, 1, "1122334455667788", "4524"u8) == "8523"
            && VerificationValues.PinVerificationValue(pair, 2, "1122334455667788", "1912"u8) == "3244";
    }

    private static bool PinBlocksOfBothFormats()
    {
        if (!PinBlocks.TryDecodeIso0(Hex("041261AAAAEDCBA9"), "5555555551234567", out var first)
            || !PinBlocks.TryDecipherIso4(Hex("C1D0F8FB4958670DBA40AB1F3752EF0D"), Hex("CC17F65586BFD0953010226C4FC5B3CA"), "432198765432109870", out var second))
        {
            return false;
        }
        Span<byte> block = stackalloc byte[PinBlocks.Iso0Bytes];
        using (first)
        using (second)
        {
            PinBlocks.EncodeIso0(first, "5555555551234567", block);
            return first.Digits.SequenceEqual("1234"u8) && second.Digits.SequenceEqual("1234"u8) && block.SequenceEqual(Hex("041261AAAAEDCBA9"))
                && !PinBlocks.TryDecodeIso0(Hex("041261AAAAEDCBAA"), "5555555551234567", out _);
        }
    }

    private static bool Shares()
    {
        var key = Hex("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F");
        var shares = MasterKeyShares.Split(key, needed: 2, total: 3);
        Span<byte> combined = stackalloc byte[Hsm.MasterKeyBytes];
        return MasterKeyShares.Multiply(0x57, 0x83) == 0xC1
            && MasterKeyShares.TryCombine([shares[2], shares[0]], combined, out _) && combined.SequenceEqual(key)
            && !MasterKeyShares.TryCombine([shares[1]], combined, out _);
    }

    private static bool Luhn() =>
        Pan.TryParse("4242424242424242", out _) && Pan.TryParse("2223003122003222", out _)
        && !Pan.TryParse("4242424242424241", out _) && !Pan.TryParse("5555444455554444", out _);

    private static bool Permutation()
    {
        var key = Hex("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F");
        return Gives("510510", 0, 22016867) && Gives("510510", 1, 581407703) && Gives("510510", 999999999, 547296903)
            && Gives("51051012", 2, 2629950) && Gives("4000001:10000000-10012344", 12344, 2022);

        bool Gives(string text, long counter, long offset)
        {
            if (!PanRange.TryParse(text, out var range))
            {
                return false;
            }
            using var permutation = new PanPermutation(key, range);
            return permutation.Permute(counter) == offset;
        }
    }

    private static bool OwnEnvelopes()
    {
        using var hsm = new Hsm(RandomNumberGenerator.GetBytes(Hsm.MasterKeyBytes));
        var now = DateTimeOffset.UnixEpoch;
        hsm.Load(
        [
            hsm.NewKey(KeyPurpose.PanEncryption, Guid.CreateVersion7(now), 1),
            hsm.NewKey(KeyPurpose.References, Guid.CreateVersion7(now), 1),
        ]);
        var record = Guid.CreateVersion7(now);
        var pan = Pan.Parse("5105105105105100");
        var reference = hsm.SealReference(SecretKind.Cvv, "123", "caller", record, now);
        return hsm.DecryptPan(record, hsm.EncryptPan(record, pan)) == pan
            && hsm.OpenReference(reference, "caller", record, now)?.Secret == "123"
            && hsm.OpenReference(reference, "another", record, now) is null;
    }

    private static byte[] Hex(string digits) => Convert.FromHexString(digits);
}
