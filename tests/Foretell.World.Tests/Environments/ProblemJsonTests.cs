using Foretell.Tokenizers;
using Foretell.World.Environments;

namespace Foretell.World.Tests.Environments;

public class ProblemJsonTests
{
    [Fact]
    public void Write_ThenReadLines_GivesTheSameProblems()
    {
        Problem[] problems = [.. EnvironmentCatalogue.All.Select(environment => environment.Generate(3, environment.Levels, WorldSplit.Training))];
        string text = string.Join('\n', problems.Select(ProblemJson.Write)) + "\n\n";
        Assert.Equal(problems, ProblemJson.ReadLines(new StringReader(text)));
        Assert.All(text.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.StartsWith("{\"messages\":[{\"role\":\"user\",\"content\":", line));
    }

    [Theory]
    [InlineData("nothing", "Line 2 of the problems cannot be read: it is not JSON")]
    [InlineData("[]", "Line 2 of the problems cannot be read: no problem stands there")]
    [InlineData("{\"environment\":\"arithmetic\",\"level\":0,\"question\":\"\",\"thoughts\":\"\",\"answer\":\"\"}", "Line 2 of the problems cannot be read: the problem's \"level\"")]
    [InlineData("{\"problem\":{\"environment\":\"arithmetic\",\"level\":1,\"question\":\"\",\"thoughts\":3,\"answer\":\"\"}}", "Line 2 of the problems cannot be read: the problem's \"thoughts\"")]
    public void ReadLines_ABadLine_NamesItAndWhy(string line, string message)
    {
        string good = ProblemJson.Write(new ArithmeticEnvironment().Generate(1, 1, WorldSplit.Training));
        FormatException error = Assert.Throws<FormatException>(() => ProblemJson.ReadLines(new StringReader(good + "\n" + line)).ToList());
        Assert.StartsWith(message, error.Message);
    }

    [Fact]
    public void Messages_RenderedByTheDefaultTemplate_SplitIntoThoughtsAndAnswer()
    {
        Problem problem = new ArithmeticEnvironment().Generate(5, 2, WorldSplit.Training);
        ChatMessage reply = ProblemText.Messages(problem)[1];
        Assert.Equal((problem.Thoughts, problem.Answer), ProblemText.Split($"<think>\n{reply.ReasoningContent}\n</think>\n{reply.Content}"));
        Assert.Null(ProblemText.Messages(problem, withThoughts: false)[1].ReasoningContent);
        Assert.Equal("user", Assert.Single(ProblemText.Prompt(problem)).Role);
    }

    [Theory]
    [InlineData("12", null, "12")]
    [InlineData("<think>3 + 4", "3 + 4", "")]
    [InlineData("3 + 4</think>7", "3 + 4", "7")]
    [InlineData("<think>\n\n</think>\n\n7 ", "", "7")]
    public void Split_OddReplies_NeverTakesThoughtsForAnswers(string reply, string? thoughts, string answer) =>
        Assert.Equal((thoughts, answer), ProblemText.Split(reply));

    [Fact]
    public void Named_UnknownName_ListsTheNames()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => EnvironmentCatalogue.Named("chess"));
        Assert.Contains("There is no environment \"chess\"; there are arithmetic, ", error.Message);
    }
}
