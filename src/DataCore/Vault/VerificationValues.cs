using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Antaca.DataCore.Vault;

/// <summary>The values that prove a card or a PIN, as the schemes define them. Pure: the keys come from the <see cref="Hsm"/>.</summary>
internal static class VerificationValues
{
    /// <summary>The PIN verification key index that a PVV may name: Visa has six pairs of keys for one range of cards.</summary>
    public const int MaxPinKeyIndex = 6;

    private const int ServiceCodeDigits = 3;
    private const int ExpiryDigits = 4;
    private const int TransformedAccountDigits = 11;

    /// <summary>
    /// The card verification value of the bank-card technical rule: PAN, expiry and service code as 32 digits padded with
    /// zeros, in two blocks; the first encrypted under key A, added to the second, that under A, B, A; decimalised.
    /// </summary>
    /// <param name="pair">Keys A and B, 8 bytes each.</param>
    /// <param name="expiry">Four digits.</param>
    /// <param name="serviceCode">Three digits.</param>
    public static string CardVerificationValue(ReadOnlySpan<byte> pair, ReadOnlySpan<char> pan, ReadOnlySpan<char> expiry, ReadOnlySpan<char> serviceCode)
    {
        if (expiry.Length != ExpiryDigits || serviceCode.Length != ServiceCodeDigits)
        {
            throw new ArgumentException($"An expiry has {ExpiryDigits} digits and a service code {ServiceCodeDigits}.");
        }
        Span<char> digits = stackalloc char[4 * Des.BlockBytes];
        Span<byte> blocks = stackalloc byte[2 * Des.BlockBytes];
        try
        {
            digits.Fill('0');
            pan.CopyTo(digits);
            expiry.CopyTo(digits[pan.Length..]);
            serviceCode.CopyTo(digits[(pan.Length + ExpiryDigits)..]);
            Convert.FromHexString(digits, blocks, out _, out _);

            var first = blocks[..Des.BlockBytes];
            var second = blocks[Des.BlockBytes..];
            Des.Single(pair[..Des.KeyBytes], first);
            for (var i = 0; i < Des.BlockBytes; i++)
            {
                first[i] ^= second[i];
            }
            Des.Triple(pair, first);
            return Decimalised(first, Cvv.Digits);
        }
        finally
        {
            digits.Clear();
            CryptographicOperations.ZeroMemory(blocks);
        }
    }

    /// <summary>
    /// The Visa PIN verification value: the last eleven digits of the PAN before its check digit, the key's index and the
    /// first four digits of the PIN, encrypted under A, B, A; decimalised.
    /// </summary>
    /// <param name="pair">Keys A and B, 8 bytes each.</param>
    /// <param name="keyIndex">1 to <see cref="MaxPinKeyIndex"/>.</param>
    /// <param name="pin">ASCII digits, 4 or more.</param>
    public static string PinVerificationValue(ReadOnlySpan<byte> pair, int keyIndex, ReadOnlySpan<char> pan, ReadOnlySpan<byte> pin)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(keyIndex is >= 1 and <= MaxPinKeyIndex, true, nameof(keyIndex));
        Span<char> digits = stackalloc char[2 * Des.BlockBytes];
        Span<byte> block = stackalloc byte[Des.BlockBytes];
        try
        {
            pan[^(TransformedAccountDigits + 1)..^1].CopyTo(digits);
            digits[TransformedAccountDigits] = (char)('0' + keyIndex);
            for (var i = 0; i < Pvv.Digits; i++)
            {
                digits[TransformedAccountDigits + 1 + i] = (char)pin[i];
            }
            Convert.FromHexString(digits, block, out _, out _);
            Des.Triple(pair, block);
            return Decimalised(block, Pvv.Digits);
        }
        finally
        {
            digits.Clear();
            CryptographicOperations.ZeroMemory(block);
        }
    }

    /// <summary>
    /// The pair for a card's CVV counter: the programme's own for 0, otherwise the first 16 bytes of
    /// HMAC-SHA256(CVK A | CVK B, "antaca/cvv-counter/v1/" | counter | attempt) with odd parity (counter and attempt four
    /// bytes each, big-endian; the attempt is 0, or the next that gives two different keys).
    /// </summary>
    public static void Diversify(ReadOnlySpan<byte> programmePair, int counter, Span<byte> pair)
    {
        if (counter == 0)
        {
            programmePair.CopyTo(pair);
            return;
        }

        var label = "antaca/cvv-counter/v1/"u8;
        Span<byte> input = stackalloc byte[label.Length + 2 * sizeof(int)];
        label.CopyTo(input);
        BinaryPrimitives.WriteInt32BigEndian(input[label.Length..], counter);
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        var attempt = 0;
        do
        {
            BinaryPrimitives.WriteInt32BigEndian(input[(label.Length + sizeof(int))..], attempt++);
            HMACSHA256.HashData(programmePair, input, hash);
            hash[..pair.Length].CopyTo(pair);
        }
        while (!Des.TryMakeKey(pair));
        CryptographicOperations.ZeroMemory(hash);
    }

    /// <summary>The decimal digits of the block in its order, then its letters less ten: the first <paramref name="length"/> of them.</summary>
    private static string Decimalised(ReadOnlySpan<byte> block, int length)
    {
        Span<char> value = stackalloc char[2 * Des.BlockBytes];
        var written = 0;
        for (var letters = 0; letters <= 1; letters++)
        {
            for (var i = 0; i < 2 * Des.BlockBytes; i++)
            {
                var nibble = i % 2 == 0 ? block[i / 2] >> 4 : block[i / 2] & 0x0F;
                if (nibble / 10 == letters)
                {
                    value[written++] = (char)('0' + nibble % 10);
                }
            }
        }
        var result = new string(value[..length]);
        value.Clear();
        return result;
    }
}
