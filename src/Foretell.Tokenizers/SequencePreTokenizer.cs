using System.Runtime.InteropServices;

namespace Foretell.Tokenizers;

/// <summary>Several patterns, each applied to the words that the one before it cut.</summary>
internal sealed class SequencePreTokenizer(IReadOnlyList<PreTokenizer> steps) : PreTokenizer
{
    public override string Pattern { get; } = string.Join('\n', steps.Select(step => step.Pattern));

    internal override IReadOnlyList<PreTokenizer> Steps => steps;

    internal override bool CutsBeforeSpace => false;

    public override void Split(ReadOnlySpan<byte> utf8, List<int> wordEnds)
    {
        var ends = new List<int> { utf8.Length };
        foreach (PreTokenizer step in steps)
        {
            var finer = new List<int>(ends.Count * 2);
            int start = 0;
            foreach (int end in ends)
            {
                int before = finer.Count;
                step.Split(utf8[start..end], finer);
                foreach (ref int wordEnd in CollectionsMarshal.AsSpan(finer)[before..])
                {
                    wordEnd += start;
                }
                start = end;
            }
            ends = finer;
        }
        wordEnds.AddRange(ends);
    }
}
