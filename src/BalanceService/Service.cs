using Antaca.BalanceService.Balances;
using Antaca.BalanceService.Clearing;
using Antaca.BalanceService.Holds;
using Antaca.BalanceService.Ledger;
using Antaca.BalanceService.Rates;
using Antaca.BalanceService.RemoteBalances;
using Antaca.ServiceDefaults;
using MassTransit;

namespace Antaca.BalanceService;

/// <summary>The service as a process and, for tests, as a part of one.</summary>
public static class Service
{
    public const string Name = "balanceservice";

    public static Task<int> Main(string[] args) => Defaults.Run(() => Build(args));

    /// <param name="adjust">Lets a test put its own clock in.</param>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? adjust = null)
    {
        var builder = Defaults.CreateBuilder(Name, args);
        builder.AddDatabase("balances_requests", typeof(Service).Assembly);
        builder.AddMessaging(bus => bus.AddConsumer<ReverseUnanswered>());
        builder.AddJson(BalanceJson.Default);
        builder.AddPeer("datacore");
        builder.AddPeer("kycservice");
        builder.AddPeer("cardservice");
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
        adjust?.Invoke(builder);

        var app = builder.BuildService();
        var balances = app.MapForCallers("/balances", Channel.Secure, Channel.Customers);
        balances.MapOpenBalance();
        balances.MapListBalances();
        balances.MapGetBalance();
        balances.MapReloadBalance();
        balances.MapListTransactions();
        app.MapForCallers("/transactions").MapListAllTransactions();
        var authorisations = app.MapForCallers("/authorizations", Channel.Processor);
        authorisations.MapReverseAuthorisation();
        authorisations.MapIncrementAuthorisation();
        app.MapForCallers("/reversals", Channel.Processor).MapReverseTransaction();
        app.MapForCallers("/clearings", Channel.Processor).MapClearTransaction();
        app.MapForCallers("/refunds", Channel.Processor).MapRefundTransaction();
        app.MapForCallers("/reconciliations", Channel.Secure).MapListReconciliations();
        app.MapForServices("balanceservice/balances", "/internal/balances").MapGetBalanceFacts();
        app.MapForServices("balanceservice/users", "/internal/users").MapCountOpenBalances();
        app.MapForServices("balanceservice/authorisations", "/internal/authorisations").MapAuthorise();
        return app;
    }
}
