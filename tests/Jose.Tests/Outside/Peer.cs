using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Antaca.Jose.Tests.Outside;

/// <summary>Another's implementation of JWE in a process of its own, which answers one line with one line.</summary>
public abstract class Peer : IDisposable
{
    private const int AnswerTimeoutSeconds = 60;
    private static readonly UTF8Encoding _utf8 = new(encoderShouldEmitUTF8Identifier: false);

    private readonly string _name;
    private readonly Process _process;
    private readonly StringBuilder _complaints = new();
    private readonly SemaphoreSlim _turn = new(1);

    private protected Peer(string name, string program, params string[] arguments)
    {
        _name = name;
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = _utf8,
            StandardOutputEncoding = _utf8,
        };
        try
        {
            _process = Process.Start(start)!;
        }
        catch (Win32Exception missing)
        {
            throw Missing(missing.Message);
        }
        _process.ErrorDataReceived += (_, told) =>
        {
            lock (_complaints)
            {
                _complaints.AppendLine(told.Data);
            }
        };
        _process.BeginErrorReadLine();
    }

    private protected static string Script(string name) => Path.Combine(AppContext.BaseDirectory, "Outside", name);

    /// <summary>Seals for our key.</summary>
    public async Task<string> Encrypt(RsaPrivateKey recipient, string alg, string plaintext, string enc = "A256GCM", string? zip = null)
    {
        var request = new JsonObject { ["verb"] = "encrypt", ["publicJwk"] = JsonNode.Parse(recipient.PublicKey.Jwk.ToJson()), ["alg"] = alg, ["enc"] = enc, ["plaintext"] = plaintext };
        if (zip is not null)
        {
            request["zip"] = zip;
        }
        return Told(await Ask(request), "compact");
    }

    /// <summary>Opens with our key; throws with the peer's own words where it does not open.</summary>
    public async Task<string> Decrypt(RsaPrivateKey key, string compact) =>
        Told(await Ask(new JsonObject { ["verb"] = "decrypt", ["privateJwk"] = Keys.PrivateJwk(key), ["compact"] = compact }), "plaintext");

    public async Task<string> Thumbprint(Jwk key) => Told(await Ask(new JsonObject { ["verb"] = "thumbprint", ["publicJwk"] = JsonNode.Parse(key.ToJson()) }), "thumbprint");

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(5)))
        {
            _process.Kill();
        }
        _process.Dispose();
        _turn.Dispose();
        GC.SuppressFinalize(this);
    }

    private static string Told(JsonElement answer, string member) =>
        answer.TryGetProperty(member, out var value) ? value.GetString()! : throw new PeerRefusedException(answer.GetProperty("error").GetString()!);

    private async Task<JsonElement> Ask(JsonObject request)
    {
        await _turn.WaitAsync();
        try
        {
            await _process.StandardInput.WriteLineAsync(request.ToJsonString());
            await _process.StandardInput.FlushAsync();
            var line = await _process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(AnswerTimeoutSeconds));
            return line is null ? throw Missing("it ended") : JsonSerializer.Deserialize<JsonElement>(line);
        }
        catch (IOException gone)
        {
            throw Missing(gone.Message);
        }
        finally
        {
            _turn.Release();
        }
    }

    private InvalidOperationException Missing(string why)
    {
        _process?.WaitForExit(TimeSpan.FromSeconds(5));
        lock (_complaints)
        {
            return new InvalidOperationException($"{_name} does not answer ({why}). ./antaca test installs it: see require_outside there.\n{_complaints}");
        }
    }
}

/// <summary>The peer would not do it.</summary>
public sealed class PeerRefusedException(string why) : Exception(why);

/// <summary>The npm package jose, from <c>artifacts/outside</c> or the folder that ANTACA_OUTSIDE names.</summary>
public sealed class JosePeer() : Peer("The npm package jose", "node", Script("jose.mjs"), Folder())
{
    private static string Folder()
    {
        if (Environment.GetEnvironmentVariable("ANTACA_OUTSIDE") is { Length: > 0 } named)
        {
            return named;
        }
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "Antaca.sln")))
        {
            root = root.Parent;
        }
        return Path.Combine(root?.FullName ?? ".", "artifacts", "outside");
    }
}

/// <summary>Debian's python3-jwcrypto, which another Python than the system's does not see; -I keeps it from taking the script for the package.</summary>
public sealed class JwcryptoPeer() : Peer("Debian's python3-jwcrypto", File.Exists(SystemPython) ? SystemPython : "python3", "-I", Script("jwcrypto.py"))
{
    private const string SystemPython = "/usr/bin/python3";
}
