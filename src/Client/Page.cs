namespace Antaca.Client;

/// <summary>A page of a list, newest first.</summary>
/// <param name="Next">What to ask on with as <c>after</c>; null on the last page.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next = null)
{
    /// <summary>Prints the number of items, not the items.</summary>
    public override string ToString() => $"Page of {Items.Count} {typeof(T).Name}";
}
