namespace Antaca.BalanceService.Clearing;

/// <summary>What a clearing is posted from, in minor units of the balance's currency.</summary>
internal sealed record ClearingInputs
{
    public required long Amount { get; init; }

    /// <summary>What the user owes of it where the exchange rate has moved since the authorisation; null where it is the amount.</summary>
    public long? Expected { get; init; }

    /// <summary>What the authorisation still holds; 0 without one.</summary>
    public long Held { get; init; }

    /// <summary>Whether the partner's account behind the balance holds as much too.</summary>
    public bool Backed { get; init; }

    /// <summary>No more is to come: what is left of the hold falls away.</summary>
    public bool Final { get; init; }

    /// <summary>What the balance has left besides the hold; null where the partner holds it.</summary>
    public required long? Available { get; init; }

    /// <summary>What the partner's account behind the balance has left besides the hold; null where there is none.</summary>
    public long? Backing { get; init; }
}

/// <summary>Who bears a clearing. The scheme always gets its amount.</summary>
/// <param name="Released">What falls away of the hold.</param>
/// <param name="FromUser">From the balance; never more than there is. From the deposit behind it where the partner holds it.</param>
/// <param name="FromPartner">From the partner's own balance: what the user's could not bear, and what the exchange rate has moved since the authorisation; negative where it gains.</param>
/// <param name="FromCredit">From the partner's credit, to where its money comes from; what it lacks, the partner's own balance bears.</param>
internal sealed record ClearingPosting(long Released, long FromUser, long FromPartner, long FromCredit)
{
    public static ClearingPosting Of(ClearingInputs inputs)
    {
        var expected = inputs.Expected ?? inputs.Amount;
        var released = inputs.Final ? inputs.Held : Math.Min(inputs.Held, expected);
        var backing = inputs.Backing + (inputs.Backed ? released : 0);
        var fromUser = Math.Min(expected, inputs.Available + released ?? backing ?? 0);
        var fromCredit = inputs.Available is null ? 0 : Math.Min(inputs.Amount, backing ?? 0);
        return new ClearingPosting(released, fromUser, inputs.Amount - fromUser, fromCredit);
    }
}
