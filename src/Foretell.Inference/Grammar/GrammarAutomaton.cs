namespace Foretell.Inference;

/// <summary>
/// A grammar's states and masks for one vocabulary, shared by all constraints that use both. When they take more memory
/// than allowed, they are forgotten and found anew as they are needed; constraints under way carry their own state over.
/// </summary>
internal sealed class GrammarAutomaton(Expression root, int depth, ByteClasses classes, TokenVocabulary vocabulary, long memoryLimit)
{
    private Generation? _current;

    /// <summary>What must be held while states are looked at or moved along.</summary>
    public Lock Gate { get; } = new();

    public TokenVocabulary Vocabulary => vocabulary;

    /// <summary>About how many bytes are in use.</summary>
    public long Bytes => _current is Generation current ? current.Graph.Bytes + current.Masks.Bytes : 0;

    /// <summary>States that belong together, and their masks.</summary>
    public sealed record Generation(StateGraph Graph, MaskBuilder Masks);

    public (Generation Generation, State State) Start()
    {
        Generation current = Current();
        return (current, current.Graph.Instantiate(root, depth));
    }

    /// <summary>Brings a constraint's state into the present states; the gate is held.</summary>
    public void Refresh(ref Generation generation, ref State state)
    {
        Generation current = Current();
        if (generation != current)
        {
            state = current.Graph.Import(state);
            generation = current;
        }
    }

    private Generation Current()
    {
        if (_current is null || Bytes > memoryLimit)
        {
            var graph = new StateGraph(classes);
            _current = new Generation(graph, new MaskBuilder(graph, vocabulary));
        }
        return _current;
    }
}
