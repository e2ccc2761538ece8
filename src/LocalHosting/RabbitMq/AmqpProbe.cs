using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Antaca.LocalHosting;

/// <summary>Opens and closes an AMQP 0-9-1 connection: the broker speaks, knows the user and has the virtual host "/".</summary>
internal static class AmqpProbe
{
    private const byte MethodFrame = 1;
    private const byte FrameEnd = 0xCE;
    private const int LargestFrame = 64 * 1024;
    private const short Connection = 10;
    private const short Start = 10, StartOk = 11, Tune = 30, TuneOk = 31, Open = 40, OpenOk = 41, Close = 50, CloseOk = 51;

    public static async Task<bool> Answers(int port, string user, string password, CancellationToken cancel)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port, cancel);
            var stream = client.GetStream();
            await stream.WriteAsync("AMQP\0\0\u0009\u0001"u8.ToArray(), cancel);
            await Expect(stream, Start, cancel);
            // client-properties (an empty table), mechanism, response, locale
            await Send(stream, StartOk, [0, 0, 0, 0, .. ShortText("PLAIN"), .. LongText($"\0{user}\0{password}"), .. ShortText("en_US")], cancel);
            var tune = await Expect(stream, Tune, cancel);
            await Send(stream, TuneOk, tune.AsMemory(4, 8).ToArray(), cancel);
            await Send(stream, Open, [.. ShortText("/"), 0, 0], cancel);
            await Expect(stream, OpenOk, cancel);
            await Send(stream, Close, [0, 200, .. ShortText("bye"), 0, 0, 0, 0], cancel);
            await Expect(stream, CloseOk, cancel);
            return true;
        }
        catch (Exception fault) when (fault is IOException or SocketException)
        {
            return false;
        }
    }

    private static async Task Send(NetworkStream stream, short method, byte[] arguments, CancellationToken cancel)
    {
        var frame = new byte[7 + 4 + arguments.Length + 1];
        frame[0] = MethodFrame;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(3), 4 + arguments.Length);
        BinaryPrimitives.WriteInt16BigEndian(frame.AsSpan(7), Connection);
        BinaryPrimitives.WriteInt16BigEndian(frame.AsSpan(9), method);
        arguments.CopyTo(frame.AsSpan(11));
        frame[^1] = FrameEnd;
        await stream.WriteAsync(frame, cancel);
    }

    /// <summary>Returns the frame's payload: class, method, arguments.</summary>
    private static async Task<byte[]> Expect(NetworkStream stream, short method, CancellationToken cancel)
    {
        var header = new byte[7];
        await stream.ReadExactlyAsync(header, cancel);
        var size = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(3));
        if (header[0] != MethodFrame || size is < 4 or > LargestFrame)
        {
            throw new IOException("Not a method frame.");
        }
        var payload = new byte[size + 1];
        await stream.ReadExactlyAsync(payload, cancel);
        return BinaryPrimitives.ReadInt16BigEndian(payload) == Connection && BinaryPrimitives.ReadInt16BigEndian(payload.AsSpan(2)) == method
            ? payload
            : throw new IOException("Another method than expected.");
    }

    private static byte[] ShortText(string text) => [(byte)text.Length, .. Encoding.UTF8.GetBytes(text)];

    private static byte[] LongText(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, bytes.Length);
        return [.. length, .. bytes];
    }
}
