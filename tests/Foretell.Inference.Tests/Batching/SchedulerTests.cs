using Foretell.Nn;
using Foretell.Tensors;

namespace Foretell.Inference.Tests.Batching;

public class SchedulerTests
{
    private const int Size = KeyValuePool.BlockTokens;

    [Fact]
    public void Next_WithPromptsAndTexts_WritesFirstAndReadsWithTheRest()
    {
        Scheduler scheduler = Create(blocks: 100, batchTokens: 16, running: 8);
        Sequence writing = Add(scheduler, 3);
        Run(scheduler.Next());
        writing.Append(1);
        Sequence reading = Add(scheduler, 100);
        Assert.Equal([new ScheduledSequence(writing, 1, 0), new ScheduledSequence(reading, 15, 0)], scheduler.Next().Sequences);
    }

    [Fact]
    public void Next_WithALongPromptOfAnotherKey_SharesTheStepEvenly()
    {
        Scheduler scheduler = Create(blocks: 100, batchTokens: 64, running: 8);
        Sequence longOne = Add(scheduler, 1000, "long", seed: 1);
        Run(scheduler.Next());
        Sequence shortOne = Add(scheduler, 40, "short", seed: 2);
        ScheduledStep step = scheduler.Next();
        Assert.Equal(32, Tokens(step, longOne));
        Assert.Equal(32, Tokens(step, shortOne));
        Run(step);
        step = scheduler.Next();
        Assert.Equal(8, Tokens(step, shortOne));
        Assert.Equal(56, Tokens(step, longOne));
    }

    [Fact]
    public void Next_OfManyRequestsOfOneKeyAndFewOfAnother_AdmitsTheKeysInTurn()
    {
        Scheduler scheduler = Create(blocks: 100, batchTokens: 1000, running: 4);
        Sequence[] greedy = [.. Enumerable.Range(0, 10).Select(_ => Add(scheduler, 5, "greedy"))];
        Sequence[] modest = [.. Enumerable.Range(0, 2).Select(_ => Add(scheduler, 5, "modest"))];
        Run(scheduler.Next());
        Assert.Equal(2, greedy.Count(scheduler.Running.Contains));
        Assert.Equal(2, modest.Count(scheduler.Running.Contains));
    }

    [Fact]
    public void Next_WhenBlocksRunOut_TakesThemFromTheYoungest()
    {
        Scheduler scheduler = Create(blocks: 4, batchTokens: 1000, running: 4, prefixCache: false);
        Sequence first = Add(scheduler, Size);
        Sequence second = Add(scheduler, Size);
        Run(scheduler.Next());
        Assert.Equal(2, scheduler.Running.Count);
        // Both go on into their second blocks, then into third ones, of which there are none.
        for (int i = 0; i < Size + 1; i++)
        {
            first.Append(1);
            if (scheduler.Running.Contains(second))
            {
                second.Append(1);
            }
            Run(scheduler.Next());
        }
        Assert.Equal([first], scheduler.Running);
        Assert.Equal(1, second.Preemptions);
        Assert.Equal(0, second.Blocks.Length);
        scheduler.Remove(first);
        Assert.Equal(second.Count, Tokens(scheduler.Next(), second));
    }

    [Fact]
    public void Next_WithAHeadThatLacksMemory_LetsNobodyPass()
    {
        Scheduler scheduler = Create(blocks: 7, batchTokens: 1000, running: 8, prefixCache: false);
        Sequence running = Add(scheduler, 3 * Size, "a");
        Run(scheduler.Next());
        Sequence large = Add(scheduler, 5 * Size, "b");
        running.Append(1);
        Run(scheduler.Next());
        Sequence small = Add(scheduler, 5, "c");
        running.Append(1);
        Run(scheduler.Next());
        Assert.Equal([running], scheduler.Running);
        scheduler.Remove(running);
        Run(scheduler.Next());
        Assert.Equal([large, small], scheduler.Running);
    }

    [Fact]
    public void Remove_OfAWaitingOrRunningSequence_FreesAndForgetsIt()
    {
        var blocks = new BlockManager(10, Size, prefixCache: true);
        var scheduler = new Scheduler(blocks, new SchedulerLimits(100, 1));
        Sequence first = Add(scheduler, 50);
        Sequence second = Add(scheduler, 50);
        Run(scheduler.Next());
        scheduler.Remove(second);
        scheduler.Remove(first);
        Assert.False(scheduler.HasWork);
        Assert.Equal(10, blocks.Free);
        Assert.Empty(scheduler.Next().Sequences);
    }

    [Fact]
    public void Next_WithRoomForDrafts_GivesItToFewSequencesOnly()
    {
        var scheduler = new Scheduler(new BlockManager(100, Size, prefixCache: true), new SchedulerLimits(100, 8, DraftingSequences: 2));
        Sequence[] sequences = [Add(scheduler, 5), Add(scheduler, 6)];
        Run(scheduler.Next());
        foreach (Sequence sequence in sequences)
        {
            sequence.Append(1);
            sequence.DraftLimit = 3;
        }
        Assert.All(scheduler.Next().Sequences, part => Assert.Equal(3, part.Drafts));
        Add(scheduler, 7);
        Assert.All(scheduler.Next().Sequences, part => Assert.Equal(0, part.Drafts));
    }

    /// <summary>
    /// Random requests of random lengths and keys under a tiny memory: every one ends, no step reads more than it may,
    /// whoever is being written gets a token each step unless its blocks were taken, and no block leaks.
    /// </summary>
    [Fact]
    public void Next_UnderRandomLoad_StarvesNobodyAndLeaksNothing()
    {
        for (ulong seed = 0; seed < 25; seed++)
        {
            var random = new SeededRandom(seed);
            int blockCount = 6 + random.NextInt(20);
            int running = 1 + random.NextInt(8);
            int budget = running + random.NextInt(60);
            int limit = blockCount * Size;
            var blocks = new BlockManager(blockCount, Size, prefixCache: seed % 2 == 0);
            var scheduler = new Scheduler(blocks, new SchedulerLimits(budget, running, DraftingSequences: (int)(seed % 3)));
            var goals = new Dictionary<Sequence, int>();
            for (int steps = 0; goals.Count > 0 || steps < 400; steps++)
            {
                Assert.True(steps < 60_000, $"seed {seed}: {goals.Count} sequences never end");
                if (steps < 400 && random.NextInt(4) == 0)
                {
                    int prompt = 1 + random.NextInt(random.NextInt(5) == 0 ? limit - 1 : 3 * Size);
                    goals.Add(Add(scheduler, prompt, "key" + random.NextInt(4), seed: (ulong)random.NextInt(3)), Math.Min(limit, prompt + 1 + random.NextInt(2 * Size)));
                }
                if (!scheduler.HasWork)
                {
                    continue;
                }
                Sequence[] writing = [.. scheduler.Running.Where(sequence => sequence.Pending == 1)];
                ScheduledStep step = scheduler.Next();
                Assert.NotEmpty(step.Sequences);
                Assert.Equal(step.Sequences.Count, step.Sequences.Select(part => part.Sequence).Distinct().Count());
                Assert.InRange(step.Sequences.Sum(part => part.Tokens + part.Drafts), 1, budget);
                Assert.InRange(scheduler.Running.Count, 1, running);
                Assert.All(writing, sequence => Assert.True(!scheduler.Running.Contains(sequence) || step.Sequences.Any(part => part.Sequence == sequence)));
                Run(step);
                foreach (Sequence sequence in step.Sequences.Select(part => part.Sequence))
                {
                    scheduler.Register(sequence);
                    if (sequence.Pending > 0)
                    {
                        continue;
                    }
                    if (sequence.Count >= goals[sequence] || random.NextInt(50) == 0)
                    {
                        scheduler.Remove(sequence);
                        goals.Remove(sequence);
                    }
                    else
                    {
                        sequence.Append(random.NextInt(3));
                        sequence.DraftLimit = Math.Min(3, limit - sequence.Count);
                    }
                }
                if (random.NextInt(100) == 0 && goals.Count > 0)
                {
                    Sequence given = goals.Keys.ElementAt(random.NextInt(goals.Count));
                    scheduler.Remove(given);
                    goals.Remove(given);
                }
            }
            Assert.Equal(blockCount, blocks.Free);
            Assert.Equal(0, scheduler.WaitingCount);
        }
    }

    /// <summary>One key floods the engine: another's request gets its half of the steps all the same.</summary>
    [Fact]
    public void Next_UnderAFloodFromOneKey_ServesTheOtherInItsTurn()
    {
        Scheduler scheduler = Create(blocks: 400, batchTokens: 64, running: 8);
        for (int i = 0; i < 200; i++)
        {
            Add(scheduler, 200, "flood", seed: (ulong)i);
        }
        Run(scheduler.Next());
        Sequence other = Add(scheduler, 200, "other", seed: 1000);
        int steps = 0;
        while (other.Pending > 0)
        {
            ScheduledStep step = scheduler.Next();
            Run(step);
            foreach (ScheduledSequence part in step.Sequences.Where(part => part.Sequence.Pending == 0 && part.Sequence != other))
            {
                scheduler.Remove(part.Sequence);
            }
            steps++;
        }
        // 200 tokens at half of 64 a step.
        Assert.InRange(steps, 1, 8);
    }

    private static Scheduler Create(int blocks, int batchTokens, int running, bool prefixCache = true) =>
        new(new BlockManager(blocks, Size, prefixCache), new SchedulerLimits(batchTokens, running));

    private static Sequence Add(Scheduler scheduler, int length, string key = "", ulong seed = 1)
    {
        var random = new SeededRandom(seed).Fork("prompt");
        int[] prompt = [.. Enumerable.Range(0, length).Select(_ => random.NextInt(1000))];
        var sequence = new Sequence(prompt, key);
        scheduler.Add(sequence);
        return sequence;
    }

    /// <summary>What a model does to the tables; guesses prove wrong.</summary>
    private static void Run(ScheduledStep step)
    {
        foreach (ScheduledSequence part in step.Sequences)
        {
            part.Sequence.Blocks.Table.Advance(part.Tokens + part.Drafts);
            part.Sequence.Blocks.Truncate(part.Sequence.Count);
        }
    }

    private static int Tokens(ScheduledStep step, Sequence sequence) => step.Sequences.Where(part => part.Sequence == sequence).Sum(part => part.Tokens);
}
