using System.Text.Json;

namespace Foretell.Inference;

/// <summary>Grammars by what they were made from, so that requests with the same schema share its states and masks. The least recently used one goes first. Safe to use from many threads.</summary>
/// <param name="capacity">The most grammars kept, at least 1; each may come to hold 24 MiB of states and masks for each vocabulary in use.</param>
public sealed class GrammarCache(int capacity = 32)
{
    private readonly int _capacity = capacity > 0 ? capacity : throw new ArgumentOutOfRangeException(nameof(capacity), $"A cache of {capacity} grammars can't be; it must hold at least 1.");
    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedListNode<(string Key, Grammar Grammar)>> _byKey = [];
    private readonly LinkedList<(string Key, Grammar Grammar)> _latestFirst = [];

    /// <summary>The grammars held.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _byKey.Count;
            }
        }
    }

    /// <summary>The grammar of a schema.</summary>
    /// <exception cref="GrammarException">As <see cref="JsonSchemaGrammar.Compile"/>.</exception>
    public Grammar JsonSchema(JsonElement schema, JsonGrammarOptions? options = null) =>
        GetOrCompile($"schema {options} {schema.GetRawText()}", () => JsonSchemaGrammar.Compile(schema, options));

    /// <summary>The grammar of a pattern.</summary>
    /// <exception cref="GrammarException">As <see cref="RegexGrammar.Compile"/>.</exception>
    public Grammar Regex(string pattern) => GetOrCompile($"regex {pattern}", () => RegexGrammar.Compile(pattern));

    /// <summary>The grammar of a list of texts.</summary>
    /// <exception cref="GrammarException">As <see cref="ChoiceGrammar.Compile"/>.</exception>
    public Grammar Choice(IReadOnlyCollection<string> choices) =>
        GetOrCompile($"choice {string.Concat(choices.Select(choice => $"{choice.Length}:{choice}"))}", () => ChoiceGrammar.Compile(choices));

    /// <summary>The grammar of tool calls.</summary>
    /// <exception cref="GrammarException">As <see cref="ToolCallGrammar.Compile"/>.</exception>
    public Grammar ToolCalls(IReadOnlyList<ToolDefinition> tools, ToolCallEnvelope envelope, ToolCallOptions? options = null) =>
        GetOrCompile(
            $"tools {options} {envelope} {string.Concat(tools.Select(tool => $"{tool.Name.Length}:{tool.Name}{tool.Parameters?.GetRawText()};"))}",
            () => ToolCallGrammar.Compile(tools, envelope, options));

    /// <summary>The grammar kept under a key of the caller's own, or a new one. What fails to compile is not kept.</summary>
    public Grammar GetOrCompile(string key, Func<Grammar> compile)
    {
        lock (_gate)
        {
            if (_byKey.TryGetValue(key, out LinkedListNode<(string Key, Grammar Grammar)>? known))
            {
                _latestFirst.Remove(known);
                _latestFirst.AddFirst(known);
                return known.Value.Grammar;
            }
        }
        // Compiled outside the lock: a large schema must not hold up the others.
        Grammar grammar = compile();
        lock (_gate)
        {
            if (_byKey.TryGetValue(key, out LinkedListNode<(string Key, Grammar Grammar)>? other))
            {
                return other.Value.Grammar;
            }
            _byKey.Add(key, _latestFirst.AddFirst((key, grammar)));
            if (_byKey.Count > _capacity)
            {
                _byKey.Remove(_latestFirst.Last!.Value.Key);
                _latestFirst.RemoveLast();
            }
        }
        return grammar;
    }
}
