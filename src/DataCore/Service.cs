using System.Text.Json.Serialization;
using Antaca.Contracts.Requests;
using Antaca.DataCore.Audit;
using Antaca.DataCore.Certificates;
using Antaca.DataCore.Credentials;
using Antaca.DataCore.Installations;
using Antaca.DataCore.Operators;
using Antaca.DataCore.Partners;
using Antaca.DataCore.Programmes;
using Antaca.DataCore.Sessions;
using Antaca.DataCore.Users;
using Antaca.DataCore.Vault;
using Antaca.DataCore.Vault.Rotation;
using Antaca.DataCore.Vault.Sealing;
using Antaca.ServiceDefaults;
using MassTransit;

namespace Antaca.DataCore;

/// <summary>The service as a process and, for tests, as a part of one.</summary>
public static class Service
{
    public const string Name = "datacore";

    internal const string RequestsRole = "datacore_requests";

    /// <summary>Serves; or runs one command and ends.</summary>
    public static Task<int> Main(string[] args) => args switch
    {
        ["operators", "invite-first", .. var settings] => InviteFirstOperator.Run(settings, new Clock(), Console.Out, Console.Error),
        ["audit", "verify", .. var settings] => VerifyAudit.Run(settings),
        ["vault", "rotate", .. var settings] => RotateVault.Run(settings, new Clock(), Console.Out, Console.Error),
        ["vault", "status", .. var settings] => GetRotation.Run(settings, new Clock(), Console.Out, Console.Error),
        ["vault", "split-key", .. var settings] => SplitMasterKey.Run(settings, Console.Out, Console.Error),
        ["vault", "unseal", .. var settings] => EnterShare.Run(settings, Console.In, Console.Out, Console.Error),
        _ when SealedVault.Is(args) => Defaults.Run(async () => await SealedVault.Open(args) is { } unsealed ? Build(args, unsealed, adjust: null) : null),
        _ => Defaults.Run(() => Build(args)),
    };

    /// <param name="adjust">Lets a test put its own clock in.</param>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? adjust = null) => Build(args, unsealed: null, adjust);

    private static WebApplication Build(string[] args, Hsm? unsealed, Action<WebApplicationBuilder>? adjust)
    {
        var builder = Defaults.CreateBuilder(Name, args);
        builder.AddJson(DataCoreJson.Default);
        builder.AddDatabase(RequestsRole, typeof(Service).Assembly);
        AddVault(builder, unsealed);
        AddSandbox(builder);
        builder.AddMessaging(bus =>
        {
            bus.AddConsumer<FollowKycDecision>();
            bus.AddConsumer<SendActivationCode>();
            bus.AddConsumer<SendOperatorLink>();
            bus.AddConsumer<RecordAudit>();
            bus.AddConsumer<DestroyCardSecrets>();
        });
        AddUsers(builder);
        AddSessions(builder);
        AddOperators(builder);
        AddCertificates(builder);
        adjust?.Invoke(builder);

        var app = builder.BuildService();
        MapUsers(app);
        MapPartners(app);
        MapCertificates(app);
        MapSessions(app);
        MapOperators(app);
        MapAudit(app);
        MapRotation(app);
        var vault = app.MapForServices("datacore/vault", "/internal/vault");
        vault.MapAllocateCardPan();
        vault.MapRevealCardSecrets();
        vault.MapIdentifyCardByPan();
        vault.MapResetCardCvv();
        vault.MapSetCardPin();
        vault.MapVerifyCardPin();
        var processors = app.MapForCallers("/processors");
        processors.MapCreateZoneKey();
        processors.MapListZoneKeys();
        vault.MapPersonaliseCard();
        vault.MapAllocateStockPans();
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
        builder.Services.AddSingleton(new SlowHashTurns(waiting: 400));
        builder.Services.AddHostedService<ForgetOldSessions>();
    }

    private static void MapSessions(WebApplication app)
    {
        app.MapForCallers("/users", Channel.Secure).MapCreateActivationCode();
        // Pairing and login are for whoever has no session: no channel is admitted with one.
        app.MapForCallers("/devices").MapPairDevice();
        var devices = app.MapForCallers("/devices", Channel.Customers);
        devices.MapListDevices();
        devices.MapRemoveDevice();
        var logins = app.MapForCallers("/sessions");
        logins.MapCreateChallenge();
        logins.MapStartSession();
        app.MapForCallers("/sessions", Channel.Customers).MapEndSession();
        app.MapForCallers("/approvals", Channel.Customers).MapCreateApproval();
        var identified = app.MapForServices("datacore/sessions", "/internal");
        identified.MapIdentifySession();
        identified.MapIdentifyOperatorSession();
    }

    private static void MapPartners(WebApplication app)
    {
        var partners = app.MapForCallers("/partners");
        partners.MapCreatePartner();
        partners.MapListPartners();
        partners.MapGetPartner();
        partners.MapUpdatePartner();
        partners.MapSetEncryptionKey();
        partners.MapRemoveEncryptionKey();
        app.MapForServices("datacore/partners", "/internal/partners").MapGetPartnerFacts();
        var programmes = app.MapForCallers("/programs");
        programmes.MapCreateProgramme();
        programmes.MapListProgrammes();
        programmes.MapGetProgramme();
        programmes.MapUpdateProgramme();
        var facts = app.MapForServices("datacore/programmes", "/internal/programmes");
        facts.MapGetProgrammeFacts();
        facts.MapListServedProgrammes();
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

    private static void AddOperators(WebApplicationBuilder builder)
    {
        builder.AddSettings<OperatorSettings>("Operators");
        builder.Services.AddSingleton<LoginLimits>();
    }

    private static void MapOperators(WebApplication app)
    {
        var sessions = app.MapForCallers("/operator-sessions");
        sessions.MapStartOperatorSession().AdmitsAnybody(Channel.Admin);
        sessions.MapVerifySecondFactor().AdmitsAnybody(Channel.Admin);
        sessions.MapEndOperatorSession().AdmitsEveryOperator();
        var password = app.MapForCallers("/operator-password");
        password.MapSetPassword().AdmitsAnybody(Channel.Admin);
        password.MapRequestPasswordReset().AdmitsAnybody(Channel.Admin);
        var operators = app.MapForCallers("/operators");
        operators.MapGetOwnOperator().AdmitsEveryOperator();
        operators.MapListOperators().AdmitsOperators(Role.Manager, Role.Admin);
        operators.MapInviteOperator().AdmitsOperators(Role.Manager, Role.Admin);
        operators.MapSendInvitation().AdmitsOperators(Role.Manager, Role.Admin);
        operators.MapLockOperator().AdmitsOperators(Role.Admin);
        operators.MapUnlockOperator().AdmitsOperators(Role.Admin);
        operators.MapChangeRole().AdmitsOperators(Role.Admin);
    }

    private static void MapAudit(WebApplication app) => app.MapForCallers("/audit").MapListAudit();

    private static void MapRotation(WebApplication app)
    {
        var vault = app.MapForCallers("/vault");
        vault.MapGetRotation();
        vault.MapRotateVault();
    }

    private static void AddVault(WebApplicationBuilder builder, Hsm? unsealed)
    {
        var settings = builder.AddSettings<VaultSettings>("Vault");
        builder.Services.AddSingleton(services => unsealed ?? VaultKeys.OpenHsm(settings, services.GetRequiredService<IHostEnvironment>()));
        builder.Services.AddSingleton<VaultKeys>();
        builder.Services.AddSingleton<SlowHash>();
        builder.Services.AddHostedService<OpenVault>();
        builder.AddSettings<RotationSettings>("Rotation");
        builder.Services.AddSingleton<FollowVaultKeys>();
        builder.Services.AddHostedService(services => services.GetRequiredService<FollowVaultKeys>());
        builder.Services.AddHostedService<ReencryptRecords>();
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
        builder.Services.AddHostedService<SandboxOperator>();
    }
}

[JsonSerializable(typeof(CreateUser.Request), TypeInfoPropertyName = "CreateUserRequest")]
[JsonSerializable(typeof(UserFields))]
[JsonSerializable(typeof(UpdateUser.OwnRequest))]
[JsonSerializable(typeof(LockUser.Request), TypeInfoPropertyName = "LockUserRequest")]
[JsonSerializable(typeof(RegisterSelf.Request), TypeInfoPropertyName = "RegisterSelfRequest")]
[JsonSerializable(typeof(RegisterSelf.Registered))]
[JsonSerializable(typeof(StartOperatorSession.Request), TypeInfoPropertyName = "StartOperatorSessionRequest")]
[JsonSerializable(typeof(StartOperatorSession.Answer), TypeInfoPropertyName = "StartOperatorSessionAnswer")]
[JsonSerializable(typeof(VerifySecondFactor.Request), TypeInfoPropertyName = "VerifySecondFactorRequest")]
[JsonSerializable(typeof(VerifySecondFactor.Answer), TypeInfoPropertyName = "VerifySecondFactorAnswer")]
[JsonSerializable(typeof(SetPassword.Request), TypeInfoPropertyName = "SetPasswordRequest")]
[JsonSerializable(typeof(SetPassword.Answer), TypeInfoPropertyName = "SetPasswordAnswer")]
[JsonSerializable(typeof(RequestPasswordReset.Request), TypeInfoPropertyName = "RequestPasswordResetRequest")]
[JsonSerializable(typeof(InviteOperator.Request), TypeInfoPropertyName = "InviteOperatorRequest")]
[JsonSerializable(typeof(ChangeRole.Request), TypeInfoPropertyName = "ChangeRoleRequest")]
[JsonSerializable(typeof(OperatorView))]
[JsonSerializable(typeof(Page<OperatorView>), TypeInfoPropertyName = "OperatorPage")]
[JsonSerializable(typeof(Page<ListAudit.Entry>), TypeInfoPropertyName = "AuditPage")]
[JsonSerializable(typeof(CreatePartner.Request), TypeInfoPropertyName = "CreatePartnerRequest")]
[JsonSerializable(typeof(UpdatePartner.Request), TypeInfoPropertyName = "UpdatePartnerRequest")]
[JsonSerializable(typeof(SetEncryptionKey.Request), TypeInfoPropertyName = "SetEncryptionKeyRequest")]
[JsonSerializable(typeof(PartnerView))]
[JsonSerializable(typeof(PartnerFacts))]
[JsonSerializable(typeof(Page<PartnerView>), TypeInfoPropertyName = "PartnerPage")]
[JsonSerializable(typeof(CreateProgramme.Request), TypeInfoPropertyName = "CreateProgrammeRequest")]
[JsonSerializable(typeof(UpdateProgramme.Request), TypeInfoPropertyName = "UpdateProgrammeRequest")]
[JsonSerializable(typeof(ProgrammeView))]
[JsonSerializable(typeof(Page<ProgrammeView>), TypeInfoPropertyName = "ProgrammePage")]
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
[JsonSerializable(typeof(Contracts.Requests.ResetCardCvv))]
[JsonSerializable(typeof(Contracts.Requests.SetCardPin))]
[JsonSerializable(typeof(CardPinSet))]
[JsonSerializable(typeof(Contracts.Requests.VerifyCardPin))]
[JsonSerializable(typeof(CardPinVerified))]
[JsonSerializable(typeof(CreateZoneKey.Request), TypeInfoPropertyName = "CreateZoneKeyRequest")]
[JsonSerializable(typeof(NewZoneKey))]
[JsonSerializable(typeof(Page<ZoneKeyView>), TypeInfoPropertyName = "ZoneKeyPage")]
[JsonSerializable(typeof(RevealCard))]
[JsonSerializable(typeof(CardSecretReferences))]
[JsonSerializable(typeof(AllocateStock))]
[JsonSerializable(typeof(AllocatedStock))]
[JsonSerializable(typeof(ServedProgrammes))]
[JsonSerializable(typeof(Contracts.Requests.PersonaliseCard))]
[JsonSerializable(typeof(PersonalisationReferences))]
[JsonSerializable(typeof(CreateReferences))]
[JsonSerializable(typeof(CreatedReferences))]
[JsonSerializable(typeof(ResolveReferences))]
[JsonSerializable(typeof(ResolvedReferences))]
[JsonSerializable(typeof(IdentifyCard))]
[JsonSerializable(typeof(IdentifiedCard))]
[JsonSerializable(typeof(RotationView))]
[JsonSerializable(typeof(EnterShare.Request), TypeInfoPropertyName = "EnterShareRequest")]
[JsonSerializable(typeof(EnterShare.Answer), TypeInfoPropertyName = "EnterShareAnswer")]
internal sealed partial class DataCoreJson : JsonSerializerContext;
