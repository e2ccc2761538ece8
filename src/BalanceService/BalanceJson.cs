using System.Text.Json;
using System.Text.Json.Serialization;
using Antaca.BalanceService.Adjustments;
using Antaca.BalanceService.Balances;
using Antaca.BalanceService.Clearing;
using Antaca.BalanceService.Holds;
using Antaca.BalanceService.Ledger;
using Antaca.BalanceService.Partners;
using Antaca.BalanceService.Rates;
using Antaca.BalanceService.RemoteBalances;
using Antaca.BalanceService.Statements;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;

namespace Antaca.BalanceService;

/// <summary>What this service reads and writes on the wire.</summary>
[JsonSerializable(typeof(OpenBalance.Request), TypeInfoPropertyName = "OpenBalanceRequest")]
[JsonSerializable(typeof(ReloadBalance.Request), TypeInfoPropertyName = "ReloadBalanceRequest")]
[JsonSerializable(typeof(BalanceView))]
[JsonSerializable(typeof(Page<BalanceView>))]
[JsonSerializable(typeof(TransactionView))]
[JsonSerializable(typeof(Page<TransactionView>))]
[JsonSerializable(typeof(IReadOnlyList<BalanceSummary>))]
[JsonSerializable(typeof(OpenPartnerBalance.Request), TypeInfoPropertyName = "OpenPartnerBalanceRequest")]
[JsonSerializable(typeof(UpdatePartnerBalance.Request), TypeInfoPropertyName = "UpdatePartnerBalanceRequest")]
[JsonSerializable(typeof(ReloadPartnerBalance.Request), TypeInfoPropertyName = "ReloadPartnerBalanceRequest")]
[JsonSerializable(typeof(PartnerBalanceView))]
[JsonSerializable(typeof(Page<PartnerBalanceView>))]
[JsonSerializable(typeof(Page<PartnerMovementView>))]
[JsonSerializable(typeof(AdjustBalance.Request), TypeInfoPropertyName = "AdjustBalanceRequest")]
[JsonSerializable(typeof(AdjustBalance.Proposal))]
[JsonSerializable(typeof(AdjustmentView))]
[JsonSerializable(typeof(Page<AdjustmentView>))]
[JsonSerializable(typeof(AddRate.Request), TypeInfoPropertyName = "AddRateRequest")]
[JsonSerializable(typeof(RateView))]
[JsonSerializable(typeof(Page<RateView>))]
[JsonSerializable(typeof(BalanceFacts))]
[JsonSerializable(typeof(OpenBalances))]
[JsonSerializable(typeof(DecideAuthorisation))]
[JsonSerializable(typeof(AuthorisationDecided))]
[JsonSerializable(typeof(UserFacts))]
[JsonSerializable(typeof(KycFacts))]
[JsonSerializable(typeof(CardsOfBalance))]
[JsonSerializable(typeof(OpenCards))]
[JsonSerializable(typeof(PartnerFacts))]
[JsonSerializable(typeof(SendMessage))]
[JsonSerializable(typeof(MessageSent))]
[JsonSerializable(typeof(CardFacts))]
[JsonSerializable(typeof(ProgrammeFacts))]
[JsonSerializable(typeof(ReconciliationView))]
[JsonSerializable(typeof(Page<ReconciliationView>))]
[JsonSerializable(typeof(Explanation))]
[JsonSerializable(typeof(ExplainDecline.Answer), TypeInfoPropertyName = "ExplainDeclineAnswer")]
[JsonSerializable(typeof(TransactionHistory))]
[JsonSerializable(typeof(StatementView))]
[JsonSerializable(typeof(ReverseAuthorisation.Request), TypeInfoPropertyName = "ReverseAuthorisationRequest")]
[JsonSerializable(typeof(ReverseTransaction.Request), TypeInfoPropertyName = "ReverseTransactionRequest")]
[JsonSerializable(typeof(IncrementAuthorisation.Request), TypeInfoPropertyName = "IncrementAuthorisationRequest")]
[JsonSerializable(typeof(IncrementAuthorisation.Answer), TypeInfoPropertyName = "IncrementAuthorisationAnswer")]
[JsonSerializable(typeof(HoldView))]
[JsonSerializable(typeof(ClearingRecord))]
[JsonSerializable(typeof(ClearingView))]
[JsonSerializable(typeof(UploadClearingFile.Request), TypeInfoPropertyName = "UploadClearingFileRequest")]
[JsonSerializable(typeof(ClearingFileView))]
[JsonSerializable(typeof(RefundTransaction.Request), TypeInfoPropertyName = "RefundTransactionRequest")]
internal sealed partial class BalanceJson : JsonSerializerContext
{
    /// <summary>Reads and writes what is kept in the database, in the words of the wire.</summary>
    public static BalanceJson Kept { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter<AccountState>() },
    });
}
