using System.Text.Json.Serialization;
using Antaca.CardService.Authorisations;
using Antaca.CardService.Controls;
using Antaca.CardService.Issuing;
using Antaca.CardService.Life;
using Antaca.CardService.Locks;
using Antaca.CardService.Plastic;
using Antaca.CardService.Processors;
using Antaca.CardService.Secrets;
using Antaca.CardService.Viewing;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using MassTransit;

namespace Antaca.CardService;

/// <summary>The service as a process and, for tests, as a part of one.</summary>
public static class Service
{
    public const string Name = "cardservice";

    public static Task<int> Main(string[] args) => Defaults.Run(() => Build(args));

    /// <param name="adjust">Lets a test put its own clock in.</param>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? adjust = null)
    {
        var builder = Defaults.CreateBuilder(Name, args);
        builder.AddJson(CardJson.Default);
        builder.AddDatabase("cards_requests", typeof(Service).Assembly);
        builder.AddMessaging(bus =>
        {
            bus.AddConsumer<ShowPersonalisedCard>();
            bus.AddConsumer<FollowPin>();
            bus.AddConsumer<NoteForProcessor>();
        });
        builder.AddPeer("datacore");
        builder.AddPeer("balanceservice");
        builder.AddPeer("kycservice");
        builder.Services.AddSingleton<Programmes>();
        builder.Services.AddSingleton<IssueGates>();
        builder.Services.AddSingleton<PinChecks>();
        builder.Services.AddSingleton<FinishingQueue>();
        builder.Services.AddHostedService<FinishIssuing>();
        builder.Services.AddHostedService<ExpireCards>();
        builder.AddSettings<PlasticSettings>("Plastic");
        builder.Services.AddHostedService<SandboxBureau>();
        builder.AddSettings<ProcessorSettings>("Processors");
        builder.Services.AddHostedService<TellProcessors>();
        adjust?.Invoke(builder);

        var app = builder.BuildService();
        var cards = app.MapForCallers("/cards", Channel.Secure, Channel.Customers);
        cards.MapIssueVirtualCard();
        cards.MapListCards();
        cards.MapGetCard();
        cards.MapGetCardSummary();
        cards.MapLockCard();
        cards.MapUnlockCard();
        cards.MapIssueLater();
        cards.MapGetIssueRequest();
        cards.MapActivateCard();
        cards.MapRemoveCard();
        cards.MapRenewCard();
        cards.MapSetControls();
        cards.MapGetControls();
        cards.MapResetCvv();
        cards.MapSetPin();
        app.MapForCallers("/locks", Channel.Processor).MapLockOutside();
        cards.MapOrderPhysicalCard();
        cards.MapGetOrder();
        cards.MapPrintCard();
        cards.MapLinkCard();
        app.MapForCallers("/stock", Channel.Processor).MapRegisterStock();
        var personalisations = app.MapForCallers("/personalisations", Channel.Processor);
        personalisations.MapListPersonalisations();
        personalisations.MapGetPersonalisationRecord();
        personalisations.MapMarkOrderSent();
        personalisations.MapConfirmPersonalisation();
        personalisations.MapFailPersonalisation();
        app.MapForCallers("/authorizations", Channel.Processor).MapAuthoriseTransaction();
        var balances = app.MapForServices("cardservice/cards", "/internal/balances");
        balances.MapListCardsOnBalance();
        balances.MapCountOpenCardsOnBalance();
        app.MapForServices("cardservice/cards", "/internal/cards").MapGetCardFacts();
        app.MapForServices("cardservice/users", "/internal/users").MapCountOpenCards();
        return app;
    }
}

[JsonSerializable(typeof(IssueVirtualCard.Request), TypeInfoPropertyName = "IssueVirtualCardRequest")]
[JsonSerializable(typeof(IssueVirtualCard.IssuedCard))]
[JsonSerializable(typeof(IssueVirtualCard.MaskedCard))]
[JsonSerializable(typeof(LockCard.Request), TypeInfoPropertyName = "LockCardRequest")]
[JsonSerializable(typeof(LockOutside.Request), TypeInfoPropertyName = "LockOutsideRequest")]
[JsonSerializable(typeof(LockOutside.Answer), TypeInfoPropertyName = "LockOutsideAnswer")]
[JsonSerializable(typeof(IssueRequestView))]
[JsonSerializable(typeof(SpendRules))]
[JsonSerializable(typeof(ControlsView))]
[JsonSerializable(typeof(SetPin.Request), TypeInfoPropertyName = "SetPinRequest")]
[JsonSerializable(typeof(ResetCardCvv))]
[JsonSerializable(typeof(SetCardPin))]
[JsonSerializable(typeof(CardPinSet))]
[JsonSerializable(typeof(VerifyCardPin))]
[JsonSerializable(typeof(CardPinVerified))]
[JsonSerializable(typeof(CardView))]
[JsonSerializable(typeof(Page<CardView>))]
[JsonSerializable(typeof(GetCard.FullCard))]
[JsonSerializable(typeof(ListCardsOnBalance.CardsOnBalance))]
[JsonSerializable(typeof(OrderPhysicalCard.Request), TypeInfoPropertyName = "OrderPhysicalCardRequest")]
[JsonSerializable(typeof(PrintCard.Request), TypeInfoPropertyName = "PrintCardRequest")]
[JsonSerializable(typeof(LinkCard.Request), TypeInfoPropertyName = "LinkCardRequest")]
[JsonSerializable(typeof(LinkCard.Asked))]
[JsonSerializable(typeof(RegisterStock.Request), TypeInfoPropertyName = "RegisterStockRequest")]
[JsonSerializable(typeof(RegisterStock.Registered))]
[JsonSerializable(typeof(AllocateStock))]
[JsonSerializable(typeof(AllocatedStock))]
[JsonSerializable(typeof(OrderTaken))]
[JsonSerializable(typeof(OrderView))]
[JsonSerializable(typeof(PersonalisationView))]
[JsonSerializable(typeof(Page<PersonalisationView>), TypeInfoPropertyName = "PersonalisationPage")]
[JsonSerializable(typeof(GetPersonalisationRecord.PersonalisationRecord))]
[JsonSerializable(typeof(FailPersonalisation.Request), TypeInfoPropertyName = "FailPersonalisationRequest")]
[JsonSerializable(typeof(ServedProgrammes))]
[JsonSerializable(typeof(PersonaliseCard))]
[JsonSerializable(typeof(PersonalisationReferences))]
[JsonSerializable(typeof(AuthoriseTransaction.Request), TypeInfoPropertyName = "AuthoriseTransactionRequest")]
[JsonSerializable(typeof(AuthoriseTransaction.Answer))]
[JsonSerializable(typeof(OpenCards))]
[JsonSerializable(typeof(CardFacts))]
[JsonSerializable(typeof(UserFacts))]
[JsonSerializable(typeof(KycFacts))]
[JsonSerializable(typeof(BalanceFacts))]
[JsonSerializable(typeof(ProgrammeFacts))]
[JsonSerializable(typeof(AllocatePan))]
[JsonSerializable(typeof(RevealCard))]
[JsonSerializable(typeof(CardSecretReferences))]
[JsonSerializable(typeof(IdentifyCard))]
[JsonSerializable(typeof(IdentifiedCard))]
[JsonSerializable(typeof(DecideAuthorisation))]
[JsonSerializable(typeof(AuthorisationDecided))]
internal sealed partial class CardJson : JsonSerializerContext;
