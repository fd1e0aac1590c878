using Foretell.Models;
using Foretell.Tensors.Autograd;

namespace Foretell.Inference;

/// <summary>
/// Guesses by a smaller model of the same vocabulary (Leviathan et al. 2023). It draws as the request does, with the
/// request's seed, so that where the two models' distributions are alike so are the draws. It keeps its keys and values
/// in a pool of its own, in blocks of the same ids as the model's.
/// </summary>
internal sealed class DraftModel(Transformer model, int blocks, int vocabulary) : IDrafter
{
    private readonly ModelRunner _runner = new(model, blocks);
    private readonly SamplerScratch _scratch = new(vocabulary);

    public int[][] Propose(ScheduledStep step)
    {
        int[][] drafts = new int[step.Sequences.Count][];
        Array.Fill(drafts, []);
        List<(int Index, List<int> Guesses, ITokenConstraint? Constraint)> open = [];
        for (int i = 0; i < drafts.Length; i++)
        {
            if (step.Sequences[i].Drafts > 0 && step.Sequences[i].Sequence.Answer!.TryForkConstraint(out ITokenConstraint? constraint))
            {
                open.Add((i, [], constraint));
            }
        }
        while (open.Count > 0)
        {
            using var tape = new Tape(_runner.Model.Device, recording: false);
            var parts = new List<ReadPart>(open.Count);
            foreach ((int index, List<int> guesses, _) in open)
            {
                Sequence sequence = step.Sequences[index].Sequence;
                int[] unread = guesses.Count == 0 ? sequence.Tokens[sequence.Blocks.Draft!.Length..].ToArray() : [guesses[^1]];
                parts.Add(new ReadPart(sequence.Blocks.Draft!, unread, 1));
            }
            ReadOnlySpan<float> scores = _runner.Read(tape, parts)!.Span<float>();
            int width = scores.Length / open.Count;
            for (int row = open.Count - 1; row >= 0; row--)
            {
                (int index, List<int> guesses, ITokenConstraint? constraint) = open[row];
                ScheduledSequence part = step.Sequences[index];
                int? guess = part.Sequence.Answer!.Guess(scores.Slice(row * width, vocabulary), guesses.Count, constraint, _scratch);
                if (guess is int token)
                {
                    guesses.Add(token);
                }
                if (guess is null || guesses.Count == part.Drafts)
                {
                    drafts[index] = [.. guesses];
                    open.RemoveAt(row);
                }
            }
        }
        return drafts;
    }

    public void Follow(IReadOnlyList<Sequence> sequences)
    {
        var parts = new List<ReadPart>();
        foreach (Sequence sequence in sequences)
        {
            int read = sequence.Blocks.Draft!.Length;
            if (read < sequence.Blocks.Length)
            {
                parts.Add(new ReadPart(sequence.Blocks.Draft, sequence.Tokens[read..sequence.Blocks.Length].ToArray(), 0));
            }
        }
        if (parts.Count > 0)
        {
            using var tape = new Tape(_runner.Model.Device, recording: false);
            _runner.Read(tape, parts);
        }
    }

    public void Copy(BlockCopy copy) => _runner.Copy(copy);

    public void Dispose() => _runner.Dispose();
}
