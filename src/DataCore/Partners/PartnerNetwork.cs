using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Antaca.DataCore.Partners;

/// <summary>
/// A network (CIDR, RFC 4632 and RFC 4291) that a partner's servers call from. What could be read in two ways is refused and
/// never corrected: IPv4 in anything but four plain decimal numbers, a host bit that is set, a zone, brackets. IPv4 written as
/// IPv6 (<c>::ffff:0:0/96</c> and all in it) is refused too: whoever calls over IPv4 is compared with the IPv4 networks alone.
/// </summary>
internal static partial class PartnerNetwork
{
    /// <summary>The network as it is stored and shown, IPv6 as RFC 5952 has it; null for what is none.</summary>
    public static string? Canonical(string? text)
    {
        var parts = Form().Match(text ?? "");
        if (!parts.Success || !IPAddress.TryParse(parts.Groups["address"].ValueSpan, out var address))
        {
            return null;
        }
        var bits = int.Parse(parts.Groups["bits"].ValueSpan, CultureInfo.InvariantCulture);
        var readable = address.AddressFamily == AddressFamily.InterNetwork
            ? bits <= 32 && address.ToString() == parts.Groups["address"].Value
            : bits <= 128 && !address.IsIPv4MappedToIPv6;
        return readable && HasNoHostBit(address, bits) ? $"{address}/{bits}" : null;
    }

    /// <summary>The same for networks that have been found to be some.</summary>
    public static string[] AllCanonical(IReadOnlyList<string> networks) => [.. networks.Select(Canonical).OfType<string>()];

    private static bool HasNoHostBit(IPAddress address, int bits)
    {
        // The address from the left; a shift by all 128 bits would be none.
        Span<byte> left = stackalloc byte[16];
        left.Clear();
        address.TryWriteBytes(left, out _);
        return bits == 128 || BinaryPrimitives.ReadUInt128BigEndian(left) << bits == UInt128.Zero;
    }

    [GeneratedRegex(@"^(?:(?<address>[0-9]{1,3}(?:\.[0-9]{1,3}){3})|(?<address>[0-9A-Fa-f:]{2,39}))/(?<bits>0|[1-9][0-9]{0,2})\z")]
    private static partial Regex Form();
}
