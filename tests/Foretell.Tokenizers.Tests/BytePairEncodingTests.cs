using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Foretell.Tokenizers.Tests;

public class BytePairEncodingTests
{
    private static readonly Lazy<BytePairEncoding> Trained = new(() => Train(600, PreTokenizer.Cl100k));

    [Fact]
    public void DecodeBytes_OfEncodedBytes_GivesThemBack()
    {
        Tokenizer[] tokenizers = [Trained.Value, new ByteTokenizer(), CharacterTokenizer.Train("some text, é 文"u8)];
        foreach (Tokenizer tokenizer in tokenizers)
        {
            Prop.ForAll<byte[]>(bytes => RoundTrips(tokenizer, bytes)).QuickCheckThrowOnFailure();
            var random = new RandomText(1);
            for (int round = 0; round < 500; round++)
            {
                byte[] bytes = random.Bytes(random.Below(40));
                Assert.True(RoundTrips(tokenizer, bytes), Convert.ToHexString(bytes));
            }
        }
    }

    [Fact]
    public void Encode_ManyTimesOver_GivesWhatAFreshTokenizerGives()
    {
        var random = new RandomText(2);
        for (int round = 0; round < 100; round++)
        {
            byte[] bytes = random.Bytes(30);
            BytePairEncoding used = Trained.Value;
            Assert.Equal(Ids(new BytePairEncoding(used.Tokens, used.Merges, used.Rules), bytes), Ids(used, bytes));
        }
    }

    [Fact]
    public void Merge_OfWordsShortAndLong_GivesWhatTheDefinitionGives()
    {
        // Few letters, so that merges overlap and nest; None, so that words grow long.
        var random = new RandomText(4);
        byte[] letters = [.. Enumerable.Range(0, 20_000).Select(_ => (byte)('a' + random.Below(2 + random.Below(3))))];
        BytePairEncoding tokenizer = BpeTrainer.Train(
            new BpeTrainerOptions { VocabularySize = 700, PreTokenizer = PreTokenizer.None },
            letters.Chunk(100).Select(chunk => new ReadOnlyMemory<byte>(chunk)));
        var merger = new PairMerger();
        for (int round = 0; round < 600; round++)
        {
            byte[] word = [.. Enumerable.Range(0, 1 + random.Below(round % 10 == 0 ? 400 : 70)).Select(_ => (byte)('a' + random.Below(3)))];
            int[] symbols = [.. word.Select(value => tokenizer.Tokens.Find([value]))];
            List<int> expected = MergeByDefinition(tokenizer.Merges, symbols);
            int[] actual = symbols[..];
            Assert.Equal(expected, actual[..merger.Merge(tokenizer.Merges, actual)]);
            Assert.Equal(expected, Ids(tokenizer, word));
        }
    }

    [Theory]
    [InlineData("a")]
    [InlineData(" ")]
    [InlineData("\n")]
    [InlineData("'")]
    [InlineData("中")]
    [InlineData("A中")]
    [InlineData("e\u0301")]
    [InlineData("<|")]
    public void Encode_OfAMegabyteOfOneThing_Ends(string unit)
    {
        // In quadratic time each of these would take hours.
        byte[] hostile = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(unit, 1_000_000 / Encoding.UTF8.GetByteCount(unit))));
        foreach (PreTokenizer pattern in new[] { PreTokenizer.O200k, PreTokenizer.Gpt2 })
        {
            BytePairEncoding tokenizer = new(Trained.Value.Tokens, Trained.Value.Merges, Trained.Value.Rules with { PreTokenizer = pattern });
            var ids = new List<int>();
            tokenizer.Encode(hostile, ids, allowSpecial: true);
            Assert.Equal(hostile, tokenizer.DecodeBytes(ids.ToArray()));
        }
        Assert.True(CanonicalComposition.Normalize(hostile).Length > 0);
    }

    [Fact]
    public void Encode_WithSpecialTokensAllowed_TakesTheLeftmostAndLongest()
    {
        BytePairEncoding plain = Trained.Value;
        int first = plain.VocabularySize;
        BytePairEncoding tokenizer = new(Copy(plain), plain.Merges, plain.Rules with
        {
            AddedTokens = [new(first, "<a>"), new(first + 1, "<a><b>"), new(first + 2, "<c>", IsSpecial: true, StripsLeft: true, StripsRight: true), new(first + 3, "<d>", IsSpecial: false)],
        });
        var ids = new List<int>();
        tokenizer.Encode("<a><a><b><a \n<c> \t<d>"u8, ids, allowSpecial: true);
        Assert.Equal([first, first + 1, .. plain.Encode("<a"), first + 2, first + 3], ids);

        ids.Clear();
        tokenizer.Encode("<a><d>"u8, ids);
        Assert.Equal([.. plain.Encode("<a>"), first + 3], ids);
        Assert.Equal("<a><d>", tokenizer.Decode(ids.ToArray()));
        Assert.Equal("<d>", tokenizer.Decode([first, first + 3]));
        Assert.Equal("<a><d>", tokenizer.Decode([first, first + 3], withSpecial: true));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void EncodeDocuments_OnAnyThreads_KeepsOrderAndIds(int threads)
    {
        var random = new RandomText(6);
        byte[][] documents = [.. Enumerable.Range(0, 400).Select(index => random.Bytes(index % 100 == 0 ? 20_000 : random.Below(60)))];
        int[][] expected = [.. documents.Select(document => Ids(Trained.Value, document).ToArray())];
        Assert.Equal(expected, Trained.Value.EncodeDocuments(documents.Select(document => new ReadOnlyMemory<byte>(document)), threads));

        byte[] joined = [.. documents.SelectMany(document => document)];
        Assert.Equal(Ids(Trained.Value, joined), Trained.Value.EncodeParallel(joined, threads));
    }

    [Fact]
    public void EncodeDocuments_LeftEarlyOrFailing_EndsItsThreads()
    {
        IEnumerable<ReadOnlyMemory<byte>> endless = Enumerable.Repeat(new ReadOnlyMemory<byte>(new byte[100_000]), int.MaxValue);
        Assert.Equal(10, Trained.Value.EncodeDocuments(endless, 2).Take(10).Count());

        IEnumerable<ReadOnlyMemory<byte>> broken = Enumerable.Range(0, 50).Select(index => index < 40 ? new ReadOnlyMemory<byte>(new byte[100_000]) : throw new IOException("gone"));
        Assert.Throws<IOException>(() => Trained.Value.EncodeDocuments(broken, 2).Count());

        using var cancelled = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() => Trained.Value.EncodeDocuments(endless, 2, cancelled.Token).Select((_, index) =>
        {
            if (index == 20)
            {
                cancelled.Cancel();
            }
            return index;
        }).Count());
    }

    [Fact]
    public void Save_OfBytesAndCharacters_LoadsAsTheSame()
    {
        Tokenizer[] tokenizers = [new ByteTokenizer(), new ByteTokenizer(endOfText: false), CharacterTokenizer.Train("hello <0x41> é 文 \n"u8), Trained.Value];
        var random = new RandomText(9);
        foreach (Tokenizer tokenizer in tokenizers)
        {
            using var folder = new TemporaryFolder();
            tokenizer.Save(folder.Path);
            Tokenizer again = TokenizerFiles.Load(folder.File("tokenizer.json"));
            Assert.Equal(tokenizer.Fingerprint, again.Fingerprint);
            Assert.Equal(tokenizer.VocabularySize, again.VocabularySize);
            Assert.Equal(tokenizer.EndOfTextId, again.EndOfTextId);
            for (int round = 0; round < 50; round++)
            {
                byte[] bytes = random.Bytes(20);
                Assert.Equal(Ids(tokenizer, bytes), Ids(again, bytes));
            }
        }
        Assert.Equal(tokenizers.Length, tokenizers.Select(tokenizer => tokenizer.Fingerprint).Distinct().Count());
    }

    private static bool RoundTrips(Tokenizer tokenizer, byte[] bytes) => tokenizer.DecodeBytes(Ids(tokenizer, bytes).ToArray()).SequenceEqual(bytes);

    private static List<int> Ids(Tokenizer tokenizer, byte[] bytes)
    {
        var ids = new List<int>();
        tokenizer.Encode(bytes, ids);
        return ids;
    }

    /// <summary>One merge at a time, each found by looking at every pair.</summary>
    private static List<int> MergeByDefinition(MergeTable merges, int[] symbols)
    {
        var ids = new List<int>(symbols);
        while (true)
        {
            int best = Enumerable.Range(0, Math.Max(0, ids.Count - 1)).DefaultIfEmpty(-1).MinBy(index => index < 0 ? MergeTable.NoRank : merges.Rank(ids[index], ids[index + 1]));
            int rank = best < 0 ? MergeTable.NoRank : merges.Rank(ids[best], ids[best + 1]);
            if (rank == MergeTable.NoRank)
            {
                return ids;
            }
            ids[best] = merges.Result(rank, ids[best], ids[best + 1]);
            ids.RemoveAt(best + 1);
        }
    }

    private static BytePairEncoding Train(int size, PreTokenizer pattern)
    {
        var random = new RandomText(7);
        return BpeTrainer.Train(
            new BpeTrainerOptions { VocabularySize = size, PreTokenizer = pattern },
            [.. Enumerable.Range(0, 200).Select(_ => new ReadOnlyMemory<byte>(random.Bytes(20)))]);
    }

    private static TokenTable Copy(BytePairEncoding tokenizer)
    {
        var tokens = new TokenTable();
        for (int id = 0; id < tokenizer.VocabularySize; id++)
        {
            tokens.Add(id, tokenizer.Tokens[id], searchable: !tokenizer.IsSpecial(id));
        }
        return tokens;
    }
}
