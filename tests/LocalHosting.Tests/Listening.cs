using System.Globalization;
using System.Net;

namespace Antaca.LocalHosting.Tests;

/// <summary>Where a process listens, from /proc.</summary>
internal static class Listening
{
    private const string ListenState = "0A";

    public static IReadOnlyList<string> Of(int process)
    {
        var sockets = Directory.EnumerateFiles($"/proc/{process}/fd")
            .Select(handle => File.ResolveLinkTarget(handle, returnFinalTarget: false)?.Name ?? "")
            .ToHashSet();
        return [.. In("tcp").Concat(In("tcp6")).Where(listener => sockets.Contains($"socket:[{listener.Socket}]")).Select(listener => listener.Address).Order(StringComparer.Ordinal)];

        // Columns of /proc/net/tcp: sl, local address, remote address, state, ..., inode (the tenth).
        IEnumerable<(string Address, string Socket)> In(string table) =>
            from line in File.ReadLines($"/proc/{process}/net/{table}").Skip(1)
            let columns = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            where columns[3] == ListenState
            select (Readable(columns[1]), columns[9]);
    }

    private static string Readable(string hexadecimal)
    {
        var (address, port) = (hexadecimal.Split(':')[0], int.Parse(hexadecimal.Split(':')[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
        var bytes = Convert.FromHexString(address);
        for (var word = 0; word < bytes.Length; word += 4)
        {
            Array.Reverse(bytes, word, 4);
        }
        return new IPEndPoint(new IPAddress(bytes), port).ToString();
    }
}
