namespace Foretell.Models;

/// <summary>
/// The adapters that a model carries, by name; at most one is active, and every pass goes through it: training, the engine,
/// evaluation. Change it only while nothing runs: keys and values that were cached under another one would not fit.
/// </summary>
public sealed class LoraAdapters : IDisposable
{
    private readonly Dictionary<string, LoraAdapter> _byName = new(StringComparer.Ordinal);

    /// <summary>The adapter that passes go through; null for the model alone.</summary>
    public LoraAdapter? Active { get; private set; }

    public IReadOnlyCollection<string> Names => _byName.Keys;

    /// <summary>Takes an adapter, which is then disposed with the model. It is not active yet.</summary>
    /// <exception cref="ArgumentException">There is one of that name.</exception>
    public void Add(LoraAdapter adapter)
    {
        if (!_byName.TryAdd(adapter.Name, adapter))
        {
            throw new ArgumentException($"The model already has an adapter \"{adapter.Name}\"; give this one another name.");
        }
    }

    /// <summary>Makes an adapter the active one.</summary>
    /// <param name="name">Null for the model alone.</param>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public void Use(string? name) => Active = name is null ? null
        : _byName.TryGetValue(name, out LoraAdapter? adapter) ? adapter
        : throw new ArgumentException($"The model has no adapter \"{name}\"; it has {(_byName.Count == 0 ? "none" : string.Join(", ", _byName.Keys))}.");

    public void Dispose()
    {
        foreach (LoraAdapter adapter in _byName.Values)
        {
            adapter.Dispose();
        }
    }
}
