using System.Text.Json.Serialization;
using Antaca.CardService.Authorisations;
using Antaca.CardService.Issuing;
using Antaca.CardService.Locks;
using Antaca.CardService.Viewing;
using Antaca.Contracts.Requests;

namespace Antaca.CardService;

/// <summary>The wire types of this service, read and written without reflection.</summary>
[JsonSerializable(typeof(IssueVirtualCard.Request), TypeInfoPropertyName = "IssueVirtualCardRequest")]
[JsonSerializable(typeof(IssueVirtualCard.IssuedCard))]
[JsonSerializable(typeof(LockCard.Request), TypeInfoPropertyName = "LockCardRequest")]
[JsonSerializable(typeof(CardView))]
[JsonSerializable(typeof(CardList))]
[JsonSerializable(typeof(GetCard.FullCard))]
[JsonSerializable(typeof(ListCardsOnBalance.CardsOnBalance))]
[JsonSerializable(typeof(AuthoriseTransaction.Request), TypeInfoPropertyName = "AuthoriseTransactionRequest")]
[JsonSerializable(typeof(AuthoriseTransaction.Answer))]
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
