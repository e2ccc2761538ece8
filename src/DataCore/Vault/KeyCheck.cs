using System.Security.Cryptography;

namespace Antaca.DataCore.Vault;

/// <summary>
/// Key check values: what two parties compare to know that they hold the same key, and what a record keeps so that a
/// wrong key is noticed before it is used. Upper-case hexadecimal.
/// </summary>
internal static class KeyCheck
{
    private const int BlockBytes = 16;
    private const int ZeroBlockBytes = 3;
    private const int CmacBytes = 5;
    private const byte Polynomial = 0x87;

    /// <summary>Of a Triple DES key: the first three bytes of zeros encrypted under it (ANSI X9.24-1).</summary>
    public static string TripleDes(ReadOnlySpan<byte> key)
    {
        Span<byte> block = stackalloc byte[Des.BlockBytes];
        block.Clear();
        Des.Triple(key, block);
        return Convert.ToHexString(block[..ZeroBlockBytes]);
    }

    /// <summary>
    /// Of an AES key: the first five bytes of the CMAC of one block of zeros (ANSI X9.24-1:2017). For keys of GCM this and
    /// not <see cref="AesZeros"/>: zeros encrypted are the key of its authentication.
    /// </summary>
    public static string AesCmac(ReadOnlySpan<byte> key)
    {
        Span<byte> zeros = stackalloc byte[BlockBytes];
        Span<byte> mac = stackalloc byte[BlockBytes];
        zeros.Clear();
        Cmac(key, zeros, mac);
        return Convert.ToHexString(mac[..CmacBytes]);
    }

    /// <summary>Of an AES key the older way, for parties that still use it: the first three bytes of zeros encrypted under it.</summary>
    public static string AesZeros(ReadOnlySpan<byte> key)
    {
        Span<byte> block = stackalloc byte[BlockBytes];
        block.Clear();
        using var aes = Aes.Create();
        aes.SetKey(key);
        aes.EncryptEcb(block, block, PaddingMode.None);
        return Convert.ToHexString(block[..ZeroBlockBytes]);
    }

    /// <summary>Of an HMAC key: the first five bytes of HMAC-SHA256 of "antaca/key-check/v1". No standard names one.</summary>
    public static string Hmac(ReadOnlySpan<byte> key)
    {
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, "antaca/key-check/v1"u8, mac);
        return Convert.ToHexString(mac[..CmacBytes]);
    }

    /// <summary>AES-CMAC (RFC 4493, NIST SP 800-38B). 16 bytes.</summary>
    public static void Cmac(ReadOnlySpan<byte> key, ReadOnlySpan<byte> message, Span<byte> mac)
    {
        Span<byte> subkey = stackalloc byte[BlockBytes];
        Span<byte> last = stackalloc byte[BlockBytes];
        using var aes = Aes.Create();
        aes.SetKey(key);
        try
        {
            subkey.Clear();
            aes.EncryptEcb(subkey, subkey, PaddingMode.None);
            Double(subkey);

            var whole = message.Length > 0 && message.Length % BlockBytes == 0;
            var before = whole ? message.Length - BlockBytes : message.Length / BlockBytes * BlockBytes;
            last.Clear();
            message[before..].CopyTo(last);
            if (!whole)
            {
                last[message.Length - before] = 0x80;
                Double(subkey);
            }
            Add(subkey, last);

            mac[..BlockBytes].Clear();
            for (var from = 0; from < before; from += BlockBytes)
            {
                Add(message.Slice(from, BlockBytes), mac);
                aes.EncryptEcb(mac[..BlockBytes], mac, PaddingMode.None);
            }
            Add(last, mac);
            aes.EncryptEcb(mac[..BlockBytes], mac, PaddingMode.None);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(subkey);
            CryptographicOperations.ZeroMemory(last);
        }
    }

    private static void Add(ReadOnlySpan<byte> block, Span<byte> to)
    {
        for (var i = 0; i < BlockBytes; i++)
        {
            to[i] ^= block[i];
        }
    }

    /// <summary>Times x in GF(2^128), without a branch on the key.</summary>
    private static void Double(Span<byte> block)
    {
        var carry = block[0] >> 7;
        for (var i = 0; i < BlockBytes - 1; i++)
        {
            block[i] = (byte)(((block[i] << 1) & 0xFF) | (block[i + 1] >> 7));
        }
        block[BlockBytes - 1] = (byte)(((block[BlockBytes - 1] << 1) & 0xFF) ^ (-carry & Polynomial));
    }
}
