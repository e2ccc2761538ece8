using System.Security.Cryptography;
using System.Text;

namespace Antaca.BalanceService.RemoteBalances;

/// <summary>
/// What a partner's host knows a transaction by: the same however often it is asked, before we have made anything of it. UUIDv8
/// (RFC 9562) of a hash.
/// </summary>
internal static class RemoteReference
{
    /// <summary>Of the processor's transaction. No part holds a line feed.</summary>
    public static Guid Of(string processor, string transactionId, string type) => Hashed($"{processor}\n{transactionId}\n{type}");

    /// <summary>Names a message that there is but one of for a transaction.</summary>
    public static Guid Message(Guid reference, string what) => Hashed($"{reference}\n{what}");

    private static Guid Hashed(string text)
    {
        var bytes = SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x80);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }
}
