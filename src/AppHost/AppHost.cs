using Antaca.AppHost;
using Antaca.LocalHosting;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Hosting;

var builder = DistributedApplication.CreateBuilder(args);
var certificates = Certificates.Keep(
    StateFolder.Find(builder.AppHostDirectory),
    ["datacore", "balanceservice", "cardservice", "kycservice", "notifications", "gateway"],
    TimeProvider.System);

// What the suite stands on

var postgres = builder.AddPostgres("postgres").WithDataVolume();
var messaging = builder.AddRabbitMQ("messaging").WithDataVolume().WithManagementPlugin();

// The services: each with a database of its own

var datacore = builder.AddService("datacore", "../DataCore/DataCore.csproj", certificates)
    .WithDatabase(postgres.AddDatabase("datacore-database", "datacore"))
    .WithMessaging(messaging)
    .WithMasterKey(certificates.MasterKey)
    .WithEnvironment("Certificates__Authority", certificates.PartnerAuthority)
    .WithEnvironment("Certificates__AuthorityKey", certificates.PartnerAuthorityKey);

var kycservice = builder.AddService("kycservice", "../KycService/KycService.csproj", certificates)
    .WithDatabase(postgres.AddDatabase("kyc-database", "kyc"))
    .WithMessaging(messaging)
    .WithReference(datacore);

var balanceservice = builder.AddService("balanceservice", "../BalanceService/BalanceService.csproj", certificates)
    .WithDatabase(postgres.AddDatabase("balances-database", "balances"))
    .WithMessaging(messaging)
    .WithEnvironment("Journal__SigningKey", certificates.JournalKey)
    .WithReference(datacore)
    .WithReference(kycservice);

var cardservice = builder.AddService("cardservice", "../CardService/CardService.csproj", certificates)
    .WithDatabase(postgres.AddDatabase("cards-database", "cards"))
    .WithMessaging(messaging)
    .WithReference(datacore)
    .WithReference(balanceservice)
    .WithReference(kycservice);

balanceservice.WithReference(cardservice);

var notifications = builder.AddService("notifications", "../Notifications/Notifications.csproj", certificates)
    .WithDatabase(postgres.AddDatabase("notifications-database", "notifications"))
    .WithMessaging(messaging)
    .WithReference(datacore);

balanceservice.WithReference(notifications);

datacore
    .WithReference(balanceservice)
    .WithReference(cardservice)
    .WithReference(notifications);

// The way in: 8443 for apps and panels, 9443 for partners and processors with their certificates

var gateway = builder.AddProject("gateway", "../Gateway/Gateway.csproj")
    .WithHttpsEndpoint(port: 8443, name: "public", env: "Ports__Public")
    .WithHttpsEndpoint(port: 9443, name: "partners", env: "Ports__Partners")
    .WithExternalHttpEndpoints()
    .WithHttpEndpoint(name: "health", env: "Ports__Health")
    .WithHttpHealthCheck("/health", endpointName: "health")
    .WithIdentity(certificates)
    .WithEnvironment("CallerTokens__PrivateKey", certificates.CallerPrivateKey)
    .WithEnvironment("Edge__Certificate", certificates.EdgeCertificate)
    .WithEnvironment("Edge__Key", certificates.EdgeKey)
    .WithEnvironment("Edge__PartnerAuthority", certificates.PartnerAuthority)
    .WithEnvironment("Encryption__KeyFolder", certificates.EncryptionKeys)
    .WithMessaging(messaging)
    .WithReference(datacore).WaitFor(datacore)
    .WithReference(kycservice).WaitFor(kycservice)
    .WithReference(balanceservice).WaitFor(balanceservice)
    .WithReference(cardservice).WaitFor(cardservice)
    .WithReference(notifications).WaitFor(notifications);

if (builder.Environment.IsDevelopment())
{
    datacore
        .WithEnvironment("Operators__PanelAddress", gateway.GetEndpoint("public"))
        .WithEnvironment("Sandbox__Folder", certificates.Sandbox)
        .WithEnvironment("Sandbox__PublicAddress", gateway.GetEndpoint("public"))
        .WithEnvironment("Sandbox__PartnerAddress", gateway.GetEndpoint("partners"));
    notifications.WithEnvironment("Messages__Folder", certificates.Messages);
    balanceservice.WithEnvironment("RemoteBalances__AuthorityFile", certificates.EdgeAuthority);

    // An outside party: the host of a partner that holds its balances itself (docs/ledger.md)
    builder.AddProject("sandboxpartner", "../SandboxPartner/SandboxPartner.csproj")
        .WithHttpsEndpoint(name: "https", env: "Ports__Api")
        .WithHttpEndpoint(name: "control", env: "Ports__Control")
        .WithHttpHealthCheck("/health", endpointName: "control")
        .WithEnvironment("Host__Certificate", certificates.SandboxPartnerHost)
        .WithEnvironment("Host__Key", certificates.SandboxPartnerHostKey)
        .WithEnvironment("Host__ClientAuthority", certificates.InternalAuthority);
}

builder.Build().Run();

/// <summary>What the services have in common.</summary>
file static class Services
{
    public static IResourceBuilder<ProjectResource> AddService(
        this IDistributedApplicationBuilder builder, string name, string project, Certificates certificates) =>
        builder.AddProject(name, project)
            .WithHttpsEndpoint(name: "https", env: "Ports__Api")
            .WithHttpEndpoint(name: "health", env: "Ports__Health")
            .WithHttpHealthCheck("/health", endpointName: "health")
            .WithIdentity(certificates)
            .WithEnvironment("CallerTokens__PublicKey", certificates.CallerPublicKey);

    public static IResourceBuilder<ProjectResource> WithIdentity(this IResourceBuilder<ProjectResource> service, Certificates certificates) =>
        service
            .WithEnvironment("Identity__Certificate", certificates.CertificateOf(service.Resource.Name))
            .WithEnvironment("Identity__Key", certificates.KeyOf(service.Resource.Name))
            .WithEnvironment("Identity__Authority", certificates.InternalAuthority);

    /// <summary>The vault's master key from its file; with ANTACA_SEALED=1 from the shares that operators enter.</summary>
    public static IResourceBuilder<ProjectResource> WithMasterKey(this IResourceBuilder<ProjectResource> service, string file) =>
        Environment.GetEnvironmentVariable("ANTACA_SEALED") == "1"
            ? service.WithEnvironment("Vault__Sealed", "true")
            : service.WithEnvironment("Vault__MasterKeyFile", file);

    public static IResourceBuilder<ProjectResource> WithDatabase(
        this IResourceBuilder<ProjectResource> service, IResourceBuilder<PostgresDatabaseResource> database) =>
        service.WithReference(database, connectionName: "database").WaitFor(database);

    public static IResourceBuilder<ProjectResource> WithMessaging(
        this IResourceBuilder<ProjectResource> service, IResourceBuilder<RabbitMQServerResource> messaging) =>
        service.WithReference(messaging, connectionName: "messaging").WaitFor(messaging);
}
