using Foretell.Nn;
using Foretell.Tensors;

namespace Foretell.Inference.Tests.Batching;

public class BlockManagerTests
{
    private const int Size = KeyValuePool.BlockTokens;

    [Fact]
    public void TryReserve_WithTooFewBlocks_ChangesNothing()
    {
        var blocks = new BlockManager(3, Size, prefixCache: true);
        var sequence = new SequenceBlocks();
        Assert.False(blocks.TryReserve(sequence, 3 * Size + 1, []));
        Assert.Equal(3, blocks.Free);
        Assert.Equal(0, sequence.Ids.Length);
        Assert.True(blocks.TryReserve(sequence, 3 * Size, []));
        Assert.Equal(0, blocks.Free);
    }

    [Fact]
    public void TakePrefix_OfTokensThatWereRead_GivesTheirFullBlocks()
    {
        var blocks = new BlockManager(8, Size, prefixCache: true);
        int[] tokens = Tokens(3 * Size + 5, seed: 1);
        SequenceBlocks first = Read(blocks, tokens);
        int[] firstIds = first.Ids.ToArray();
        blocks.ReleaseAll(first);
        Assert.Equal(8, blocks.Free);
        Assert.Equal(3, blocks.Cached);

        var second = new SequenceBlocks();
        Assert.Equal((3 * Size, 3), blocks.FindPrefix(tokens));
        Assert.Equal(3 * Size, blocks.TakePrefix(tokens, second));
        Assert.Equal(firstIds[..3], second.Ids.ToArray());
        Assert.Equal(5, blocks.Free);
        Assert.Equal((3 * Size, 0), blocks.FindPrefix(tokens));
    }

    [Fact]
    public void FindPrefix_OfTokensThatDifferSomewhere_EndsBeforeThatBlock()
    {
        var blocks = new BlockManager(8, Size, prefixCache: true);
        int[] tokens = Tokens(3 * Size, seed: 1);
        blocks.ReleaseAll(Read(blocks, tokens));
        foreach ((int at, int expected) in (ReadOnlySpan<(int, int)>)[(0, 0), (Size - 1, 0), (Size, Size), (3 * Size - 1, 2 * Size)])
        {
            int[] other = [.. tokens];
            other[at]++;
            Assert.Equal(expected, blocks.FindPrefix(other).Tokens);
        }
        // The same tokens behind others are not the same keys and values.
        Assert.Equal(0, blocks.FindPrefix(tokens.AsSpan(Size)).Tokens);
    }

    [Fact]
    public void FindPrefix_WithoutAPrefixCache_FindsNothing()
    {
        var blocks = new BlockManager(8, Size, prefixCache: false);
        int[] tokens = Tokens(2 * Size, seed: 1);
        blocks.ReleaseAll(Read(blocks, tokens));
        Assert.Equal((0, 0), blocks.FindPrefix(tokens));
        Assert.Equal(0, blocks.Cached);
    }

    [Fact]
    public void TryReserve_WhenAllIsKept_EvictsTheLongestUnusedAndItsEndFirst()
    {
        var blocks = new BlockManager(6, Size, prefixCache: true);
        int[] old = Tokens(3 * Size, seed: 1);
        int[] recent = Tokens(3 * Size, seed: 2);
        blocks.ReleaseAll(Read(blocks, old));
        blocks.ReleaseAll(Read(blocks, recent));
        Assert.Equal(6, blocks.Cached);
        Assert.True(blocks.TryReserve(new SequenceBlocks(), 2 * Size, []));
        Assert.Equal(Size, blocks.FindPrefix(old).Tokens);
        Assert.Equal(3 * Size, blocks.FindPrefix(recent).Tokens);
        Assert.Equal(4, blocks.Cached);
    }

    [Fact]
    public void TryReserve_OfASharedHalfFilledBlock_GivesACopyToWriteInto()
    {
        var blocks = new BlockManager(6, Size, prefixCache: true);
        SequenceBlocks parent = Read(blocks, Tokens(Size + 3, seed: 1));
        var child = new SequenceBlocks();
        blocks.Share(parent, child);
        Assert.Equal(parent.Ids.ToArray(), child.Ids.ToArray());
        Assert.Equal(2, blocks.References(parent.Ids[1]));
        var copies = new List<BlockCopy>();
        int shared = child.Ids[1];
        Assert.True(blocks.TryReserve(child, Size + 4, copies));
        Assert.Equal([new BlockCopy(shared, child.Ids[1])], copies);
        Assert.NotEqual(parent.Ids[1], child.Ids[1]);
        Assert.Equal(parent.Ids[0], child.Ids[0]);
        // The last holder writes in place.
        copies.Clear();
        Assert.True(blocks.TryReserve(parent, Size + 4, copies));
        Assert.Empty(copies);
        blocks.ReleaseAll(parent);
        blocks.ReleaseAll(child);
        Assert.Equal(6, blocks.Free);
    }

    [Fact]
    public void Register_OfTokensThatAreKnown_GoesOverToTheKnownBlock()
    {
        var blocks = new BlockManager(6, Size, prefixCache: true);
        int[] tokens = Tokens(2 * Size, seed: 1);
        SequenceBlocks first = Read(blocks, tokens);
        SequenceBlocks second = Read(blocks, tokens);
        Assert.Equal(first.Ids.ToArray(), second.Ids.ToArray());
        Assert.Equal(4, blocks.Free);
        blocks.ReleaseAll(first);
        blocks.ReleaseAll(second);
        Assert.Equal(6, blocks.Free);
        Assert.Equal(2, blocks.Cached);
    }

    /// <summary>
    /// Random work against a plain model: what each block's places hold. Every sequence finds its own tokens behind its
    /// own tokens, nothing that is shared is written, references add up, and at the end all is free.
    /// </summary>
    [Fact]
    public void RandomOperations_AgainstAPlainModel_NeitherLeakNorMixUp()
    {
        for (ulong seed = 0; seed < 30; seed++)
        {
            var random = new SeededRandom(seed);
            int count = 4 + random.NextInt(20);
            var blocks = new BlockManager(count, Size, prefixCache: seed % 3 != 0);
            (int Token, long Behind)[][] contents = [.. Enumerable.Range(0, count).Select(_ => new (int, long)[Size])];
            var live = new List<(SequenceBlocks Blocks, List<int> Tokens)>();
            for (int operation = 0; operation < 400; operation++)
            {
                int kind = random.NextInt(10);
                if (kind < 3)
                {
                    List<int> tokens = [.. Tokens(1 + random.NextInt(4 * Size), seed: (ulong)random.NextInt(3))];
                    var sequence = new SequenceBlocks();
                    blocks.TakePrefix(tokens.ToArray().AsSpan()[..^1], sequence);
                    live.Add((sequence, tokens));
                    ReadOn(blocks, contents, sequence, tokens);
                }
                else if (kind < 7 && live.Count > 0)
                {
                    (SequenceBlocks sequence, List<int> tokens) = live[random.NextInt(live.Count)];
                    if (sequence.Length == tokens.Count)
                    {
                        tokens.Add(random.NextInt(3));
                    }
                    ReadOn(blocks, contents, sequence, tokens);
                }
                else if (kind < 8 && live.Count > 0)
                {
                    (SequenceBlocks parent, List<int> tokens) = live[random.NextInt(live.Count)];
                    var child = new SequenceBlocks();
                    blocks.Share(parent, child);
                    live.Add((child, [.. tokens]));
                }
                else if (live.Count > 0)
                {
                    int at = random.NextInt(live.Count);
                    blocks.ReleaseAll(live[at].Blocks);
                    live.RemoveAt(at);
                }
                AssertConsistent(blocks, contents, live);
            }
            live.ForEach(entry => blocks.ReleaseAll(entry.Blocks));
            Assert.Equal(count, blocks.Free);
        }
    }

    private static void AssertConsistent(BlockManager blocks, (int Token, long Behind)[][] contents, List<(SequenceBlocks Blocks, List<int> Tokens)> live)
    {
        int[] references = new int[blocks.Count];
        foreach ((SequenceBlocks sequence, List<int> tokens) in live)
        {
            long behind = 0;
            for (int i = 0; i < sequence.Length; i++)
            {
                if (contents[sequence.Ids[i / Size]][i % Size] != (tokens[i], behind))
                {
                    Assert.Fail($"token {i} of a sequence is not in its block");
                }
                behind = behind * 31 + tokens[i] + 1;
            }
            foreach (int block in sequence.Ids)
            {
                references[block]++;
            }
        }
        Assert.Equal(references, Enumerable.Range(0, blocks.Count).Select(blocks.References));
        Assert.Equal(references.Count(held => held == 0), blocks.Free);
    }

    /// <summary>Reads tokens as a model would, if there is room.</summary>
    private static void ReadOn(BlockManager blocks, (int Token, long Behind)[][] contents, SequenceBlocks sequence, List<int> tokens)
    {
        var copies = new List<BlockCopy>();
        if (!blocks.TryReserve(sequence, tokens.Count, copies))
        {
            Assert.Empty(copies);
            return;
        }
        foreach (BlockCopy copy in copies)
        {
            contents[copy.From].CopyTo(contents[copy.To], 0);
        }
        long behind = 0;
        for (int i = 0; i < tokens.Count; i++)
        {
            if (i >= sequence.Length)
            {
                Assert.Equal(1, blocks.References(sequence.Ids[i / Size]));
                contents[sequence.Ids[i / Size]][i % Size] = (tokens[i], behind);
            }
            behind = behind * 31 + tokens[i] + 1;
        }
        sequence.Table.Advance(tokens.Count - sequence.Length);
        blocks.Register(tokens.ToArray(), sequence);
    }

    private static SequenceBlocks Read(BlockManager blocks, int[] tokens)
    {
        var sequence = new SequenceBlocks();
        Assert.True(blocks.TryReserve(sequence, tokens.Length, []));
        sequence.Table.Advance(tokens.Length);
        blocks.Register(tokens, sequence);
        return sequence;
    }

    private static int[] Tokens(int count, ulong seed)
    {
        var random = new SeededRandom(seed).Fork("tokens");
        return [.. Enumerable.Range(0, count).Select(_ => random.NextInt(1000))];
    }
}
