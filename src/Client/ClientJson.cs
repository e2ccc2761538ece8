using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Antaca.Jose;

[assembly: InternalsVisibleTo("Antaca.Client.Tests")]

namespace Antaca.Client;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(SealedBody))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(SuitePublicKey))]
[JsonSerializable(typeof(NewUser))]
[JsonSerializable(typeof(User))]
[JsonSerializable(typeof(KycDecision))]
[JsonSerializable(typeof(NewBalance))]
[JsonSerializable(typeof(Balance))]
[JsonSerializable(typeof(NewReload))]
[JsonSerializable(typeof(Transaction))]
[JsonSerializable(typeof(TransactionHistory))]
[JsonSerializable(typeof(Statement))]
[JsonSerializable(typeof(DeclineExplanation))]
[JsonSerializable(typeof(NewPartnerBalance))]
[JsonSerializable(typeof(PartnerBalanceChange))]
[JsonSerializable(typeof(PartnerBalance))]
[JsonSerializable(typeof(Page<PartnerBalance>))]
[JsonSerializable(typeof(Page<Reconciliation>))]
[JsonSerializable(typeof(Page<PartnerMovement>))]
[JsonSerializable(typeof(IReadOnlyList<BalanceSummary>))]
[JsonSerializable(typeof(NewAdjustment))]
[JsonSerializable(typeof(AdjustmentOutcome))]
[JsonSerializable(typeof(Adjustment))]
[JsonSerializable(typeof(Page<Adjustment>))]
[JsonSerializable(typeof(NewExchangeRate))]
[JsonSerializable(typeof(ExchangeRate))]
[JsonSerializable(typeof(Page<ExchangeRate>))]
[JsonSerializable(typeof(NewVirtualCard))]
[JsonSerializable(typeof(IssuedCard))]
[JsonSerializable(typeof(CardSecrets))]
[JsonSerializable(typeof(Card))]
[JsonSerializable(typeof(NewLock))]
[JsonSerializable(typeof(SpendControls))]
[JsonSerializable(typeof(CardControls))]
[JsonSerializable(typeof(EventPage))]
[JsonSerializable(typeof(AuthorisationRequest))]
[JsonSerializable(typeof(Authorisation))]
[JsonSerializable(typeof(ClearingRequest))]
[JsonSerializable(typeof(PostedClearing))]
[JsonSerializable(typeof(ClearingFile))]
[JsonSerializable(typeof(NewClearingFile))]
[JsonSerializable(typeof(Reversal))]
[JsonSerializable(typeof(Increment))]
[JsonSerializable(typeof(NewReversal))]
[JsonSerializable(typeof(NewIncrement))]
[JsonSerializable(typeof(UnansweredReversal))]
[JsonSerializable(typeof(UserChange))]
[JsonSerializable(typeof(NewUserLock))]
[JsonSerializable(typeof(ActivationCode))]
[JsonSerializable(typeof(Page<User>))]
[JsonSerializable(typeof(Page<Balance>))]
[JsonSerializable(typeof(Page<Transaction>))]
[JsonSerializable(typeof(Page<Card>))]
[JsonSerializable(typeof(Page<CardProgram>))]
[JsonSerializable(typeof(Page<ClientCertificate>))]
[JsonSerializable(typeof(Registration))]
[JsonSerializable(typeof(CodeSent))]
[JsonSerializable(typeof(NewInstallation))]
[JsonSerializable(typeof(BegunSession))]
[JsonSerializable(typeof(NewChallenge))]
[JsonSerializable(typeof(Challenge))]
[JsonSerializable(typeof(NewSession))]
[JsonSerializable(typeof(NewApproval))]
[JsonSerializable(typeof(GivenApproval))]
[JsonSerializable(typeof(Page<Device>))]
[JsonSerializable(typeof(ProfileChange))]
[JsonSerializable(typeof(Credentials))]
[JsonSerializable(typeof(SecondFactor))]
[JsonSerializable(typeof(NewPassword))]
[JsonSerializable(typeof(AcceptedPassword))]
[JsonSerializable(typeof(ForgottenPassword))]
[JsonSerializable(typeof(NewOperator))]
[JsonSerializable(typeof(NewRole))]
[JsonSerializable(typeof(Operator))]
[JsonSerializable(typeof(Page<Operator>))]
[JsonSerializable(typeof(Page<AuditEntry>))]
[JsonSerializable(typeof(NewPartner))]
[JsonSerializable(typeof(PartnerChange))]
[JsonSerializable(typeof(NewEncryptionKey))]
[JsonSerializable(typeof(Partner))]
[JsonSerializable(typeof(Page<Partner>))]
[JsonSerializable(typeof(NewCertificate))]
[JsonSerializable(typeof(SignedCertificate))]
[JsonSerializable(typeof(NewCardProgram))]
[JsonSerializable(typeof(CardProgramChange))]
[JsonSerializable(typeof(IssuedCardSummary))]
[JsonSerializable(typeof(NewPhysicalCard))]
[JsonSerializable(typeof(NewPrint))]
[JsonSerializable(typeof(NewLink))]
[JsonSerializable(typeof(NewPin))]
[JsonSerializable(typeof(TakenOrder))]
[JsonSerializable(typeof(CardOrder))]
[JsonSerializable(typeof(CardRequest))]
[JsonSerializable(typeof(NewOutsideLock))]
[JsonSerializable(typeof(OutsideLock))]
[JsonSerializable(typeof(Page<Personalisation>))]
[JsonSerializable(typeof(Personalisation))]
[JsonSerializable(typeof(PersonalisationRecord))]
[JsonSerializable(typeof(NewFailure))]
[JsonSerializable(typeof(NewStock))]
[JsonSerializable(typeof(RegisteredStock))]
[JsonSerializable(typeof(PinKeyRequest))]
[JsonSerializable(typeof(NewPinKey))]
[JsonSerializable(typeof(Page<PinKey>))]
[JsonSerializable(typeof(VaultRotation))]
internal sealed partial class ClientJson : JsonSerializerContext;

/// <summary>A body as it travels on an encrypted call.</summary>
internal sealed record SealedBody(string Payload);

/// <summary>RFC 9457.</summary>
internal sealed record Problem(string? Title = null, string? Detail = null, string? Code = null, string? TraceId = null, Dictionary<string, string[]>? Errors = null, int? TriesLeft = null);

/// <summary>
/// The suite's public key for encrypted calls.
/// </summary>
/// <param name="Kid">Its RFC 7638 thumbprint.</param>
/// <param name="Alg"><c>RSA-OAEP-256</c></param>
/// <param name="Enc"><c>A256GCM</c></param>
/// <param name="PublicKey">base64 of its PEM.</param>
/// <param name="Jwk">The same key in JWK form.</param>
public sealed record SuitePublicKey(string Kid, string Alg, string Enc, string PublicKey, Jwk Jwk)
{
    internal RsaPublicKey ToKey() => RsaPublicKey.TryParse(PublicKey, out var key) && key.Kid == Kid && key.Jwk.Equals(Jwk)
        ? key
        : throw new AntacaException(0, AntacaException.UnexpectedAnswer, "The suite's public key is not usable, or not the one its kid names.");
}

/// <summary>
/// Enumerations of the contract by name. A name that a later version of the suite adds reads as the first member, Unknown.
/// </summary>
internal sealed class ByName<T> : JsonConverter<T>
    where T : struct, Enum
{
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String
            ? Enum.TryParse<T>(reader.GetString(), out var value) && Enum.IsDefined(value) ? value : default
            : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
