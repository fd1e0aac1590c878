namespace Foretell.Data;

/// <summary>How examples become batches.</summary>
public sealed record ChatBatchOptions
{
    /// <summary>Tokens of a row, at least the longest example's.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Rows of a batch, at least 1; an epoch's last batch may have fewer.</summary>
    public required int Rows { get; init; }

    /// <summary>Default: <see cref="PackingOrder.FirstFit"/>.</summary>
    public PackingOrder Packing { get; init; }

    /// <summary>Whether each epoch has an order of its own; default true.</summary>
    public bool Shuffles { get; init; } = true;

    public ulong Seed { get; init; }

    /// <summary>The id of padding.</summary>
    public int Meaningless { get; init; }
}

/// <summary>The batches of all epochs by step: a function of the examples, the options and the step alone. Each example is in each epoch once.</summary>
public sealed class ChatBatches(IReadOnlyList<ChatExample> examples, ChatBatchOptions options)
{
    private readonly int[] _lengths = [.. examples.Select(example => example.Length)];
    private readonly List<long> _starts = [0];
    private (int Number, IReadOnlyList<IReadOnlyList<int>> Rows)? _recent;

    /// <summary>Steps in the first so many epochs.</summary>
    /// <param name="epochs">At least 0; part of an epoch counts by its share of that epoch's steps, rounded up.</param>
    public long Steps(double epochs)
    {
        int whole = (int)Math.Floor(epochs);
        long steps = Start(whole);
        return steps + (long)Math.Ceiling((epochs - whole) * (epochs > whole ? Start(whole + 1) - steps : 0));
    }

    /// <summary>The epoch that a step belongs to, from 0.</summary>
    public int EpochOf(long step)
    {
        int epoch = 0;
        while (Start(epoch + 1) <= step)
        {
            epoch++;
        }
        return epoch;
    }

    /// <summary>The batch of a step.</summary>
    /// <exception cref="CorpusException">It holds no token to learn; the message names its rows.</exception>
    public Batch At(long step)
    {
        int epoch = EpochOf(step);
        int first = (int)(step - Start(epoch)) * options.Rows;
        return ChatPacking.Build([.. Epoch(epoch).Skip(first).Take(options.Rows).Select(row => (IReadOnlyList<ChatExample>)[.. row.Select(index => examples[index])])], options.ContextLength, options.Meaningless);
    }

    /// <summary>The step at which an epoch begins.</summary>
    private long Start(int epoch)
    {
        while (_starts.Count <= epoch)
        {
            _starts.Add(_starts[^1] + (Epoch(_starts.Count - 1).Count + options.Rows - 1) / options.Rows);
        }
        return _starts[epoch];
    }

    private IReadOnlyList<IReadOnlyList<int>> Epoch(int number)
    {
        if (_recent?.Number != number)
        {
            var order = new FeistelPermutation(examples.Count, SplitMix64.Mix(options.Seed, (ulong)number));
            _recent = (number, ChatPacking.Pack(_lengths, Enumerable.Range(0, examples.Count).Select(index => options.Shuffles ? (int)order[index] : index), options.ContextLength, options.Packing));
        }
        return _recent.Value.Rows;
    }
}
