using Antaca.Contracts.Requests;

namespace Antaca.CardService.Plastic;

/// <summary>A personalised card of a programme's stock, as it leaves it.</summary>
internal sealed record StockCard
{
    public required Guid Id { get; init; }
    public required string MaskedCardNo { get; init; }
    public required DateOnly Exp { get; init; }

    public Card For(UserFacts user, Guid balanceId, DateTimeOffset now) => new()
    {
        Id = Id,
        PartnerId = user.PartnerId,
        UserId = user.Id,
        ProgramId = user.Programme.Id,
        BalanceId = balanceId,
        Type = CardType.Physical,
        Status = CardStatus.Inactive,
        MaskedCardNo = MaskedCardNo,
        Exp = Exp,
        CreatedAt = now,
    };
}

/// <summary>A request for stock: the cards exist once the vault has given all of them their numbers.</summary>
internal sealed record StockRequest
{
    public required Guid Id { get; init; }
    public required Guid PartnerId { get; init; }
    public required Guid ProgramId { get; init; }
    public required Guid[] CardIds { get; init; }
    public required DateOnly Exp { get; init; }
    public string? Design { get; init; }
    public required byte[] Fingerprint { get; init; }

    /// <summary>Null once it is finished; until then somebody works on it until this.</summary>
    public DateTimeOffset? ClaimedUntil { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}
