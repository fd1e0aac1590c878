using Foretell.Tokenizers;

namespace Foretell.Data.Tests;

public sealed class PreferenceSetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("""{"prompt": "Hello?", "chosen": "Good day.", "rejected": "Go away."}""")]
    [InlineData("""{"prompt": [{"role": "user", "content": "Hello?"}], "chosen": [{"role": "assistant", "content": "Good day."}], "rejected": [{"role": "assistant", "content": "Go away."}]}""")]
    [InlineData("""{"chosen": [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Good day."}], "rejected": [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Go away."}]}""")]
    [InlineData("""{"prompt": "Hello?", "chosen": [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Good day."}], "rejected": [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Go away."}], "score_chosen": 8.5, "score_rejected": 6.0}""")]
    [InlineData("""{"input": {"messages": [{"role": "user", "content": "Hello?"}], "tools": []}, "preferred_output": [{"role": "assistant", "content": "Good day."}], "non_preferred_output": [{"role": "assistant", "content": "Go away."}]}""")]
    [InlineData("""{"conversations": [{"from": "human", "value": "Hello?"}], "chosen": {"from": "gpt", "value": "Good day."}, "rejected": {"from": "gpt", "value": "Go away."}}""")]
    [InlineData("""{"instruction": "Hello?", "input": "", "output": "ignored", "chosen": "Good day.", "rejected": "Go away."}""")]
    [InlineData("""{"chosen": "\n\nHuman: Hello?\n\nAssistant: Good day.", "rejected": "\n\nHuman: Hello?\n\nAssistant: Go away."}""")]
    public void Read_OfAnyPublishedForm_GivesTheSamePair(string row)
    {
        PreferencePair pair = Assert.Single(Read(row).Pairs);
        Assert.Equal(new ChatMessage("user", "Hello?").Content, Assert.Single(pair.Prompt).Content);
        Assert.Equal("user", pair.Prompt[0].Role);
        Assert.Equal(("assistant", "Good day."), (pair.Chosen.Role, pair.Chosen.Content));
        Assert.Equal(("assistant", "Go away."), (pair.Rejected.Role, pair.Rejected.Content));
        Assert.Equal(row.Contains("score", StringComparison.Ordinal) ? 2.5 : 0, pair.Margin);
    }

    [Fact]
    public void Read_OfLongerConversations_KeepsEveryTurnInOrder()
    {
        PreferenceSet set = Read(
            """{"conversations": [{"from": "system", "value": "S"}, {"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}, {"from": "human", "value": "c"}], "chosen": {"from": "gpt", "value": "d"}, "rejected": {"from": "gpt", "value": "e"}}""",
            """{"instruction": "c", "input": "more", "system": "S", "history": [["a", "b"]], "chosen": "d", "rejected": "e"}""",
            """{"chosen": "Human: a\n\nAssistant: b\n\nHuman: c\n\nAssistant: d", "rejected": "Human: a\n\nAssistant: b\n\nHuman: c\n\nAssistant: e"}""");
        Assert.Equal(["system:S user:a assistant:b user:c", "system:S user:a assistant:b user:c\nmore", "user:a assistant:b user:c"],
            set.Pairs.Select(pair => string.Join(' ', pair.Prompt.Select(message => $"{message.Role}:{message.Content}"))));
    }

    [Theory]
    [InlineData("""{"prompt": "Hello?", "completion": "Good day.", "label": true}""")]
    [InlineData("""{"prompt": [{"role": "user", "content": "Hello?"}], "completion": [{"role": "assistant", "content": "Good day."}], "label": "True"}""")]
    [InlineData("""{"messages": [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Good day."}], "label": 1}""")]
    [InlineData("""{"instruction": "Hello?", "output": "Good day.", "kto_tag": true}""")]
    public void Read_OfLabelledAnswers_GivesTheLabel(string row)
    {
        PreferenceSet set = Read(row);
        LabelledAnswer answer = Assert.Single(set.Answers);
        Assert.Empty(set.Pairs);
        Assert.True(answer.IsDesirable);
        Assert.Equal(("Hello?", "Good day."), (Assert.Single(answer.Prompt).Content, answer.Answer.Content));
    }

    [Fact]
    public void Answers_OfPairs_AreTheChosenGoodAndTheRejectedBad() =>
        Assert.Equal([("y", true), ("n", false)], Read("""{"prompt": "a", "chosen": "y", "rejected": "n"}""").Answers.Select(answer => (answer.Answer.Content, answer.IsDesirable)));

    [Fact]
    public void Read_OfRowsThatTeachNothing_LeavesThemOutAndNamesThem()
    {
        PreferenceSet set = Read(
            """{"prompt": "a", "chosen": "x", "rejected": "x "}""",
            """{"prompt": "b", "chosen": "", "rejected": "x"}""",
            """{"prompt": "c", "chosen": "x", "rejected": "y"}""",
            """{"prompt": "c", "chosen": "y", "rejected": "x"}""",
            """{"prompt": "d", "chosen": "x", "rejected": "y"}""",
            """{"prompt": "d", "chosen": "x", "rejected": "y"}""",
            """{"chosen": "Human: a\n\nAssistant: b", "rejected": "Human: other\n\nAssistant: c"}""");
        Assert.Equal("d", Assert.Single(set.Pairs).Prompt[0].Content);
        Assert.Equal(5, set.Warnings.Count);
        Assert.Contains(set.Warnings, warning => warning.Contains("equal answers", StringComparison.Ordinal) && warning.Contains("line 1", StringComparison.Ordinal));
        Assert.Contains(set.Warnings, warning => warning.Contains("empty answer", StringComparison.Ordinal) && warning.Contains("line 2", StringComparison.Ordinal));
        Assert.Contains(set.Warnings, warning => warning.Contains("contradict", StringComparison.Ordinal) && warning.Contains("line 4", StringComparison.Ordinal));
        Assert.Contains(set.Warnings, warning => warning.Contains("repeat", StringComparison.Ordinal) && warning.Contains("line 6", StringComparison.Ordinal));
        Assert.Contains(set.Warnings, warning => warning.Contains("different prompts", StringComparison.Ordinal) && warning.Contains("line 7", StringComparison.Ordinal));
    }

    [Fact]
    public void Read_OfContradictingLabels_LeavesBothOut()
    {
        PreferenceSet set = Read(
            """{"prompt": "a", "completion": "x", "label": true}""",
            """{"prompt": "a", "completion": "x", "label": false}""",
            """{"prompt": "a", "completion": "y", "label": false}""");
        Assert.Equal("y", Assert.Single(set.Answers).Answer.Content);
        Assert.Contains("contradict", Assert.Single(set.Warnings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"prompt": "a", "chosen": "x"}""", "\"chosen\" but no \"rejected\"")]
    [InlineData("""{"prompt": "a", "answer": "x"}""", "its fields are \"prompt\", \"answer\"")]
    [InlineData("""{"chosen": "x", "rejected": "y"}""", "no \"prompt\"")]
    [InlineData("""{"prompt": [{"content": "a"}], "chosen": "x", "rejected": "y"}""", "no \"role\"")]
    [InlineData("""{"prompt": [{"role": "system", "content": "a"}], "chosen": "x", "rejected": "y"}""", "no turn of the user")]
    [InlineData("""{"prompt": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "chosen": "x", "rejected": "y"}""", "ends with a turn of the assistant")]
    [InlineData("""{"prompt": "a", "chosen": [{"role": "user", "content": "x"}], "rejected": "y"}""", "the answer must be the assistant's")]
    [InlineData("""{"conversations": [{"from": "alien", "value": "a"}], "chosen": "x", "rejected": "y"}""", "from \"alien\"")]
    [InlineData("""{"prompt": "a", "chosen": 3, "rejected": "y"}""", "\"chosen\" must be text")]
    [InlineData("""{"prompt": "a", "completion": "x", "label": "perhaps"}""", "expected true or false")]
    [InlineData("""{"prompt": "a", "chosen": "x", "rejected": "y", "truth": "left"}""", "expected \"chosen\" or \"rejected\"")]
    [InlineData("""{"prompt": "a", "chosen": "x", "rejected": "\ud800"}""", "half a character")]
    [InlineData("""[1]""", "array")]
    [InlineData("""{"prompt": """, "not valid JSON")]
    public void Read_OfABadRow_NamesTheRowAndWhatIsWrong(string row, string complaint)
    {
        CorpusException error = Assert.Throws<CorpusException>(() => Read("""{"prompt": "a", "chosen": "x", "rejected": "y"}""", row));
        Assert.Contains("line 2", error.Message, StringComparison.Ordinal);
        Assert.Contains(complaint, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_OfNothingToLearnFrom_SaysWhy()
    {
        Assert.Contains("equal answers", Assert.Throws<CorpusException>(() => Read("""{"prompt": "a", "chosen": "x", "rejected": "x"}""")).Message, StringComparison.Ordinal);
        Assert.Contains("does not exist", Assert.Throws<CorpusException>(() => PreferenceSet.Read([_folder.File("none.jsonl")])).Message, StringComparison.Ordinal);
        Assert.Contains("mixed", Assert.Throws<CorpusException>(() => Read("""{"prompt": "a", "chosen": "x", "rejected": "y"}""", """{"prompt": "a", "completion": "x", "label": true}""")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Split_OfManyPrompts_KeepsAPromptOnOneSideAndIsSeeded()
    {
        PreferenceSet set = Read([.. Enumerable.Range(0, 100).Select(i => $$"""{"prompt": "p{{i / 2}}", "chosen": "x{{i}}", "rejected": "y"}""")]);
        (PreferenceSet training, PreferenceSet heldOut) = set.Split(0.2, seed: 1);
        Assert.Equal((80, 20), (training.Pairs.Count, heldOut.Pairs.Count));
        Assert.Empty(training.Pairs.Select(pair => pair.Prompt[0].Content).Intersect(heldOut.Pairs.Select(pair => pair.Prompt[0].Content)));
        Assert.Equal(heldOut.Fingerprint, set.Split(0.2, 1).HeldOut.Fingerprint);
        Assert.NotEqual(heldOut.Fingerprint, set.Split(0.2, 2).HeldOut.Fingerprint);
        Assert.Empty(set.Split(0, 1).HeldOut.Pairs);
        Assert.Contains("none would be left", Assert.Throws<CorpusException>(() => Read("""{"prompt": "a", "chosen": "x", "rejected": "y"}""").Split(0.5, 1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ToJson_OfAPair_IsReadBackTheSame()
    {
        PreferenceSet set = Read("""{"conversations": [{"from": "system", "value": "S"}, {"from": "human", "value": "a ä \" \n"}], "chosen": "x", "rejected": "y", "margin": 1.5, "labeller": "ai", "confidence": 0.75, "truth": "rejected"}""");
        PreferencePair again = Assert.Single(Read(PreferenceText.ToJson(set.Pairs[0]).TrimEnd()).Pairs);
        Assert.Equal(PreferenceText.Key(set.Pairs[0].Prompt), PreferenceText.Key(again.Prompt));
        Assert.Equal((1.5, "ai", 0.75, false), (again.Margin, again.Labeller, again.Confidence, again.IsTrue));
    }

    [Theory]
    [InlineData("preference/dpo_en_demo.json", 299, "")]
    [InlineData("preference/instruction-data-with-preference.json", 1100, "6 rows have two equal answers")]
    [InlineData("preference/harmless-base-test.jsonl.gz", 2312, "5 rows have answers that follow different prompts")]
    public void Read_OfPublishedFiles_GivesTheirRows(string file, int rows, string warning)
    {
        PreferenceSet set = PreferenceSet.Read([SharedData.Path(file)]);
        Assert.InRange(set.Pairs.Count, rows - 15, rows);
        Assert.Contains(warning, string.Join('\n', set.Warnings), StringComparison.Ordinal);
        Assert.All(set.Pairs, pair => Assert.NotEqual("assistant", pair.Prompt[^1].Role));
    }

    private PreferenceSet Read(params string[] rows)
    {
        string path = _folder.File("rows.jsonl");
        File.WriteAllLines(path, rows);
        return PreferenceSet.Read([path]);
    }
}
