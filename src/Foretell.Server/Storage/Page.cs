namespace Foretell.Server.Storage;

/// <summary>A part of a list, as the API pages: <c>after</c>, <c>limit</c>, <c>order</c>.</summary>
/// <param name="Limit">The most items, at least 1.</param>
/// <param name="After">The identifier behind which the page begins; null for the first page. It need not exist any more: identifiers sort by their time.</param>
/// <param name="NewestFirst">The order of the whole list.</param>
public sealed record PageRequest(int Limit, string? After = null, bool NewestFirst = false)
{
    public int Limit { get; } = Limit >= 1 ? Limit : throw new ArgumentOutOfRangeException(nameof(Limit), Limit, "A page has at least one item.");
}

/// <summary>Items of a list, and whether more follow.</summary>
public sealed record Page<T>(IReadOnlyList<T> Items, bool HasMore);
