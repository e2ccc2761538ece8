using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Antaca.DataCore.Vault;

/// <summary>The formats of ISO 9564-1 that PIN blocks travel in.</summary>
public enum PinBlockFormat
{
    /// <summary>8 bytes, added to a part of the PAN, under Triple DES.</summary>
    Iso0,

    /// <summary>16 bytes with random fill, bound to the whole PAN, under AES.</summary>
    Iso4,
}

/// <summary>
/// PIN blocks of ISO 9564-1. Pure: the keys come from the <see cref="Hsm"/>. A block that does not decode (wrong key, wrong
/// PAN, damaged) is refused by value, whatever is wrong with it: the sender learns nothing from the difference.
/// </summary>
internal static class PinBlocks
{
    public const int Iso0Bytes = 8;
    public const int Iso4Bytes = 16;

    private const int PinFieldBytes = 8;
    private const int FillFrom = 2;
    private const int FillTo = 2 * PinFieldBytes;
    private const int Iso0PanDigits = 12;
    private const int Iso4MinPanDigits = 12;
    private const int Iso4MaxPanDigits = 19;
    private const int Iso0Control = 0x0;
    private const int Iso0Fill = 0xF;
    private const int Iso4Control = 0x4;
    private const int Iso4Fill = 0xA;

    public static int LengthOf(PinBlockFormat format) => format == PinBlockFormat.Iso0 ? Iso0Bytes : Iso4Bytes;

    /// <summary>Writes the clear format 0 block; it is not to leave before it is encrypted.</summary>
    public static void EncodeIso0(Pin pin, ReadOnlySpan<char> pan, Span<byte> block)
    {
        WritePinField(pin, Iso0Control, Iso0Fill, block);
        AddIso0Pan(pan, block);
    }

    /// <summary>Reads the clear format 0 block.</summary>
    public static bool TryDecodeIso0(ReadOnlySpan<byte> block, ReadOnlySpan<char> pan, [NotNullWhen(true)] out Pin? pin)
    {
        pin = null;
        if (block.Length != Iso0Bytes)
        {
            return false;
        }
        Span<byte> field = stackalloc byte[PinFieldBytes];
        block.CopyTo(field);
        AddIso0Pan(pan, field);
        try
        {
            return TryReadPinField(field, Iso0Control, Iso0Fill, out pin);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(field);
        }
    }

    /// <summary>Writes the encrypted format 4 block: AES of (AES of the PIN field, added to the PAN field).</summary>
    /// <param name="key">An AES key of 16, 24 or 32 bytes.</param>
    public static void EncipherIso4(ReadOnlySpan<byte> key, Pin pin, ReadOnlySpan<char> pan, Span<byte> block)
    {
        WritePinField(pin, Iso4Control, Iso4Fill, block);
        RandomNumberGenerator.Fill(block[PinFieldBytes..Iso4Bytes]);
        using var aes = SingleBlocks(key);
        aes.EncryptEcb(block, block, PaddingMode.None);
        AddIso4Pan(pan, block);
        aes.EncryptEcb(block, block, PaddingMode.None);
    }

    /// <summary>Reads the encrypted format 4 block.</summary>
    public static bool TryDecipherIso4(ReadOnlySpan<byte> key, ReadOnlySpan<byte> block, ReadOnlySpan<char> pan, [NotNullWhen(true)] out Pin? pin)
    {
        pin = null;
        if (block.Length != Iso4Bytes)
        {
            return false;
        }
        Span<byte> field = stackalloc byte[Iso4Bytes];
        try
        {
            using var aes = SingleBlocks(key);
            aes.DecryptEcb(block, field, PaddingMode.None);
            AddIso4Pan(pan, field);
            aes.DecryptEcb(field, field, PaddingMode.None);
            return TryReadPinField(field[..PinFieldBytes], Iso4Control, Iso4Fill, out pin);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(field);
        }
    }

    /// <summary>Control nibble, length, digits, fill.</summary>
    private static void WritePinField(Pin pin, int control, int fill, Span<byte> field)
    {
        field[0] = (byte)((control << 4) | pin.Length);
        for (var i = FillFrom; i < FillTo; i += 2)
        {
            field[i / 2] = (byte)((NibbleAt(pin, i - FillFrom, fill) << 4) | NibbleAt(pin, i + 1 - FillFrom, fill));
        }
    }

    private static int NibbleAt(Pin pin, int place, int fill) => place < pin.Length ? pin.Digits[place] - '0' : fill;

    private static bool TryReadPinField(ReadOnlySpan<byte> field, int control, int fill, [NotNullWhen(true)] out Pin? pin)
    {
        pin = null;
        var length = field[0] & 0x0F;
        if (field[0] >> 4 != control || length is < Pin.MinDigits or > Pin.MaxDigits)
        {
            return false;
        }
        Span<char> digits = stackalloc char[Pin.MaxDigits];
        try
        {
            var valid = true;
            for (var i = FillFrom; i < FillTo; i++)
            {
                var nibble = i % 2 == 0 ? field[i / 2] >> 4 : field[i / 2] & 0x0F;
                var place = i - FillFrom;
                if (place < length)
                {
                    valid &= nibble <= 9;
                    digits[place] = (char)('0' + nibble);
                }
                else
                {
                    valid &= nibble == fill;
                }
            }
            return valid && Pin.TryParse(digits[..length], out pin);
        }
        finally
        {
            digits.Clear();
        }
    }

    /// <summary>Four zeros and the last twelve digits of the PAN before its check digit.</summary>
    private static void AddIso0Pan(ReadOnlySpan<char> pan, Span<byte> field)
    {
        var account = pan[..^1];
        for (var i = 0; i < Iso0PanDigits; i++)
        {
            var place = account.Length - Iso0PanDigits + i;
            var digit = place < 0 ? 0 : account[place] - '0';
            field[(FillTo - Iso0PanDigits + i) / 2] ^= (byte)(i % 2 == 0 ? digit << 4 : digit);
        }
    }

    /// <summary>How many digits the PAN has beyond twelve, then the PAN, then zeros.</summary>
    private static void AddIso4Pan(ReadOnlySpan<char> pan, Span<byte> field)
    {
        if (pan.Length is < Iso4MinPanDigits or > Iso4MaxPanDigits)
        {
            throw new ArgumentException($"A format 4 block takes a PAN of {Iso4MinPanDigits} to {Iso4MaxPanDigits} digits.", nameof(pan));
        }
        field[0] ^= (byte)((pan.Length - Iso4MinPanDigits) << 4);
        for (var i = 0; i < pan.Length; i++)
        {
            var digit = pan[i] - '0';
            field[(i + 1) / 2] ^= (byte)(i % 2 == 0 ? digit : digit << 4);
        }
    }

    private static Aes SingleBlocks(ReadOnlySpan<byte> key)
    {
        var aes = Aes.Create();
        aes.SetKey(key);
        return aes;
    }
}
