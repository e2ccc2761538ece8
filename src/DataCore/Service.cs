using System.Text.Json.Serialization;
using Antaca.Contracts.Requests;
using Antaca.DataCore.Certificates;
using Antaca.DataCore.Credentials;
using Antaca.DataCore.Partners;
using Antaca.DataCore.Programmes;
using Antaca.DataCore.Users;
using Antaca.DataCore.Vault;
using Antaca.ServiceDefaults;
using MassTransit;

namespace Antaca.DataCore;

/// <summary>The service as a process and, for tests, as a part of one.</summary>
public static class Service
{
    public const string Name = "datacore";

    public static Task<int> Main(string[] args) => Defaults.Run(() => Build(args));

    /// <param name="adjust">Lets a test put its own clock in.</param>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? adjust = null)
    {
        var builder = Defaults.CreateBuilder(Name, args);
        builder.AddJson(DataCoreJson.Default);
        builder.AddDatabase("datacore_requests", typeof(Service).Assembly);
        AddVault(builder);
        AddSandbox(builder);
        builder.AddMessaging(bus =>
        {
            bus.AddConsumer<FollowKycDecision>();
            bus.AddConsumer<SendActivationCode>();
        });
        AddUsers(builder);
        adjust?.Invoke(builder);

        var app = builder.BuildService();
        MapUsers(app);
        app.MapForServices("datacore/programmes", "/internal/programmes").MapGetProgrammeFacts();
        app.MapForServices("datacore/certificates", "/internal/certificates").MapIdentifyHolder();
        var vault = app.MapForServices("datacore/vault", "/internal/vault");
        vault.MapAllocateCardPan();
        vault.MapRevealCardSecrets();
        vault.MapIdentifyCardByPan();
        var references = app.MapForServices("datacore/references", "/internal/vault");
        references.MapCreateSecretReferences();
        references.MapResolveSecretReferences();
        return app;
    }

    private static void AddUsers(WebApplicationBuilder builder)
    {
        builder.AddPeer("balanceservice");
        builder.AddPeer("cardservice");
        builder.AddPeer("notifications");
        builder.Services.AddSingleton<RegistrationLimit>();
    }

    private static void MapUsers(WebApplication app)
    {
        var users = app.MapForCallers("/users", Channel.Secure);
        users.MapCreateUser();
        users.MapListUsers();
        users.MapGetUser();
        users.MapUpdateUser();
        users.MapLockUser();
        users.MapUnlockUser();
        users.MapDeleteUser();
        app.MapForCallers("/registrations").MapRegisterSelf();
        app.MapForServices("datacore/users", "/internal/users").MapGetUserFacts();
    }

    private static void AddVault(WebApplicationBuilder builder)
    {
        var settings = builder.AddSettings<VaultSettings>("Vault");
        builder.Services.AddSingleton(services => VaultKeys.OpenHsm(settings, services.GetRequiredService<IHostEnvironment>()));
        builder.Services.AddSingleton<VaultKeys>();
        builder.Services.AddSingleton<SlowHash>();
        builder.Services.AddHostedService<OpenVault>();
        builder.Services.AddSingleton(new HealthCheck("knownAnswers", () => string.Join(", ", OpenVault.Passed)));
    }

    private static void AddSandbox(WebApplicationBuilder builder)
    {
        var settings = builder.AddSettings<SandboxSettings>("Sandbox");
        if (settings.Folder is null)
        {
            return;
        }
        if (!builder.Environment.IsDevelopment())
        {
            builder.AddSettingsFault($"Sandbox:Folder: a sandbox is for Development, not for {builder.Environment.EnvironmentName}");
            return;
        }
        builder.Services.AddHostedService<Sandbox>();
    }
}

[JsonSerializable(typeof(CreateUser.Request), TypeInfoPropertyName = "CreateUserRequest")]
[JsonSerializable(typeof(UserFields))]
[JsonSerializable(typeof(UpdateUser.OwnRequest))]
[JsonSerializable(typeof(LockUser.Request), TypeInfoPropertyName = "LockUserRequest")]
[JsonSerializable(typeof(RegisterSelf.Request), TypeInfoPropertyName = "RegisterSelfRequest")]
[JsonSerializable(typeof(RegisterSelf.Registered))]
[JsonSerializable(typeof(User))]
[JsonSerializable(typeof(Page<User>))]
[JsonSerializable(typeof(OpenCards))]
[JsonSerializable(typeof(OpenBalances))]
[JsonSerializable(typeof(SendMessage))]
[JsonSerializable(typeof(MessageSent))]
[JsonSerializable(typeof(UserFacts))]
[JsonSerializable(typeof(ProgrammeFacts))]
[JsonSerializable(typeof(IdentifyCertificate))]
[JsonSerializable(typeof(CertificateHolder))]
[JsonSerializable(typeof(AllocatePan))]
[JsonSerializable(typeof(RevealCard))]
[JsonSerializable(typeof(CardSecretReferences))]
[JsonSerializable(typeof(CreateReferences))]
[JsonSerializable(typeof(CreatedReferences))]
[JsonSerializable(typeof(ResolveReferences))]
[JsonSerializable(typeof(ResolvedReferences))]
[JsonSerializable(typeof(IdentifyCard))]
[JsonSerializable(typeof(IdentifiedCard))]
internal sealed partial class DataCoreJson : JsonSerializerContext;
