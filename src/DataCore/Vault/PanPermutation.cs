using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace Antaca.DataCore.Vault;

/// <summary>
/// The account numbers of one BIN that one counter hands out: all of them, or <see cref="Size"/> from <see cref="First"/>.
/// A range that has given out a number never changes: another size is another permutation, whose numbers may collide with
/// those given. To grow, add a range beside it.
/// </summary>
public readonly record struct PanRange
{
    private const int MinBinDigits = 6;
    private const int MaxBinDigits = 8;

    private PanRange(string bin, long first, long size)
    {
        Bin = bin;
        First = first;
        Size = size;
    }

    /// <summary>Six to eight digits.</summary>
    public string Bin { get; }

    public long First { get; }

    /// <summary>How many numbers it holds: 1 to 10^9.</summary>
    public long Size { get; }

    private int AccountDigits => Pan.Digits - 1 - Bin.Length;

    /// <summary>Reads <c>510510</c> (the whole BIN) or <c>510510:000000000-099999999</c> (from and to, inclusive).</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out PanRange range)
    {
        range = default;
        if (text is null)
        {
            return false;
        }

        var bin = text.Split(':')[0];
        if (bin.Length is < MinBinDigits or > MaxBinDigits || bin.AsSpan().ContainsAnyExceptInRange('0', '9'))
        {
            return false;
        }

        var digits = Pan.Digits - 1 - bin.Length;
        if (text.Length == bin.Length)
        {
            range = new PanRange(bin, 0, CountOf(digits));
            return true;
        }

        var bounds = text[(bin.Length + 1)..].Split('-');
        if (bounds is not [{ } from, { } to] || from.Length != digits || to.Length != digits
            || !long.TryParse(from, NumberStyles.None, CultureInfo.InvariantCulture, out var first)
            || !long.TryParse(to, NumberStyles.None, CultureInfo.InvariantCulture, out var last)
            || last < first)
        {
            return false;
        }
        range = new PanRange(bin, first, last - first + 1);
        return true;
    }

    /// <summary>True where the two could give out the same number.</summary>
    public bool Overlaps(PanRange other)
    {
        var (from, to) = Numbers();
        var (otherFrom, otherTo) = other.Numbers();
        return from < otherTo && otherFrom < to;
    }

    /// <summary>The PAN of the account number at <paramref name="offset"/> from <see cref="First"/>.</summary>
    internal Pan PanAt(long offset)
    {
        var account = (First + offset).ToString(CultureInfo.InvariantCulture).PadLeft(AccountDigits, '0');
        var body = Bin + account;
        return Pan.Parse(body + Pan.LuhnDigit(body));
    }

    public override string ToString()
    {
        var format = new string('0', AccountDigits);
        return string.Create(CultureInfo.InvariantCulture, $"{Bin}:{First.ToString(format, CultureInfo.InvariantCulture)}-{(First + Size - 1).ToString(format, CultureInfo.InvariantCulture)}");
    }

    private (long From, long To) Numbers()
    {
        var start = long.Parse(Bin, CultureInfo.InvariantCulture) * CountOf(AccountDigits) + First;
        return (start, start + Size);
    }

    private static long CountOf(int digits)
    {
        var count = 1L;
        for (var i = 0; i < digits; i++)
        {
            count *= 10;
        }
        return count;
    }
}

/// <summary>
/// A keyed permutation of the account numbers of one range: counters 0, 1, 2 ... come out as numbers that never repeat
/// and do not show their order.
/// </summary>
/// <remarks>
/// <para>
/// A balanced Feistel network over 2w bits, the smallest even width that holds the range (at most four times its size),
/// with cycle walking (Black and Rogaway, "Ciphers with Arbitrary Finite Domains", 2002): a result outside the range goes
/// through again until it falls inside, which restricts a permutation of 2^2w values to one of exactly the range. Fewer
/// than four passes are expected; the walk ends because it follows a cycle that began inside.
/// </para>
/// <para>
/// The round function is AES-256 of (round, half), truncated to w bits: a pseudorandom function up to the birthday bound,
/// which w of at most 15 bits never meets. Luby and Rackoff give security from four rounds on for large halves; the halves
/// here are small, for which NIST SP 800-38G uses ten (FF1), and the known attacks on small domains lose with every round
/// more, so there are sixteen. FF1 itself works on digit strings and cannot take a range inside a BIN.
/// </para>
/// <para>
/// The key is HMAC-SHA256 of the range under the vault's permutation key, so ranges are independent of each other.
/// The construction is fixed for ever: another one would give out numbers again.
/// </para>
/// Not for several threads at once.
/// </remarks>
public sealed class PanPermutation : IDisposable
{
    private const int Rounds = 16;
    private const int BlockBytes = 16;

    private readonly Aes _aes = Aes.Create();
    private readonly ICryptoTransform _encrypt;
    private readonly byte[] _input = new byte[BlockBytes];
    private readonly byte[] _output = new byte[BlockBytes];
    private readonly PanRange _range;
    private readonly int _halfBits;
    private readonly uint _halfMask;

    /// <param name="key">The vault's permutation key.</param>
    /// <param name="range">The numbers to give out.</param>
    public PanPermutation(ReadOnlySpan<byte> key, PanRange range)
    {
        _range = range;
        _halfBits = Math.Max(1, (64 - BitOperations.LeadingZeroCount((ulong)(range.Size - 1)) + 1) / 2);
        _halfMask = (1u << _halfBits) - 1;

        Span<byte> rangeKey = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, Encoding.ASCII.GetBytes("antaca/pan-permutation/v1/" + range), rangeKey);
        _aes.SetKey(rangeKey);
        CryptographicOperations.ZeroMemory(rangeKey);
        // Single blocks through a pseudorandom function: there is no message that ECB could give away.
        _aes.Mode = CipherMode.ECB;
        _aes.Padding = PaddingMode.None;
        _encrypt = _aes.CreateEncryptor();
    }

    /// <summary>The PAN of a counter.</summary>
    /// <param name="counter">0 to the size of the range - 1.</param>
    public Pan PanAt(long counter) => _range.PanAt(Permute(counter));

    /// <summary>The offset in the range that a counter is sent to.</summary>
    /// <param name="counter">0 to the size of the range - 1.</param>
    public long Permute(long counter)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(counter);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(counter, _range.Size);
        var value = counter;
        do
        {
            value = Pass(value);
        }
        while (value >= _range.Size);
        return value;
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_input);
        CryptographicOperations.ZeroMemory(_output);
        _encrypt.Dispose();
        _aes.Dispose();
    }

    private long Pass(long value)
    {
        var left = (uint)(value >> _halfBits);
        var right = (uint)(value & _halfMask);
        for (var round = 0; round < Rounds; round++)
        {
            (left, right) = (right, left ^ (RoundFunction(round, right) & _halfMask));
        }
        return ((long)left << _halfBits) | right;
    }

    private uint RoundFunction(int round, uint half)
    {
        _input[0] = (byte)round;
        BinaryPrimitives.WriteUInt32BigEndian(_input.AsSpan(BlockBytes - sizeof(uint)), half);
        _encrypt.TransformBlock(_input, 0, BlockBytes, _output, 0);
        return BinaryPrimitives.ReadUInt32BigEndian(_output);
    }
}
