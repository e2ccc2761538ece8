using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization;
using Antaca.Client;

namespace Antaca.Demo;

/// <summary>What the running suite left for a developer: certificates, the authority to trust, and where to find what.</summary>
internal sealed class Sandbox
{
    private readonly string _folder;
    private readonly Facts _facts;

    private Sandbox(string folder, Facts facts)
    {
        _folder = folder;
        _facts = facts;
    }

    public Guid ProgramId => _facts.ProgramId;

    public Uri PartnerAddress => _facts.PartnerAddress;

    public Uri PublicAddress => _facts.PublicAddress;

    /// <summary>From the folder in the first argument, else from that of the suite's state.</summary>
    public static Sandbox Read(string[] args)
    {
        var state = Environment.GetEnvironmentVariable("ANTACA_STATE") is { Length: > 0 } moved ? moved : ".antaca";
        var folder = args.Length > 0 ? args[0] : Path.Combine(state, "sandbox");
        var file = Path.Combine(folder, "sandbox.json");
        if (!System.IO.File.Exists(file))
        {
            throw new DemoException($"There is no sandbox in {Path.GetFullPath(folder)}: start the suite first, with ./antaca up.");
        }
        try
        {
            var facts = JsonSerializer.Deserialize(System.IO.File.ReadAllBytes(file), SandboxJson.Default.Facts);
            return new Sandbox(folder, facts ?? throw new DemoException($"{file} is empty."));
        }
        catch (JsonException fault)
        {
            throw new DemoException($"{file} cannot be read: {fault.Message}");
        }
    }

    /// <param name="name"><c>partner</c> or <c>processor</c>.</param>
    /// <param name="observe">Hears of each exchange.</param>
    public AntacaConnection Connect(string name, Action<Exchange> observe) => new(
        AntacaConnectionOptions.FromPem(PartnerAddress, File($"{name}.pem"), File($"{name}.key"), File("ca.pem")) with { Observe = observe });

    /// <summary>As apps and operators do: without a certificate.</summary>
    public AntacaConnection ConnectPublicly(Action<Exchange> observe) => new(
        AntacaConnectionOptions.WithoutCertificate(PublicAddress, File("ca.pem")) with { Observe = observe });

    /// <summary>For calls that no client of the SDK would make.</summary>
    public HttpClient Bare()
    {
        var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trust.CustomTrustStore.ImportFromPemFile(File("ca.pem"));
        return new HttpClient(new SocketsHttpHandler { SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = trust } }) { BaseAddress = PublicAddress };
    }

    public OperatorCredentials ReadOperator()
    {
        var file = File("operator.json");
        try
        {
            return JsonSerializer.Deserialize(System.IO.File.ReadAllBytes(file), SandboxJson.Default.OperatorCredentials) ?? throw new DemoException($"{file} is empty.");
        }
        catch (JsonException fault)
        {
            throw new DemoException($"{file} cannot be read (at {fault.Path}).");
        }
    }

    private string File(string name)
    {
        var file = Path.Combine(_folder, name);
        return System.IO.File.Exists(file) ? file : throw new DemoException($"{file} is missing: start the suite again, with ./antaca up.");
    }

    internal sealed record Facts(Guid ProgramId, Guid PartnerId, Uri PublicAddress, Uri PartnerAddress);
}

/// <summary>The sandbox's operator.</summary>
/// <param name="TotpSecret">Base32.</param>
internal sealed record OperatorCredentials(string Email, string Password, string TotpSecret)
{
    public override string ToString() => Email;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(Sandbox.Facts))]
[JsonSerializable(typeof(OperatorCredentials))]
internal sealed partial class SandboxJson : JsonSerializerContext;
