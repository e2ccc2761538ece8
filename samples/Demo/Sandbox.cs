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

    /// <summary>From the folder in the first argument, else from that of the suite's state.</summary>
    public static Sandbox Read(string[] args)
    {
        var state = Environment.GetEnvironmentVariable("ANTACA_STATE") is { Length: > 0 } moved ? moved : ".antaca";
        var folder = args.Length > 0 ? args[0] : Path.Combine(state, "sandbox");
        var file = Path.Combine(folder, "sandbox.json");
        if (!File.Exists(file))
        {
            throw new DemoException($"There is no sandbox in {Path.GetFullPath(folder)}: start the suite first, with ./antaca up.");
        }
        try
        {
            var facts = JsonSerializer.Deserialize(File.ReadAllBytes(file), SandboxJson.Default.Facts);
            return new Sandbox(folder, facts ?? throw new DemoException($"{file} is empty."));
        }
        catch (JsonException fault)
        {
            throw new DemoException($"{file} cannot be read: {fault.Message}");
        }
    }

    /// <param name="name"><c>partner</c> or <c>processor</c>.</param>
    /// <param name="observe">Hears of each exchange.</param>
    public AntacaConnection Connect(string name, Action<Exchange> observe)
    {
        var files = new[] { $"{name}.pem", $"{name}.key", "ca.pem" }.Select(file => Path.Combine(_folder, file)).ToArray();
        if (files.FirstOrDefault(file => !File.Exists(file)) is { } missing)
        {
            throw new DemoException($"{missing} is missing: start the suite again, with ./antaca up.");
        }
        return new AntacaConnection(AntacaConnectionOptions.FromPem(PartnerAddress, files[0], files[1], files[2]) with { Observe = observe });
    }

    internal sealed record Facts(Guid ProgramId, Guid PartnerId, Uri PublicAddress, Uri PartnerAddress);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(Sandbox.Facts))]
internal sealed partial class SandboxJson : JsonSerializerContext;
