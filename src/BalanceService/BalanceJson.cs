using System.Text.Json.Serialization;
using Antaca.BalanceService.Balances;
using Antaca.BalanceService.Ledger;
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
internal sealed partial class BalanceJson : JsonSerializerContext;
