using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Antaca.DataCore.Vault;

/// <summary>What a share that does not fit is told.</summary>
public enum ShareFault
{
    /// <summary>Not a share, or one that was copied wrongly.</summary>
    Unreadable,

    /// <summary>The same share was given already.</summary>
    Repeated,

    /// <summary>A share of another split.</summary>
    OfAnotherSplit,

    /// <summary>Fewer than the split asks for.</summary>
    TooFew,

    /// <summary>Each reads well, and together they are not the key: at least one is forged.</summary>
    NotTheKey,
}

/// <summary>
/// One of n shares of the master key, of which any m make the key and fewer say nothing of it (Shamir, "How to Share a
/// Secret", 1979). Prints without the share itself; cleared when it is disposed of.
/// </summary>
/// <remarks>
/// As text: <c>antaca1-</c> and base64url of format (1 byte), m, n, its own number x (1 byte each), the checksum of the set
/// (16), the values at x (32), and the first four bytes of SHA-256 over all of that. The checksum of the set is
/// HMAC-SHA256 under the master key of "antaca/master-key-shares/v1/", the salt and m and n, with its salt (8) before the
/// first 8 bytes of it: it tells the shares of one split from those of another, and the key from what is not the key.
/// </remarks>
public sealed class MasterKeyShare : IDisposable
{
    internal const int SetBytes = 16;

    private const string Prefix = "antaca1-";
    private const byte Format = 1;
    private const int HeadBytes = 4;
    private const int CheckBytes = 4;
    private const int Bytes = HeadBytes + SetBytes + Hsm.MasterKeyBytes + CheckBytes;
    private const int MaxTextLength = 128;

    private readonly byte[] _bytes;

    private MasterKeyShare(byte[] bytes) => _bytes = bytes;

    /// <summary>How many shares make the key.</summary>
    public int Needed => _bytes[1];

    /// <summary>How many shares there are.</summary>
    public int Total => _bytes[2];

    /// <summary>Which of them this is, from 1 on.</summary>
    public int Number => _bytes[3];

    /// <summary>The checksum of the set: the same in all shares of one split.</summary>
    internal ReadOnlySpan<byte> Set => _bytes.AsSpan(HeadBytes, SetBytes);

    internal Span<byte> Values => _bytes.AsSpan(HeadBytes + SetBytes, Hsm.MasterKeyBytes);

    /// <summary>Trusts nothing. White space around the text is let pass.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out MasterKeyShare? share)
    {
        share = null;
        text = text.Trim();
        if (text.Length > MaxTextLength || !text.StartsWith(Prefix, StringComparison.Ordinal) || !Base64Url.IsValid(text[Prefix.Length..], out var length) || length != Bytes)
        {
            return false;
        }
        var read = new MasterKeyShare(GC.AllocateArray<byte>(Bytes, pinned: true));
        Span<byte> check = stackalloc byte[SHA256.HashSizeInBytes];
        if (Base64Url.DecodeFromChars(text[Prefix.Length..], read._bytes) == Bytes)
        {
            SHA256.HashData(read._bytes.AsSpan(..^CheckBytes), check);
            if (check[..CheckBytes].SequenceEqual(read._bytes.AsSpan(^CheckBytes..)) && read._bytes[0] == Format
                && MasterKeyShares.IsSplit(read.Needed, read.Total) && read.Number >= 1 && read.Number <= read.Total)
            {
                share = read;
                return true;
            }
        }
        read.Dispose();
        return false;
    }

    /// <summary>The text to hand to its holder. Whoever calls this may see a share.</summary>
    public string Reveal() => Prefix + Base64Url.EncodeToString(_bytes);

    public void Dispose() => CryptographicOperations.ZeroMemory(_bytes);

    /// <summary>Never prints the share.</summary>
    public override string ToString() => $"share {Number} of {Total}, of which {Needed} are needed";

    internal static MasterKeyShare Of(int needed, int total, int number, ReadOnlySpan<byte> set, ReadOnlySpan<byte> values)
    {
        var share = new MasterKeyShare(GC.AllocateArray<byte>(Bytes, pinned: true));
        share._bytes[0] = Format;
        share._bytes[1] = (byte)needed;
        share._bytes[2] = (byte)total;
        share._bytes[3] = (byte)number;
        set.CopyTo(share._bytes.AsSpan(HeadBytes));
        values.CopyTo(share.Values);
        Span<byte> check = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(share._bytes.AsSpan(..^CheckBytes), check);
        check[..CheckBytes].CopyTo(share._bytes.AsSpan(^CheckBytes..));
        return share;
    }
}

/// <summary>Splits the master key into shares and puts it together again: polynomials over GF(2^8), the key at 0.</summary>
public static class MasterKeyShares
{
    public const int MinNeeded = 2;
    public const int MaxTotal = 16;

    private const int SaltBytes = 8;

    /// <summary>Whether m of n is a split that this makes.</summary>
    public static bool IsSplit(int needed, int total) => needed >= MinNeeded && needed <= total && total <= MaxTotal;

    /// <param name="masterKey">256 bits.</param>
    /// <param name="needed">How many shares shall make the key: 2 or more.</param>
    /// <param name="total">How many there shall be: <paramref name="needed"/> to 16.</param>
    public static IReadOnlyList<MasterKeyShare> Split(ReadOnlySpan<byte> masterKey, int needed, int total)
    {
        if (masterKey.Length != Hsm.MasterKeyBytes)
        {
            throw new ArgumentException($"The master key has {Hsm.MasterKeyBytes} bytes.", nameof(masterKey));
        }
        if (!IsSplit(needed, total))
        {
            throw new ArgumentOutOfRangeException(nameof(needed), $"A split is m of n with {MinNeeded} <= m <= n <= {MaxTotal}.");
        }

        Span<byte> set = stackalloc byte[MasterKeyShare.SetBytes];
        RandomNumberGenerator.Fill(set[..SaltBytes]);
        CompleteSet(masterKey, needed, total, set);
        // Row i holds the coefficients of x^i for each byte of the key.
        var coefficients = GC.AllocateArray<byte>(needed * Hsm.MasterKeyBytes, pinned: true);
        Span<byte> values = stackalloc byte[Hsm.MasterKeyBytes];
        try
        {
            RandomNumberGenerator.Fill(coefficients);
            masterKey.CopyTo(coefficients);
            var shares = new List<MasterKeyShare>(total);
            for (var number = 1; number <= total; number++)
            {
                values.Clear();
                for (var power = needed - 1; power >= 0; power--)
                {
                    for (var i = 0; i < values.Length; i++)
                    {
                        values[i] = (byte)(Multiply(values[i], (byte)number) ^ coefficients[power * Hsm.MasterKeyBytes + i]);
                    }
                }
                shares.Add(MasterKeyShare.Of(needed, total, number, set, values));
            }
            return shares;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(coefficients);
            CryptographicOperations.ZeroMemory(values);
        }
    }

    /// <summary>Whether <paramref name="share"/> may join those that were given before; otherwise says why not.</summary>
    public static bool Fits(MasterKeyShare share, IReadOnlyList<MasterKeyShare> given, out ShareFault fault)
    {
        fault = default;
        if (given is [var first, ..] && (!share.Set.SequenceEqual(first.Set) || share.Needed != first.Needed || share.Total != first.Total))
        {
            fault = ShareFault.OfAnotherSplit;
            return false;
        }
        if (given.Any(other => other.Number == share.Number))
        {
            fault = ShareFault.Repeated;
            return false;
        }
        return true;
    }

    /// <summary>Puts the key together from as many shares as are needed, or more; all that are given must agree.</summary>
    /// <param name="masterKey">Receives the key: 32 bytes. All zeros where there is a fault.</param>
    public static bool TryCombine(IReadOnlyList<MasterKeyShare> shares, Span<byte> masterKey, out ShareFault fault)
    {
        masterKey.Clear();
        for (var i = 0; i < shares.Count; i++)
        {
            if (!Fits(shares[i], [.. shares.Take(i)], out fault))
            {
                return false;
            }
        }
        if (shares.Count == 0 || shares.Count < shares[0].Needed)
        {
            fault = ShareFault.TooFew;
            return false;
        }

        var key = masterKey[..Hsm.MasterKeyBytes];
        foreach (var share in shares)
        {
            // Lagrange's polynomial of this share at 0: the product of x_j / (x_j - x_i), where minus is xor.
            byte weight = 1;
            foreach (var other in shares)
            {
                if (other.Number != share.Number)
                {
                    weight = Multiply(weight, Multiply((byte)other.Number, Inverse((byte)(other.Number ^ share.Number))));
                }
            }
            for (var i = 0; i < key.Length; i++)
            {
                key[i] ^= Multiply(share.Values[i], weight);
            }
        }

        Span<byte> set = stackalloc byte[MasterKeyShare.SetBytes];
        shares[0].Set[..SaltBytes].CopyTo(set);
        CompleteSet(key, shares[0].Needed, shares[0].Total, set);
        if (!CryptographicOperations.FixedTimeEquals(set, shares[0].Set))
        {
            CryptographicOperations.ZeroMemory(masterKey);
            fault = ShareFault.NotTheKey;
            return false;
        }
        fault = default;
        return true;
    }

    /// <summary>The product in GF(2^8) of FIPS 197 (x^8 + x^4 + x^3 + x + 1), without a branch or a table that the factors choose.</summary>
    internal static byte Multiply(byte left, byte right)
    {
        var product = 0;
        int shifted = left;
        for (var bit = 0; bit < 8; bit++)
        {
            product ^= -((right >> bit) & 1) & shifted;
            shifted = ((shifted << 1) & 0xFF) ^ (-(shifted >> 7) & 0x1B);
        }
        return (byte)product;
    }

    /// <summary>The 254th power, which times the number is 1. Of 0 it is 0.</summary>
    internal static byte Inverse(byte number)
    {
        byte power = 1;
        for (var bit = 7; bit >= 0; bit--)
        {
            power = Multiply(power, power);
            if ((254 >> bit & 1) == 1)
            {
                power = Multiply(power, number);
            }
        }
        return power;
    }

    /// <summary>Fills in what the salt at the start of <paramref name="set"/> and the key make of the rest.</summary>
    private static void CompleteSet(ReadOnlySpan<byte> masterKey, int needed, int total, Span<byte> set)
    {
        var label = "antaca/master-key-shares/v1/"u8;
        Span<byte> input = stackalloc byte[label.Length + SaltBytes + 2];
        label.CopyTo(input);
        set[..SaltBytes].CopyTo(input[label.Length..]);
        input[^2] = (byte)needed;
        input[^1] = (byte)total;
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(masterKey, input, mac);
        mac[..(MasterKeyShare.SetBytes - SaltBytes)].CopyTo(set[SaltBytes..]);
    }
}
