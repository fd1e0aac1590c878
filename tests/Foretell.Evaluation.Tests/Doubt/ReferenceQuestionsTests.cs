using Foretell.Evaluation.Doubt;
using Foretell.World.Doubt;

namespace Foretell.Evaluation.Tests.Doubt;

public sealed class ReferenceQuestionsTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void SelfAware_InItsPublishedForm_IsRead()
    {
        File.WriteAllText(_path, """{"example": [{"question": "Who wrote it?", "answer": ["Ann Lee", "A. Lee"], "answerable": true}, {"question": "What will be?", "answer": null, "answerable": false}]}""");
        IReadOnlyList<ReferenceQuestion> questions = ReferenceQuestions.SelfAware(_path);
        Assert.Equal([true, false], questions.Select(question => question.IsAnswerable));
        Assert.Equal(DoubtReply.Right, questions[0].Judge("It was Ann Lee.").Reply);
        Assert.Equal(DoubtReply.Wrong, questions[0].Judge("Bob Moore.").Reply);
        Assert.Equal(DoubtReply.DoesNotKnow, questions[1].Judge("I don't know.").Reply);
        Assert.Equal(DoubtReply.Wrong, questions[1].Judge("Rain.").Reply);
    }

    [Theory]
    [InlineData("{\"dataset_name\": \"SAe\"}", "holds no questions")]
    [InlineData("{\"example\": [{\"question\": 3}]}", "example 0 lacks")]
    [InlineData("[", "is not JSON")]
    public void SelfAware_OfAnotherForm_SaysSo(string content, string message)
    {
        File.WriteAllText(_path, content);
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => ReferenceQuestions.SelfAware(_path)).Message);
    }

    [Fact]
    public void TruthfulQa_WithQuotedFields_IsRead()
    {
        File.WriteAllText(_path, "Question,Best Answer,Correct Answers,Incorrect Answers\n\"Is it so, or \"\"not\"\"?\",It is so,It is so; Yes it is,\"No, never; Not at all\"\r\n");
        ReferenceQuestion question = Assert.Single(ReferenceQuestions.TruthfulQa(_path));
        Assert.Equal("Is it so, or \"not\"?", question.Question);
        Assert.Equal(["It is so", "Yes it is"], question.Right);
        Assert.Equal(["No, never", "Not at all"], question.Wrong);
        File.WriteAllText(_path, "Question,Best Answer\nA,B\n");
        Assert.Contains("no column \"Correct Answers\"", Assert.Throws<InvalidDataException>(() => ReferenceQuestions.TruthfulQa(_path)).Message);
    }

    [Fact]
    public void TruthfulQa_TheSharedSample_JudgesItsOwnAnswers()
    {
        IReadOnlyList<ReferenceQuestion> questions = ReferenceQuestions.TruthfulQa(SharedData.Path("eval/truthfulqa-first200.csv"));
        Assert.Equal(200, questions.Count);
        Assert.All(questions, question => Assert.NotEmpty(question.Wrong));
        int right = 0, wrong = 0, answers = 0, mistakes = 0;
        foreach (ReferenceQuestion question in questions)
        {
            foreach (string answer in question.Right.Where(answer => !DoubtJudge.SaysNotKnowing(answer)))
            {
                answers++;
                right += question.Judge(answer).Reply == DoubtReply.Right ? 1 : 0;
            }
            foreach (string mistake in question.Wrong.Where(mistake => !DoubtJudge.SaysNotKnowing(mistake)))
            {
                mistakes++;
                wrong += question.Judge(mistake).Reply == DoubtReply.Wrong ? 1 : 0;
            }
        }
        Assert.True(right > answers * 0.99, $"{right} of {answers}");
        Assert.True(wrong > mistakes * 0.99, $"{wrong} of {mistakes}");
    }

    [Fact]
    public void SelfAware_TheSharedSample_HasBothKinds()
    {
        string path = SharedData.Path("eval/selfaware-quarter.json");
        if (new FileInfo(path).Length < 1000)
        {
            Assert.Skip("shared/data/eval/selfaware-quarter.json holds no questions");
        }
        IReadOnlyList<ReferenceQuestion> questions = ReferenceQuestions.SelfAware(path);
        Assert.Contains(questions, question => question.IsAnswerable);
        Assert.Contains(questions, question => !question.IsAnswerable);
    }
}
