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
}
