namespace Foretell.Server.Storage;

/// <summary>A person's judgement of two answers to one conversation.</summary>
/// <param name="Id">From <see cref="Database.Identifiers"/>.</param>
/// <param name="Key">The identifier of the API key; null for none.</param>
/// <param name="Prompt">The conversation before the answers, a JSON array of messages.</param>
/// <param name="Choice"><c>a</c>, <c>b</c>, <c>both</c> or <c>neither</c>.</param>
public sealed record PreferenceLabel(string Id, DateTimeOffset Time, string? Key, string ModelA, string ModelB, string Prompt, string AnswerA, string AnswerB, string Choice);

/// <summary>Preference data.</summary>
public interface ILabelStore
{
    Task AddAsync(PreferenceLabel label, CancellationToken cancellation);

    Task<Page<PreferenceLabel>> ListAsync(PageRequest page, CancellationToken cancellation);

    /// <returns>Whether there was one.</returns>
    Task<bool> DeleteAsync(string id, CancellationToken cancellation);
}
