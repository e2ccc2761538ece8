using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Antaca.DataCore.Vault;

/// <summary>DES and Triple DES on single blocks: what the card schemes' algorithms are defined on. Nothing new is sealed with them.</summary>
internal static class Des
{
    public const int KeyBytes = 8;
    public const int BlockBytes = 8;

    /// <summary>A double-length key: A, B, A.</summary>
    public const int PairBytes = 2 * KeyBytes;

    /// <summary>A triple-length key: A, B, C.</summary>
    public const int TripleBytes = 3 * KeyBytes;

    /// <summary>One block in place, under a key of double or triple length. Keys that make Triple DES single DES are taken as such.</summary>
    public static void Triple(ReadOnlySpan<byte> key, Span<byte> block, bool decrypt = false)
    {
        if (key.Length is not (PairBytes or TripleBytes))
        {
            throw new ArgumentException($"A Triple DES key has {PairBytes} or {TripleBytes} bytes.", nameof(key));
        }
        var first = key[..KeyBytes];
        var second = key[KeyBytes..PairBytes];
        var third = key.Length == PairBytes ? first : key[PairBytes..];
        if (SameKey(first, second))
        {
            Single(third, block, decrypt);
        }
        else if (SameKey(second, third))
        {
            Single(first, block, decrypt);
        }
        else
        {
            Triple(first, second, third, block, decrypt);
        }
    }

    /// <summary>One block in place under DES (FIPS 46-3).</summary>
    /// <remarks>
    /// DES by itself is in OpenSSL's legacy provider, which not every system installs; Triple DES is always there, but
    /// refuses two equal keys side by side. So with T(a,b,c) = E_c D_b E_a, n the complement of k and x another key:
    /// T(k,n,k) T(k,x,k)^-1 T(n,x,k) = (E_k D_n E_k) (D_k E_x D_k) (E_k D_x E_n) = E_k; its inverse backwards.
    /// </remarks>
    public static void Single(ReadOnlySpan<byte> key, Span<byte> block, bool decrypt = false)
    {
        Span<byte> complement = stackalloc byte[KeyBytes];
        Span<byte> other = stackalloc byte[KeyBytes];
        for (var i = 0; i < KeyBytes; i++)
        {
            complement[i] = (byte)(key[i] ^ 0xFF);
            other[i] = (byte)(key[i] ^ 0xF0);
        }
        try
        {
            if (decrypt)
            {
                Triple(key, complement, key, block, decrypt: true);
                Triple(key, other, key, block, decrypt: false);
                Triple(complement, other, key, block, decrypt: true);
            }
            else
            {
                Triple(complement, other, key, block, decrypt: false);
                Triple(key, other, key, block, decrypt: true);
                Triple(key, complement, key, block, decrypt: false);
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(complement);
            CryptographicOperations.ZeroMemory(other);
        }
    }

    /// <summary>Sets odd parity; false where two keys side by side are one, which would make Triple DES single DES.</summary>
    public static bool TryMakeKey(Span<byte> key)
    {
        foreach (ref var octet in key)
        {
            octet = (byte)((octet & 0xFE) | (~byte.PopCount((byte)(octet & 0xFE)) & 1));
        }
        return IsStrong(key);
    }

    /// <summary>Whether no two keys side by side are one, parity apart.</summary>
    public static bool IsStrong(ReadOnlySpan<byte> key)
    {
        for (var second = KeyBytes; second < key.Length; second += KeyBytes)
        {
            if (SameKey(key[(second - KeyBytes)..second], key[second..(second + KeyBytes)]))
            {
                return false;
            }
        }
        return true;
    }

    private static bool SameKey(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        var difference = 0;
        for (var i = 0; i < KeyBytes; i++)
        {
            difference |= (left[i] ^ right[i]) & 0xFE;
        }
        return difference == 0;
    }

    [SuppressMessage("Security", "CA5350", Justification = "The card schemes' algorithms are defined on Triple DES.")]
    private static void Triple(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third, Span<byte> block, bool decrypt)
    {
        Span<byte> key = stackalloc byte[TripleBytes];
        first.CopyTo(key);
        second.CopyTo(key[KeyBytes..]);
        third.CopyTo(key[PairBytes..]);
        try
        {
            using var des = TripleDES.Create();
            des.SetKey(key);
            _ = decrypt ? des.DecryptEcb(block, block, PaddingMode.None) : des.EncryptEcb(block, block, PaddingMode.None);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }
}
