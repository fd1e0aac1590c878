using Foretell.Data;
using Foretell.Models;
using Foretell.Tensors;
using Foretell.Tensors.Autograd;

namespace Foretell.Training.Tests;

public sealed class SupervisedFineTuningTests : IDisposable
{
    private readonly TinyTuning _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void Run_FactsThatTheModelCannotKnow_AreAnsweredAndAnswersEnd()
    {
        using TrainedModel model = _tiny.NewModel();
        IReadOnlyList<ChatExample> facts = TinyTuning.Encode(model, TinyTuning.Facts());
        Assert.Equal(0, AnswerExam.Run(model, facts, 8, 16).Count(answer => answer.Given == answer.Wanted || answer.Ended));

        FineTuningResult result = _tiny.Train(model, TinyTuning.Recipe with { Epochs = 60 });

        Assert.True(result.IsFinished);
        IReadOnlyList<ExaminedAnswer> answers = AnswerExam.Run(model, facts, 8, 16);
        Assert.Equal(["red", "blue", "green", "pink", "grey", "gold", "teal", "lime"], answers.Select(answer => answer.Given));
        Assert.All(answers, answer => Assert.True(answer.Ended));
        using TrainedModel served = TrainedModel.Load(Path.Combine(_tiny.Folder(), "model"), _tiny.Device, training: false);
        Assert.Equal(answers, AnswerExam.Run(served, facts, 8, 16));
        Assert.Equal(model.Chat.EndOfTurnId, served.Generation.EndIds[0]);
    }

    [Theory]
    [InlineData("adamw", 0)]
    [InlineData("muon", 0)]
    [InlineData("adamw", 4)]
    public void Run_StoppedAndResumed_EndsInTheSameBits(string optimizer, int loraRank)
    {
        FineTuningRecipe recipe = TinyTuning.Recipe with { Optimizer = optimizer, Steps = 14, CheckpointEvery = 4, EvaluateEvery = 3, Patience = 0, LoraRank = loraRank, LoraDropout = loraRank > 0 ? 0.1f : 0 };
        Whole("whole", null);
        Whole("stopped", 6);
        Whole("stopped", null);
        // A kill leaves the newest checkpoint, older than what was reported.
        Whole("killed", 11);
        Directory.Delete(Checkpoint.Newest(Path.Combine(_tiny.Folder("killed"), "checkpoints"))!, recursive: true);
        Whole("killed", null);
        Assert.Equal(_tiny.Saved("whole"), _tiny.Saved("stopped"));
        Assert.Equal(_tiny.Saved("whole"), _tiny.Saved("killed"));

        void Whole(string name, long? stopAfter)
        {
            using TrainedModel model = _tiny.NewModel();
            IReadOnlyList<ChatExample> facts = TinyTuning.Encode(model, TinyTuning.Facts());
            if (loraRank > 0)
            {
                model.Adapt(new LoraOptions { Rank = loraRank, Dropout = recipe.LoraDropout }, seed: 1);
            }
            FineTuningResult result = _tiny.Train(model, recipe, name, train: [.. facts.Take(6)], heldOut: [.. facts.Skip(6)], stopAfter: stopAfter);
            Assert.Equal(stopAfter is null, result.IsFinished);
        }
    }

    [Theory]
    [InlineData("f32")]
    [InlineData("bf16")]
    [InlineData("q8_0")]
    public void Run_AdaptersOverAFrozenModel_LearnNewFactsAndLeaveTheModelAsItWas(string type)
    {
        using (TrainedModel model = _tiny.NewModel())
        {
            _tiny.Train(model, TinyTuning.Recipe with { Epochs = 40 }, "base");
        }
        string path = Path.Combine(_tiny.Folder("base"), "model");
        if (type != "f32")
        {
            string converted = _tiny.Folder(type == "bf16" ? "converted" : "converted.gguf");
            ModelConversion.Convert(path, converted, new ConversionOptions { Type = type == "bf16" ? DType.BFloat16 : DType.Q8_0 }, _tiny.Device);
            path = converted;
        }
        using TrainedModel frozen = TrainedModel.LoadFrozen(path, _tiny.Device);
        Assert.Equal(type == "bf16" ? DType.BFloat16 : DType.Float32, frozen.Parameters[0].Value.Type);
        IReadOnlyList<ChatExample> news = TinyTuning.Encode(frozen, TinyTuning.Facts().Take(4).Select((record, i) => ChatRecord.Of(record.Conversation.Messages[0].Content!, $"{i}{i}{i}", record.Place)));
        string before = ModelFingerprint.Of(frozen.Transformer);
        Assert.Equal(0, AnswerExam.Run(frozen, news, 4, 16).Count(answer => answer.Given == answer.Wanted));
        LoraAdapter adapter = frozen.Adapt(new LoraOptions { Rank = 8 }, seed: 1);

        _tiny.Train(frozen, TinyTuning.Recipe with { Epochs = 50, LearningRate = 0.01, LoraRank = 8 }, "lora", train: news);

        Assert.Equal(["000", "111", "222", "333"], AnswerExam.Run(frozen, news, 4, 16).Select(answer => answer.Given));
        Assert.Equal(before, ModelFingerprint.Of(frozen.Transformer));
        Assert.All(frozen.Parameters, parameter => Assert.Null(parameter.Value.Gradient));
        PeftFolder.Save(adapter, frozen.Transformer.Config, frozen.Path!, _tiny.Folder("adapter"));
        foreach (string served in new[] { Path.Combine(_tiny.Folder("lora"), "model"), _tiny.Folder("adapter") })
        {
            using TrainedModel loaded = TrainedModel.Load(served, _tiny.Device, training: false);
            Assert.Equal(["000", "111", "222", "333"], AnswerExam.Run(loaded, news, 4, 16).Select(answer => answer.Given));
        }
    }

    [Fact]
    public void Run_RowsThroughAtOnce_DoNotShowInTheBits()
    {
        foreach (int rows in new[] { 1, 2, 3 })
        {
            using TrainedModel model = _tiny.NewModel();
            _tiny.Train(model, TinyTuning.Recipe with { BatchRows = 3, MicroBatchRows = rows, Steps = 5 }, $"rows{rows}");
        }
        Assert.Equal(_tiny.Saved("rows1"), _tiny.Saved("rows2"));
        Assert.Equal(_tiny.Saved("rows1"), _tiny.Saved("rows3"));
    }

    [Fact]
    public void Loss_PackedExample_HasTheBitsThatItHasAlone()
    {
        using TrainedModel model = _tiny.NewModel();
        IReadOnlyList<ChatExample> facts = TinyTuning.Encode(model, TinyTuning.Facts());
        Batch packed = ChatPacking.Build([[facts[0], facts[1], facts[2]], [facts[3], facts[4]]], contextLength: 160);
        float[] whole = Nats(packed);
        (ChatExample Example, int Start)[] places = [(facts[0], 0), (facts[1], facts[0].Length), (facts[2], facts[0].Length + facts[1].Length), (facts[3], 160), (facts[4], 160 + facts[3].Length)];
        foreach ((ChatExample example, int start) in places)
        {
            float[] alone = Nats(ChatPacking.Build([[example]], contextLength: 64));
            Assert.Contains(alone, value => value > 0);
            Assert.Equal(alone[..example.Length], whole[start..(start + example.Length)]);
        }

        float[] Nats(Batch batch)
        {
            using var tape = new Tape(_tiny.Device, recording: false);
            var tokens = new TokenBatch(batch.Tokens, batch.Positions, [.. batch.Segments.Select(segment => (segment.Start, segment.Length))]);
            return model.Transformer.Loss(tape, tokens, batch.Targets, batch.Weights, 1).Nats.ToArray();
        }
    }

    [Fact]
    public void Run_HeldOutThatOnlyGetsWorse_EndsEarlyAndKeepsTheBestWeights()
    {
        using TrainedModel model = _tiny.NewModel();
        IReadOnlyList<ChatExample> facts = TinyTuning.Encode(model, TinyTuning.Facts());
        IReadOnlyList<ChatExample> opposite = TinyTuning.Encode(model, TinyTuning.Facts().Select(record => ChatRecord.Of(record.Conversation.Messages[0].Content!, "ZZZZZZ", record.Place)));
        var notices = new List<string>();
        FineTuningResult result = _tiny.Train(model, TinyTuning.Recipe with { Epochs = 100, EvaluateEvery = 2, Patience = 2 }, heldOut: opposite, train: facts, report: progress => notices.AddRange(progress.Notice is null ? [] : [progress.Notice]));
        Assert.True(result.IsFinished);
        Assert.Equal(result.BestStep + 4, result.Step);
        Assert.Contains("ended early: 2 evaluations on held-out conversations without a better one", Assert.Single(notices), StringComparison.Ordinal);
        using TrainedModel kept = TrainedModel.Load(Path.Combine(_tiny.Folder(), "model"), _tiny.Device, training: false);
        Assert.Equal(model.Parameters[0].Value.ToArray(), kept.Parameters[0].Value.ToArray());
        double nats = 0;
        double count = 0;
        foreach (ChatExample example in opposite)
        {
            float[] logProbabilities = SequenceGradient.LogProbabilities(kept.Transformer, [example.Ids])[0];
            for (int i = 1; i < example.Ids.Length; i++)
            {
                (nats, count) = (nats - example.Weights[i] * logProbabilities[i - 1], count + example.Weights[i]);
            }
        }
        Assert.Equal(result.BestNats, nats / count, 1e-9);
        Assert.True(result.BestNats <= result.BaseNats);
    }

    [Fact]
    public void Run_OtherDataOrRecipeOnResume_IsRefused()
    {
        using TrainedModel model = _tiny.NewModel();
        _tiny.Train(model, TinyTuning.Recipe with { Steps = 4, CheckpointEvery = 1 }, stopAfter: 2);
        using TrainedModel again = _tiny.NewModel();
        Assert.Contains("was made by another recipe, model or data", Assert.Throws<InvalidDataException>(() => _tiny.Train(again, TinyTuning.Recipe with { Steps = 4, LearningRate = 0.001 })).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => _tiny.Train(again, TinyTuning.Recipe with { Steps = 4 }, train: TinyTuning.Encode(again, TinyTuning.Facts(7))));
        // How much goes through at once changes no bit.
        Assert.True(_tiny.Train(again, TinyTuning.Recipe with { Steps = 4, MicroBatchRows = 2, CheckpointEvery = 3 }).IsFinished);
    }

    [Fact]
    public void Run_RateBeyondAllNumbers_StopsAndKeepsNothing()
    {
        using TrainedModel model = _tiny.NewModel();
        TrainingFailedException error = Assert.Throws<TrainingFailedException>(() => _tiny.Train(model, TinyTuning.Recipe with { LearningRate = 1e38, GradientClip = 0, Steps = 6 }));
        Assert.Matches(@"^Step \d: .* is not finite; there is no good checkpoint yet\. A lower learning rate usually helps\.$", error.Message);
        Assert.False(Directory.Exists(Path.Combine(_tiny.Folder(), "model")));
    }

    [Theory]
    [InlineData("epochs=0", "recipe: epochs is 0; wanted above 0.")]
    [InlineData("optimizer=sgd", "recipe: optimizer is sgd; wanted adamw or muon.")]
    [InlineData("heldOutShare=1", "recipe: heldOutShare is 1; wanted from 0 to below 1.")]
    [InlineData("loraRank=-1", "recipe: loraRank is -1; wanted at least 0.")]
    [InlineData("form=xml", "recipe: the value of \"form\" does not have the right form; wanted Detect or Messages or Alpaca or ShareGpt or Prompts.")]
    [InlineData("colour=red", "recipe: there is no setting \"colour\"; foretell sft --help lists them.")]
    public void Parse_BadSetting_SaysWhichAndWhatIsWanted(string setting, string sentence) =>
        Assert.Equal(sentence, Assert.Throws<FormatException>(() => FineTuningRecipe.Parse(null, [setting])).Message);

    [Fact]
    public void Resolve_OpenValues_FollowFromTheModel()
    {
        using TrainedModel model = _tiny.NewModel(context: 1024);
        IReadOnlyList<ChatExample> facts = TinyTuning.Encode(model, TinyTuning.Facts());
        FineTuningRecipe recipe = FineTuningRecipe.Parse("""{"epochs": 2.5, /* many */ "loraRank": 4}""", []).Resolve(model.Transformer.Config, sized => SupervisedFineTuning.Batches(sized, facts, 0));
        Assert.Equal((1024, 4, 2, 1.0 / 64, 8.0, 3L, 1L), (recipe.ContextLength, recipe.BatchRows, recipe.MicroBatchRows, recipe.LearningRate, recipe.LoraAlpha, recipe.Steps, recipe.EvaluateEvery));
        Assert.Equal(recipe.ToJson(), FineTuningRecipe.Parse(recipe.ToJson(), []).ToJson());
        Assert.Contains("contextLength is 2048, and the model's context 1024", Assert.Throws<FormatException>(() => (recipe with { ContextLength = 2048 }).Context(model.Transformer.Config)).Message, StringComparison.Ordinal);
    }
}
