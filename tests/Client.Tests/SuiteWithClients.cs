using System.Security.Cryptography;
using System.Text.Json;
using Antaca.TestKit;

namespace Antaca.Client.Tests;

/// <summary>The real suite, with every client of the SDK connected to its gateway. Its sandbox bureau confirms nothing by itself.</summary>
public sealed class SuiteWithClients : TestKit.Suite, IDisposable
{
    private const int LongestDelaySeconds = 60 * 24 * 60 * 60;

    private readonly List<AntacaConnection> _connections = [];
    private AntacaConnection _public = null!;
    private int _number;

    public SuiteWithClients() => Settings["cardservice"] = [$"--Plastic:SandboxDelaySeconds={LongestDelaySeconds}"];

    public AntacaClient AsPartner { get; private set; } = null!;

    public ProcessorClient AsProcessor { get; private set; } = null!;

    /// <summary>Signed in once: a code of the second factor works once.</summary>
    public OperatorClient AsOperator { get; private set; } = null!;

    public void Dispose() => _connections.ForEach(connection => connection.Dispose());

    /// <summary>An active, verified user with an open balance of 1000.00 PLN.</summary>
    public async Task<Holder> NewHolder()
    {
        var number = Interlocked.Increment(ref _number);
        var user = await AsPartner.CreateUser(Wire.NewUser with { ProgramId = TestUsers.SandboxProgram, Phone = $"+48700{number:000000}", Email = $"holder{number}@example.com" });
        await AsPartner.SetKyc(user.Id, KycOutcome.Accepted, "branch-visit");
        var balance = await AsPartner.OpenBalance(user.Id);
        await AsPartner.Reload(user.Id, balance.Id, new Money(100_000, "PLN"), "first transfer");
        return new Holder(user, balance.Id);
    }

    /// <summary>The user's app, paired.</summary>
    public async Task<MobileClient> AppOf(Holder holder, IKeyStore keys)
    {
        var code = await AsPartner.CreateActivationCode(holder.Id);
        var app = new MobileClient(_public, keys);
        await app.Pair(new Pairing
        {
            Phone = holder.User.Phone!,
            ActivationCode = code.Code,
            DeviceId = RandomNumberGenerator.GetHexString(12),
            DeviceName = "Phone",
            Pin = AppSide.Pin,
        });
        return app;
    }

    protected override async Task Given()
    {
        AsPartner = new AntacaClient(Certified("partner"));
        AsProcessor = new ProcessorClient(Certified("processor"));
        _public = Keep(AntacaConnectionOptions.WithoutCertificate(PublicAddress, Certificates.EdgeAuthority));
        AsOperator = new OperatorClient(_public);

        using var sandbox = JsonDocument.Parse(await File.ReadAllBytesAsync(InSandbox("operator.json")));
        string Of(string member) => sandbox.RootElement.GetProperty(member).GetString()!;
        await AsOperator.SignIn(Of("email"), Of("password"), _ => ValueTask.FromResult(Demo.Totp.Code(Of("totpSecret"), Clock.GetUtcNow())));
    }

    private AntacaConnection Certified(string name) =>
        Keep(AntacaConnectionOptions.FromPem(PartnerAddress, InSandbox(name + ".pem"), InSandbox(name + ".key"), Certificates.EdgeAuthority));

    private string InSandbox(string file) => Path.Combine(Certificates.Sandbox, file);

    private AntacaConnection Keep(AntacaConnectionOptions options)
    {
        var connection = new AntacaConnection(options);
        _connections.Add(connection);
        return connection;
    }
}

/// <summary>A user of the sandbox programme with a balance.</summary>
public sealed record Holder(User User, Guid BalanceId)
{
    public Guid Id => User.Id;
}
