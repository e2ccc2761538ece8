using System.Text.Json;
using System.Text.Json.Serialization;
using Antaca.BalanceService.Balances;
using Antaca.BalanceService.Clearing;
using Antaca.BalanceService.Holds;
using Antaca.BalanceService.Ledger;
using Antaca.BalanceService.RemoteBalances;
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
[JsonSerializable(typeof(BalanceFacts))]
[JsonSerializable(typeof(OpenBalances))]
[JsonSerializable(typeof(DecideAuthorisation))]
[JsonSerializable(typeof(AuthorisationDecided))]
[JsonSerializable(typeof(UserFacts))]
[JsonSerializable(typeof(KycFacts))]
[JsonSerializable(typeof(CardsOfBalance))]
[JsonSerializable(typeof(CardFacts))]
[JsonSerializable(typeof(DecisionInputs))]
[JsonSerializable(typeof(ProgrammeFacts))]
[JsonSerializable(typeof(ReconciliationView))]
[JsonSerializable(typeof(Page<ReconciliationView>))]
[JsonSerializable(typeof(ReverseAuthorisation.Request), TypeInfoPropertyName = "ReverseAuthorisationRequest")]
[JsonSerializable(typeof(ReverseTransaction.Request), TypeInfoPropertyName = "ReverseTransactionRequest")]
[JsonSerializable(typeof(IncrementAuthorisation.Request), TypeInfoPropertyName = "IncrementAuthorisationRequest")]
[JsonSerializable(typeof(IncrementAuthorisation.Answer), TypeInfoPropertyName = "IncrementAuthorisationAnswer")]
[JsonSerializable(typeof(HoldView))]
[JsonSerializable(typeof(ClearingRecord))]
[JsonSerializable(typeof(ClearingView))]
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
