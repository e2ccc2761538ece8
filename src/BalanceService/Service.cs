using Antaca.BalanceService.Adjustments;
using Antaca.BalanceService.Balances;
using Antaca.BalanceService.Clearing;
using Antaca.BalanceService.Holds;
using Antaca.BalanceService.Journal;
using Antaca.BalanceService.Ledger;
using Antaca.BalanceService.Partners;
using Antaca.BalanceService.Rates;
using Antaca.BalanceService.RemoteBalances;
using Antaca.BalanceService.Statements;
using Antaca.ServiceDefaults;
using MassTransit;

namespace Antaca.BalanceService;

/// <summary>The service as a process and, for tests, as a part of one.</summary>
public static class Service
{
    public const string Name = "balanceservice";

    /// <summary>Serves; or runs one command and ends.</summary>
    public static Task<int> Main(string[] args) => args switch
    {
        ["ledger", "export", .. var settings] => ExportLedger.Run(settings, new Clock(), Console.Error),
        _ => Defaults.Run(() => Build(args)),
    };

    /// <param name="adjust">Lets a test put its own clock in.</param>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? adjust = null)
    {
        var builder = Defaults.CreateBuilder(Name, args);
        builder.AddDatabase("balances_requests", typeof(Service).Assembly);
        builder.AddMessaging(bus =>
        {
            bus.AddConsumer<ReverseUnanswered>();
            bus.AddConsumer<MailLowBalance>();
        });
        builder.AddJson(BalanceJson.Default);
        builder.AddPeer("datacore");
        builder.AddPeer("kycservice");
        builder.AddPeer("cardservice");
        builder.AddPeer("notifications");
        builder.AddSettings<AdjustmentSettings>("Adjustments");
        builder.Services.AddHostedService<WatchPartnerBalances>();
        builder.Services.AddSingleton<ExchangeRates>();
        builder.Services.AddSingleton<HoldEngine>();
        builder.Services.AddHostedService(services => services.GetRequiredService<HoldEngine>());
        builder.Services.AddHostedService<ExpireHolds>();
        builder.Services.AddSingleton<Clearings>();
        if (builder.AddSettings<RemoteSettings>("RemoteBalances").AuthorityFile is not null && !builder.Environment.IsDevelopment())
        {
            builder.AddSettingsFault("RemoteBalances:AuthorityFile: is for Development alone; elsewhere the system's authorities are trusted");
        }
        builder.Services.AddSingleton<PartnerHosts>();
        builder.Services.AddSingleton<Programmes>();
        builder.Services.AddSingleton<AskPartner>();
        builder.Services.AddHostedService<TellPartners>();
        builder.Services.AddHostedService<Reconcile>();
        builder.Services.AddSingleton<PostClearingFiles>();
        builder.Services.AddHostedService(services => services.GetRequiredService<PostClearingFiles>());
        AddJournal(builder);
        adjust?.Invoke(builder);

        var app = builder.BuildService();
        var balances = app.MapForCallers("/balances", Channel.Secure, Channel.Customers);
        balances.MapOpenBalance();
        balances.MapListBalances();
        balances.MapGetBalance();
        balances.MapReloadBalance();
        balances.MapBlockBalance();
        balances.MapUnblockBalance();
        balances.MapCloseBalance();
        balances.MapAdjustBalance();
        balances.MapListTransactions();
        balances.MapGetTransaction();
        balances.MapExplainDecline();
        balances.MapGetStatement();
        var transactions = app.MapForCallers("/transactions");
        transactions.MapListAllTransactions();
        transactions.MapGetAnyTransaction();
        transactions.MapExplainAnyDecline();
        var authorisations = app.MapForCallers("/authorizations", Channel.Processor);
        authorisations.MapReverseAuthorisation();
        authorisations.MapIncrementAuthorisation();
        app.MapForCallers("/reversals", Channel.Processor).MapReverseTransaction();
        app.MapForCallers("/clearings", Channel.Processor).MapClearTransaction();
        app.MapForCallers("/refunds", Channel.Processor).MapRefundTransaction();
        app.MapForCallers("/reconciliations", Channel.Secure).MapListReconciliations();
        var files = app.MapForCallers("/clearing-files", Channel.Processor);
        files.MapUploadClearingFile();
        files.MapGetClearingFile();
        app.MapForCallers("/balance-summary").MapSumBalances();
        MapPartnerMoney(app);
        app.MapForServices("balanceservice/balances", "/internal/balances").MapGetBalanceFacts();
        app.MapForServices("balanceservice/users", "/internal/users").MapCountOpenBalances();
        app.MapForServices("balanceservice/authorisations", "/internal/authorisations").MapAuthorise();
        return app;
    }

    private static void MapPartnerMoney(WebApplication app)
    {
        var own = app.MapForCallers("/partner-balances", Channel.Secure);
        own.MapOpenPartnerBalance();
        own.MapListPartnerBalances();
        own.MapGetPartnerBalance();
        own.MapUpdatePartnerBalance();
        own.MapReloadPartnerBalance();
        own.MapListPartnerMovements();
        var partners = app.MapForCallers("/partners");
        partners.MapOpenPartnerBalanceFor();
        partners.MapListPartnerBalancesOf();
        var adjustments = app.MapForCallers("/adjustments");
        adjustments.MapListAdjustments();
        adjustments.MapApproveAdjustment();
        adjustments.MapRejectAdjustment();
        var rates = app.MapForCallers("/rates");
        rates.MapAddRate();
        rates.MapListRates();
    }

    private static void AddJournal(WebApplicationBuilder builder)
    {
        var settings = builder.AddSettings<JournalSettings>("Journal");
        builder.Services.AddSingleton(_ => JournalKey.Open(settings, builder.Environment.EnvironmentName));
        builder.Services.AddHostedService<SealJournal>();
    }
}
