using System.Text.Json.Serialization;
using Antaca.Contracts.Requests;
using Antaca.DataCore.Certificates;
using Antaca.DataCore.Credentials;
using Antaca.DataCore.Installations;
using Antaca.DataCore.Operators;
using Antaca.DataCore.Partners;
using Antaca.DataCore.Programmes;
using Antaca.DataCore.Sessions;
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
        AddSessions(builder);
        AddCertificates(builder);
        adjust?.Invoke(builder);

        var app = builder.BuildService();
        MapUsers(app);
        app.MapForServices("datacore/programmes", "/internal/programmes").MapGetProgrammeFacts();
        MapCertificates(app);
        MapSessions(app);
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

    private static void AddSessions(WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<SlowHashTurns>();
        builder.Services.AddHostedService<ForgetOldSessions>();
    }

    private static void MapSessions(WebApplication app)
    {
        app.MapForCallers("/users", Channel.Secure).MapCreateActivationCode();
        var devices = app.MapForCallers("/devices", Channel.Customers);
        devices.MapPairDevice();
        devices.MapListDevices();
        devices.MapRemoveDevice();
        var sessions = app.MapForCallers("/sessions", Channel.Customers);
        sessions.MapCreateChallenge();
        sessions.MapStartSession();
        sessions.MapEndSession();
        app.MapForCallers("/approvals", Channel.Customers).MapCreateApproval();
        var identified = app.MapForServices("datacore/sessions", "/internal");
        identified.MapIdentifySession();
        identified.MapIdentifyOperatorSession();
    }

    private static void AddCertificates(WebApplicationBuilder builder)
    {
        builder.AddSettings<CertificateSettings>("Certificates");
        builder.Services.AddSingleton<PartnerAuthority>();
        builder.Services.AddHostedService<WarnOfExpiry>();
    }

    private static void MapCertificates(WebApplication app)
    {
        var partners = app.MapForCallers("/partners");
        partners.MapSignCertificate();
        partners.MapListCertificates();
        partners.MapRevokeCertificate();
        app.MapForCallers("/certificates", Channel.Secure).MapListOwnCertificates();
        app.MapForServices("datacore/certificates", "/internal/certificates").MapIdentifyHolder();
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
[JsonSerializable(typeof(SignCertificate.Request), TypeInfoPropertyName = "SignCertificateRequest")]
[JsonSerializable(typeof(SignCertificate.Answer), TypeInfoPropertyName = "SignCertificateAnswer")]
[JsonSerializable(typeof(Page<CertificateView>), TypeInfoPropertyName = "CertificatePage")]
[JsonSerializable(typeof(CreateActivationCode.Answer), TypeInfoPropertyName = "CreateActivationCodeAnswer")]
[JsonSerializable(typeof(PairDevice.Request), TypeInfoPropertyName = "PairDeviceRequest")]
[JsonSerializable(typeof(PairDevice.Answer), TypeInfoPropertyName = "PairDeviceAnswer")]
[JsonSerializable(typeof(Page<DeviceView>), TypeInfoPropertyName = "DevicePage")]
[JsonSerializable(typeof(CreateChallenge.Request), TypeInfoPropertyName = "CreateChallengeRequest")]
[JsonSerializable(typeof(CreateChallenge.Answer), TypeInfoPropertyName = "CreateChallengeAnswer")]
[JsonSerializable(typeof(StartSession.Request), TypeInfoPropertyName = "StartSessionRequest")]
[JsonSerializable(typeof(StartSession.Answer), TypeInfoPropertyName = "StartSessionAnswer")]
[JsonSerializable(typeof(CreateApproval.Request), TypeInfoPropertyName = "CreateApprovalRequest")]
[JsonSerializable(typeof(CreateApproval.Answer), TypeInfoPropertyName = "CreateApprovalAnswer")]
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
[JsonSerializable(typeof(Contracts.Requests.IdentifySession))]
[JsonSerializable(typeof(SessionHolder))]
[JsonSerializable(typeof(Contracts.Requests.IdentifyOperatorSession))]
[JsonSerializable(typeof(OperatorHolder))]
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
