using Foretell.Tokenizers;
using Bytes = Foretell.Tokenizers.ByteTokenizer;

namespace Foretell.Data.Tests;

public sealed class ChatDatasetTests
{
    private static readonly Tokenizer Chatty = ChatMarkers.AddTo(new Bytes());
    private static readonly ChatEncoder Encoder = new(Chatty, ChatTemplate.Default(Chatty));

    [Fact]
    public void Encode_LongAndWeightlessRows_AreCountedAndNamed()
    {
        ChatRecord weightless = ChatRecord.Of("q", "a", "b.json, row 3") with { Weights = [0, 0] };
        ChatDataset dataset = ChatDataset.Encode([ChatRecord.Of("q", "a", "b.json, row 1"), ChatRecord.Of("q", new string('x', 100), "b.json, row 2"), weightless], Encoder, contextLength: 64);
        Assert.Equal("b.json, row 1", Assert.Single(dataset.Examples).Place);
        Assert.Equal("1 row is longer than the context of 64 and left out (b.json, row 2: 122 tokens); 1 row counts nothing (weight 0 throughout) and is left out (b.json, row 3)", dataset.LeftOut(64));
    }

    [Fact]
    public void Encode_LongRowsRefused_SaysWhichAndWhatToDo()
    {
        CorpusException error = Assert.Throws<CorpusException>(() => ChatDataset.Encode([ChatRecord.Of("q", new string('x', 100), "b.json, row 2")], Encoder, 64, LongExamples.Refuse));
        Assert.Equal("b.json, row 2, has 122 tokens, and a context of 64 holds at most 65; shorten it, choose a longer context, or leave such rows out (tooLong=drop).", error.Message);
    }

    [Fact]
    public void Encode_NothingLeft_IsAnError() =>
        Assert.StartsWith("There is nothing to learn from: 1 row is longer", Assert.Throws<CorpusException>(() => ChatDataset.Encode([ChatRecord.Of("q", new string('x', 100), "b")], Encoder, 64)).Message, StringComparison.Ordinal);

    [Fact]
    public void Split_ShareOfExamples_IsFixedByTheSeedAndDisjoint()
    {
        ChatDataset dataset = ChatDataset.Encode(Enumerable.Range(0, 40).Select(i => ChatRecord.Of($"q{i}", "a", $"row {i}")), Encoder, 64);
        (IReadOnlyList<ChatExample> train, IReadOnlyList<ChatExample> held) = dataset.Split(0.1, seed: 5);
        Assert.Equal((36, 4), (train.Count, held.Count));
        Assert.Empty(train.Intersect(held));
        Assert.Equal(held, dataset.Split(0.1, seed: 5).HeldOut);
        Assert.NotEqual(held, dataset.Split(0.1, seed: 6).HeldOut);
        Assert.Empty(dataset.Split(0, seed: 5).HeldOut);
    }

    [Fact]
    public void Fingerprint_ChangesWithIdsAndWeightsAlone()
    {
        ChatDataset Of(string answer, float weight) => ChatDataset.Encode([ChatRecord.Of("q", answer, "x") with { Weights = [0, weight] }], Encoder, 64);
        Assert.Equal(Of("a", 1).Fingerprint(), Of("a", 1).Fingerprint());
        Assert.NotEqual(Of("a", 1).Fingerprint(), Of("b", 1).Fingerprint());
        Assert.NotEqual(Of("a", 1).Fingerprint(), Of("a", 0.5f).Fingerprint());
    }
}
