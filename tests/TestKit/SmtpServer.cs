using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Antaca.TestKit;

/// <summary>
/// A real small mail server (RFC 5321, AUTH PLAIN of RFC 4954) that keeps what it is sent. A test may have it refuse
/// receivers, wait before it takes a message, or ask for a password.
/// </summary>
public sealed class SmtpServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();

    public SmtpServer()
    {
        _listener.Start();
        _ = Accept();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public ConcurrentQueue<Mail> Mails { get; } = new();

    /// <summary>The answer to RCPT by receiver, such as <c>550 no such mailbox</c>; everyone else is known.</summary>
    public ConcurrentDictionary<string, string> Refusals { get; } = new();

    /// <summary>Awaited before a message is taken.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    /// <summary>How many messages have arrived and wait at the gate or are taken.</summary>
    public int Arrived { get; private set; }

    /// <summary>What AUTH PLAIN must say; nobody is asked when null.</summary>
    public (string UserName, string Password)? Login { get; set; }

    public void Dispose()
    {
        _end.Cancel();
        _listener.Dispose();
        _end.Dispose();
    }

    private async Task Accept()
    {
        while (!_end.IsCancellationRequested)
        {
            TcpClient client;
            try
            {
                client = await _listener.AcceptTcpClientAsync(_end.Token);
            }
            catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
            _ = Serve(client);
        }
    }

    private async Task Serve(TcpClient client)
    {
        using (client)
        {
            try
            {
                using var reader = new StreamReader(client.GetStream(), Encoding.Latin1);
                await using var writer = new StreamWriter(client.GetStream(), Encoding.Latin1) { NewLine = "\r\n", AutoFlush = true };
                await Converse(reader, writer);
            }
            catch (IOException)
            {
                // The client has hung up.
            }
        }
    }

    private async Task Converse(StreamReader reader, StreamWriter writer)
    {
        var known = Login is null;
        var from = "";
        List<string> to = [];
        await writer.WriteLineAsync("220 localhost ESMTP");
        while (await reader.ReadLineAsync(_end.Token) is { } line)
        {
            var word = line.Split(' ', ':')[0].ToUpperInvariant();
            switch (word)
            {
                case "EHLO" or "HELO":
                    await writer.WriteLineAsync(Login is null ? "250 localhost" : "250-localhost\r\n250 AUTH PLAIN");
                    break;
                case "AUTH":
                    var said = Encoding.UTF8.GetString(Convert.FromBase64String(line.Split(' ')[^1])).Split('\0');
                    known = Login is { } login && said[1] == login.UserName && said[2] == login.Password;
                    await writer.WriteLineAsync(known ? "235 welcome" : "535 wrong password");
                    break;
                case "MAIL" when !known:
                    await writer.WriteLineAsync("530 say who you are");
                    break;
                case "MAIL":
                    from = Between(line);
                    to = [];
                    await writer.WriteLineAsync("250 ok");
                    break;
                case "RCPT":
                    if (Refusals.TryGetValue(Between(line), out var refusal))
                    {
                        await writer.WriteLineAsync(refusal);
                        break;
                    }
                    to.Add(Between(line));
                    await writer.WriteLineAsync("250 ok");
                    break;
                case "DATA":
                    await writer.WriteLineAsync("354 go on");
                    var text = await ReadData(reader);
                    Arrived++;
                    await Gate;
                    Mails.Enqueue(new Mail(from, to, text));
                    await writer.WriteLineAsync("250 taken");
                    break;
                case "RSET" or "NOOP":
                    await writer.WriteLineAsync("250 ok");
                    break;
                case "QUIT":
                    await writer.WriteLineAsync("221 bye");
                    return;
                default:
                    await writer.WriteLineAsync("502 not here");
                    break;
            }
        }
    }

    private async Task<string> ReadData(StreamReader reader)
    {
        var text = new StringBuilder();
        while (await reader.ReadLineAsync(_end.Token) is { } line and not ".")
        {
            text.Append(line.StartsWith('.') ? line[1..] : line).Append('\n');
        }
        return text.ToString();
    }

    private static string Between(string line) => line[(line.IndexOf('<') + 1)..line.IndexOf('>')];
}

/// <summary>A message as the server has it: the envelope, and headers and body as they came.</summary>
public sealed record Mail(string From, IReadOnlyList<string> To, string Text);
