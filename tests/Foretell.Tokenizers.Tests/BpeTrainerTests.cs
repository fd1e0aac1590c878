using System.Text;
using System.Text.Json.Nodes;

namespace Foretell.Tokenizers.Tests;

public class BpeTrainerTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void TrainOnFiles_OnTheReferenceCorpus_GivesTheReferenceMergesAndVocabulary(int threads)
    {
        using var folder = new TemporaryFolder();
        string corpus = SharedData.Path("tokenizers/corpus.en");
        BpeTrainer.TrainOnFiles(new BpeTrainerOptions { VocabularySize = 500, Threads = threads }, [corpus]).Save(folder.Path);

        JsonNode model = JsonNode.Parse(File.ReadAllText(folder.File("tokenizer.json")))!["model"]!;
        string[] merges = File.ReadAllLines(SharedData.Path("tokenizers/train-bpe-reference-merges.txt"));
        Assert.Equal(merges, model["merges"]!.AsArray().Select(merge => (string)merge!));
        JsonNode vocabulary = JsonNode.Parse(File.ReadAllText(SharedData.Path("tokenizers/train-bpe-reference-vocab.json")))!;
        Assert.True(JsonNode.DeepEquals(vocabulary, model["vocab"]));
    }

    [Fact]
    public void Train_OnRandomText_GivesWhatTheDefinitionGives()
    {
        for (ulong seed = 0; seed < 12; seed++)
        {
            var random = new RandomText(seed);
            byte[][] documents = [.. Enumerable.Range(0, 30).Select(_ => random.Bytes(10))];
            var options = new BpeTrainerOptions { VocabularySize = 256 + 150, SpecialTokens = [], PreTokenizer = PreTokenizer.Cl100k, MinimumPairCount = 1 + ((int)seed % 3) };
            BytePairEncoding trained = BpeTrainer.Train(options, documents.Select(document => new ReadOnlyMemory<byte>(document)));
            IEnumerable<(string, string)> actual = trained.Merges.InOrder.ToArray().Select(merge => (Hex(trained.Tokens[merge.Left]), Hex(trained.Tokens[merge.Right])));
            Assert.Equal(TrainByDefinition(documents, options), actual);
        }
    }

    [Fact]
    public void Train_OnTheSameTextInAnyOrderAndThreads_GivesTheSameTokenizer()
    {
        var random = new RandomText(30);
        ReadOnlyMemory<byte>[] documents = [.. Enumerable.Range(0, 300).Select(_ => new ReadOnlyMemory<byte>(random.Bytes(30)))];
        string[] fingerprints = [.. new[] { 1, 2, 3, 8 }.Select(threads =>
            BpeTrainer.Train(new BpeTrainerOptions { VocabularySize = 900, Threads = threads }, threads % 2 == 0 ? documents.Reverse() : documents).Fingerprint)];
        Assert.Single(fingerprints.Distinct());
    }

    [Fact]
    public void Train_WithMoreDifferentWordsThanMayBeHeld_KeepsTheFrequentOnes()
    {
        var text = new StringBuilder();
        for (int number = 0; number < 3000; number++)
        {
            text.Append(" rare").Append((char)('a' + (number / 26 / 26))).Append((char)('a' + (number / 26 % 26))).Append((char)('a' + (number % 26))).Append(" often");
        }
        string[] results = [.. new[] { 1, 3 }.Select(threads =>
        {
            BytePairEncoding tokenizer = BpeTrainer.Train(
                new BpeTrainerOptions { VocabularySize = 400, MaximumDistinctWords = 1000, Threads = threads }, [Encoding.UTF8.GetBytes(text.ToString())]);
            Assert.Single(tokenizer.Encode(" often"));

            // Every rare word fell below the threshold, so that only the letters of the frequent one met.
            Assert.Equal(5, tokenizer.MergeCount);
            return tokenizer.Fingerprint;
        })];
        Assert.Equal(results[0], results[1]);
    }

    [Fact]
    public void Train_WithSpecialTokens_CutsAtThemAndNeverMergesThem()
    {
        byte[] text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("ab<|endoftext|>cd<stop>", 50)));
        BytePairEncoding tokenizer = BpeTrainer.Train(new BpeTrainerOptions { VocabularySize = 400, SpecialTokens = ["<|endoftext|>", "<stop>"] }, [text]);
        Assert.Equal(2, tokenizer.MergeCount);
        Assert.Equal(0, tokenizer.EndOfTextId);
        Assert.Equal(1, tokenizer.SpecialId("<stop>"));
        Assert.Equal(260, tokenizer.VocabularySize);
    }

    [Fact]
    public void Read_OfFilesAndFolders_GivesTheirBytesInOrder()
    {
        using var folder = new TemporaryFolder();
        var random = new RandomText(12);
        byte[] words = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 700_000).Select(_ => $"word{(random.Below(9) == 0 ? "s " : " ")}of text\n")));
        byte[] solid = new byte[5 << 20];
        Directory.CreateDirectory(folder.File("b"));
        File.WriteAllBytes(folder.File("b/words.txt"), words);
        File.WriteAllBytes(folder.File("a.txt"), solid);
        ReadOnlyMemory<byte>[] pieces = [.. TextFiles.Read([folder.Path])];
        Assert.Equal([.. solid, .. words], pieces.SelectMany(piece => piece.ToArray()));
        Assert.All(pieces[1..], piece => Assert.InRange(piece.Length, 1, 1 << 20));

        IEnumerable<ReadOnlyMemory<byte>> whole = [words];
        var options = new BpeTrainerOptions { VocabularySize = 280 };
        Assert.Equal(BpeTrainer.Train(options, whole).Fingerprint, BpeTrainer.TrainOnFiles(options, [folder.File("b")]).Fingerprint);
        Assert.Throws<FileNotFoundException>(() => TextFiles.Read([folder.File("none")]).Count());
    }

    [Fact]
    public void Train_OnNothing_SaysSo()
    {
        var options = new BpeTrainerOptions { VocabularySize = 300 };
        Assert.Contains("no text", Assert.Throws<ArgumentException>(() => BpeTrainer.Train(options, [])).Message, StringComparison.Ordinal);
        Assert.Contains("no text", Assert.Throws<ArgumentException>(() => BpeTrainer.Train(options, ["<|endoftext|>"u8.ToArray()])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Train_WithOptionsOutOfRange_SaysWhichRange()
    {
        IEnumerable<ReadOnlyMemory<byte>> text = ["some text"u8.ToArray()];
        var good = new BpeTrainerOptions { VocabularySize = 257 };
        Assert.Equal(0, BpeTrainer.Train(good, text).MergeCount);
        Assert.Contains("from 257", Assert.Throws<ArgumentException>(() => BpeTrainer.Train(good with { VocabularySize = 256 }, text)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => BpeTrainer.Train(good with { Threads = 0 }, text));
        Assert.Throws<ArgumentException>(() => BpeTrainer.Train(good with { SpecialTokens = ["a", "a"], VocabularySize = 300 }, text));
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => BpeTrainer.Train(good, text, null, cancelled.Token));
    }

    private static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexString(bytes);

    /// <summary>Counts all pairs afresh for each merge, tokens written as hexadecimal.</summary>
    private static List<(string, string)> TrainByDefinition(byte[][] documents, BpeTrainerOptions options)
    {
        var words = new List<List<string>>();
        foreach (byte[] document in documents)
        {
            var ends = new List<int>();
            options.PreTokenizer.Split(document, ends);
            words.AddRange(ends.Select((end, index) => document[(index == 0 ? 0 : ends[index - 1])..end].Select(value => Hex([value])).ToList()));
        }
        var tokens = new HashSet<string>(Enumerable.Range(0, 256).Select(value => Hex([(byte)value])));
        var merges = new List<(string, string)>();
        while (tokens.Count < options.VocabularySize)
        {
            var counts = new Dictionary<(string Left, string Right), int>();
            foreach (List<string> word in words)
            {
                for (int at = 0; at + 1 < word.Count; at++)
                {
                    counts[(word[at], word[at + 1])] = counts.GetValueOrDefault((word[at], word[at + 1])) + 1;
                }
            }
            if (counts.Count == 0)
            {
                break;
            }
            // Ordinal order of hexadecimal is the order of the bytes.
            ((string left, string right), int count) = counts.OrderByDescending(pair => pair.Value)
                .ThenByDescending(pair => pair.Key.Left, StringComparer.Ordinal).ThenByDescending(pair => pair.Key.Right, StringComparer.Ordinal).First();
            if (count < options.MinimumPairCount)
            {
                break;
            }
            merges.Add((left, right));
            tokens.Add(left + right);
            foreach (List<string> word in words)
            {
                for (int at = 0; at + 1 < word.Count; at++)
                {
                    if (word[at] == left && word[at + 1] == right)
                    {
                        word[at] += right;
                        word.RemoveAt(at + 1);
                    }
                }
            }
        }
        return merges;
    }
}
