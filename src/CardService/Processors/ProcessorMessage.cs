using System.Text.Json.Serialization;

namespace Antaca.CardService.Processors;

internal enum MessageType
{
    Created,
    Locked,
    Unlocked,
    Removed,
}

/// <summary>What an outside processor is told of a card.</summary>
internal sealed record ProcessorMessage
{
    /// <summary>The event's: the processor hears it as <c>X-Idempotency-Key</c>.</summary>
    public required Guid Id { get; init; }
    public required string Processor { get; init; }
    public required Guid CardId { get; init; }
    public required MessageType Type { get; init; }
    public short? LockCode { get; init; }
    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>How often it was told in vain.</summary>
    public int Failures { get; init; }

    // The card, as it is when it is told.
    public Guid ProgramId { get; init; }
    public CardType CardType { get; init; }
    public string? MaskedCardNo { get; init; }
    public DateOnly Exp { get; init; }

    public Body ToBody() => new(Type, CardId, ProgramId, CardType, MaskedCardNo, Exp, LockCode, OccurredAt);

    /// <param name="Event">What happened to the card.</param>
    internal sealed record Body(
        MessageType Event,
        Guid CardId,
        Guid ProgramId,
        CardType Type,
        string? MaskedCardNo,
        DateOnly Exp,
        short? LockCode,
        DateTimeOffset OccurredAt);
}

/// <summary>Writes what processors are told: the wire's own words, whatever the service's are.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(ProcessorMessage.Body))]
internal sealed partial class ProcessorJson : JsonSerializerContext;
