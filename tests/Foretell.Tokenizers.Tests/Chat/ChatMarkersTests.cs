using System.Text;

namespace Foretell.Tokenizers.Tests;

public sealed class ChatMarkersTests
{
    private static readonly byte[] Text = Encoding.UTF8.GetBytes("One day, a girl named Lily saw a café. <|im_start|>");

    public static TheoryData<string> Kinds => ["bytes", "characters", "trained", "stories260K"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void AddTo_VocabularyWithoutMarkers_GrowsItAndChangesNothingElse(string kind)
    {
        Tokenizer before = Make(kind);
        Tokenizer after = ChatMarkers.AddTo(before);
        Assert.Equal(before.VocabularySize + 4, after.VocabularySize);
        Assert.Equal(Ids(before, allowSpecial: false), Ids(after, allowSpecial: false));
        Assert.Equal(before.VocabularySize, Ids(after, allowSpecial: true)[^1]);
        Assert.True(after.IsSpecial(after.SpecialId("<|im_end|>")!.Value));
        Assert.False(after.IsSpecial(after.SpecialId("</think>")!.Value));
        Assert.Equal(before.EndOfTextId, after.EndOfTextId);
        Assert.Null(before.SpecialId("<|im_end|>"));
        Assert.Same(after, ChatMarkers.AddTo(after));

        using var folder = new TemporaryFolder();
        after.Save(folder.Path);
        Tokenizer loaded = TokenizerFiles.Load(folder.Path);
        Assert.Equal(after.Fingerprint, loaded.Fingerprint);
        Assert.Equal(Ids(after, allowSpecial: true), Ids(loaded, allowSpecial: true));
    }

    [Fact]
    public void Train_PlainTokens_AreCutAtAndShown()
    {
        BytePairEncoding trained = BpeTrainer.Train(
            new BpeTrainerOptions { VocabularySize = 280, PlainTokens = ChatMarkers.Plain },
            [Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("<think>so it is so</think>it is", 50)))]);
        Assert.Equal(["<|endoftext|>", "<think>", "</think>"], trained.AddedTokens.Select(token => token.Content));
        int[] ids = trained.Encode("<think>so</think>");
        Assert.Equal([1, 2], [ids[0], ids[^1]]);
        Assert.Equal("<think>so</think>", trained.Decode(ids));
        Assert.DoesNotContain(Enumerable.Range(3, trained.VocabularySize - 3), id => Encoding.UTF8.GetString(trained.TokenBytes(id)).Contains("think", StringComparison.Ordinal));
    }

    private static List<int> Ids(Tokenizer tokenizer, bool allowSpecial)
    {
        var ids = new List<int>();
        tokenizer.Encode(Text, ids, allowSpecial);
        return ids;
    }

    private static Tokenizer Make(string kind) => kind switch
    {
        "bytes" => new ByteTokenizer(),
        "characters" => CharacterTokenizer.Train(Text),
        "trained" => BpeTrainer.Train(new BpeTrainerOptions { VocabularySize = 300 }, [Text, Text]),
        _ => TokenizerFiles.Load(SharedData.Path("models/stories260K/hf")),
    };
}
