using System.Text;
using Foretell.Tensors;

namespace Foretell.Assistant.Tests;

public class AnswerReaderTests
{
    private static readonly HashSet<string> Tools = ["weather", "sum"];

    [Theory]
    [InlineData("plain words, \"quotes\" and <angle brackets>", "T:plain words, \"quotes\" and <angle brackets>")]
    [InlineData("  leading and trailing  \n", "T:  leading and trailing  \n")]
    [InlineData("<think>\nfirst\nsecond\n</think>\n\nThe answer.", "R:first\nsecond|T:The answer.")]
    [InlineData("<think>\n\n</think>\n\nThe answer.", "T:The answer.")]
    [InlineData("<think>cut short", "R:cut short")]
    [InlineData("<think>cut </thi", "R:cut </thi")]
    [InlineData("I say <think>not this</think>", "T:I say <think>not this</think>")]
    [InlineData("<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Rome\"}}\n</tool_call>", "C:weather{\"city\": \"Rome\"}")]
    [InlineData("Let me look. \n<tool_call>{\"name\":\"weather\",\"arguments\":{}}</tool_call>\n<tool_call>{\"name\":\"sum\",\"arguments\":{\"x\":[1,{\"y\":2}]}}</tool_call>", "T:Let me look.|C:weather{}|C:sum{\"x\":[1,{\"y\":2}]}")]
    [InlineData("<think>hm <tool_call></think><tool_call>{\"name\":\"sum\",\"arguments\":{}}</tool_call>", "R:hm <tool_call>|C:sum{}")]
    [InlineData("<tool_call>{\"name\":\"sum\",\"arguments\":{\"t\":\"</tool_call> } \\\" {\"}}</tool_call>", "C:sum{\"t\":\"</tool_call> } \\\" {\"}")]
    [InlineData("<tool_call>{\"name\":\"sum\",\"arguments\":{}}</tool_call>\n", "C:sum{}")]
    [InlineData("<tool_call>{\"name\":\"sum\",\"arguments\":{}}</tool_call> Done.", "C:sum{}|T:Done.")]
    // What is no call comes out as it was written.
    [InlineData("<tool_call>{\"name\":\"sum\",\"argum", "T:<tool_call>{\"name\":\"sum\",\"argum")]
    [InlineData("<tool_call>{\"name\":\"unknown\",\"arguments\":{}}</tool_call>", "T:<tool_call>{\"name\":\"unknown\",\"arguments\":{}}</tool_call>")]
    [InlineData("<tool_call>{\"name\":\"sum\",\"arguments\":[]}</tool_call>", "T:<tool_call>{\"name\":\"sum\",\"arguments\":[]}</tool_call>")]
    [InlineData("<tool_call>{'name'}</tool_call> after", "T:<tool_call>{'name'}</tool_call> after")]
    [InlineData("the word <tool_call> alone", "T:the word <tool_call> alone")]
    [InlineData("<tool_call>{\"name\":\"sum\",\"arguments\":{}} and on", "T:<tool_call>{\"name\":\"sum\",\"arguments\":{}} and on")]
    [InlineData("a <tool_cal", "T:a <tool_cal")]
    [InlineData("", "")]
    public void Append_AnswersInHermesForm_AreToldApart(string answer, string expected) => Check(answer, expected, ToolCallFormat.Hermes, startsInReasoning: false);

    [Theory]
    [InlineData("{\"name\": \"weather\", \"parameters\": {\"city\": \"Rome\"}}", "C:weather{\"city\": \"Rome\"}")]
    [InlineData("\n{\"name\":\"sum\",\"parameters\":{}}", "C:sum{}")]
    [InlineData("{\"colour\": \"red\"}", "T:{\"colour\": \"red\"}")]
    [InlineData("{\"name\": \"wea", "T:{\"name\": \"wea")]
    [InlineData("Use {\"name\":\"sum\",\"parameters\":{}}", "T:Use {\"name\":\"sum\",\"parameters\":{}}")]
    [InlineData("<think>x</think>\n{\"name\":\"sum\",\"parameters\":{}}", "R:x|C:sum{}")]
    public void Append_AnswersInLlamaForm_AreToldApart(string answer, string expected) => Check(answer, expected, ToolCallFormat.Llama, startsInReasoning: false);

    [Theory]
    [InlineData("\nsome thoughts</think>\n\nsaid", "R:some thoughts|T:said")]
    [InlineData("never closed ", "R:never closed ")]
    [InlineData("</think>said", "T:said")]
    public void Append_WhenThePromptOpenedTheReasoning_BeginsInIt(string answer, string expected) => Check(answer, expected, null, startsInReasoning: true);

    [Theory]
    [InlineData("<tool_call>{\"name\":\"sum\",\"arguments\":{}}</tool_call>")]
    [InlineData("{\"name\":\"sum\",\"parameters\":{}}  ")]
    public void Append_WithoutTools_LeavesTextAlone(string answer) => Check(answer, "T:" + answer, null, startsInReasoning: false);

    [Fact]
    public void Append_OrdinaryText_ComesAtOnce()
    {
        var reader = new AnswerReader(false, ToolCallFormat.Hermes, Tools);
        Assert.Equal("T:Hello", Describe(reader.Append("Hello")));
        Assert.Equal("T:, world", Describe(reader.Append(", world <")));
        Assert.Equal("T: <b>", Describe(reader.Append("b>")));
    }

    [Theory]
    [InlineData("Well. <tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Rome } \\\" {\"}}\n</tool_call>\n<tool_call>\n{\"name\": \"sum\", \"arguments\": {}}\n</tool_call>", "T:Well.|S:weather|A:{\"city\": \"Rome } \\\" {\"}|S:sum|A:{}")]
    [InlineData("<tool_call>{\"name\":\"sum\",\"arguments\":{\"x\":[1,{\"y\"", "S:sum|A:{\"x\":[1,{\"y\"")]
    [InlineData("<tool_call>{\"name\":\"sum\",\"arguments\":{}}</tool", "S:sum|A:{}")]
    [InlineData("<tool_call>{\"name\":\"sum\",\"argum", "T:<tool_call>{\"name\":\"sum\",\"argum")]
    [InlineData("<tool_call>{\"name\":\"unknown\",\"arguments\":{}}</tool_call>", "T:<tool_call>{\"name\":\"unknown\",\"arguments\":{}}</tool_call>")]
    [InlineData("<tool_call>{\"name\":\"sum\",\"arguments\":{}}</tool_call> Done.", "S:sum|A:{}|T:Done.")]
    [InlineData("<think>hm</think><tool_call>{\"name\":\"sum\",\"arguments\":{}}</tool_call>", "R:hm|S:sum|A:{}")]
    public void Append_WhereCallsAreStreamed_GivesTheirArgumentsAsTheyCome(string answer, string expected) => Check(answer, expected, ToolCallFormat.Hermes, startsInReasoning: false, streamsCalls: true);

    [Fact]
    public void Append_OfStreamedArguments_ComesAtOnce()
    {
        var reader = new AnswerReader(false, ToolCallFormat.Llama, Tools, streamsCalls: true);
        Assert.Equal("S:sum|A:{\"x\":", Describe(reader.Append("{\"name\": \"sum\", \"parameters\": {\"x\":")));
        Assert.Equal(AnswerStage.Call, reader.Stage);
        Assert.Equal("A: 1", Describe(reader.Append(" 1")));
        Assert.Equal("A:}", Describe(reader.Append("}}")));
        Assert.Equal("", Describe(reader.Finish()));
    }

    /// <summary>However the answer is cut into pieces, the same comes out.</summary>
    private static void Check(string answer, string expected, ToolCallFormat? format, bool startsInReasoning, bool streamsCalls = false)
    {
        for (int cut = 0; cut < 30; cut++)
        {
            var random = new SeededRandom((ulong)cut);
            var reader = new AnswerReader(startsInReasoning, format, format is null ? new HashSet<string>() : Tools, streamsCalls);
            var parts = new List<AnswerPart>();
            for (int at = 0; at < answer.Length;)
            {
                int length = cut == 0 ? answer.Length : cut == 1 ? 1 : Math.Min(answer.Length - at, 1 + random.NextInt(6));
                parts.AddRange(reader.Append(answer.Substring(at, length)));
                at += length;
            }
            parts.AddRange(reader.Finish());
            Assert.Equal(expected, Describe(parts));
        }
    }

    private static string Describe(List<AnswerPart> parts)
    {
        var merged = new List<(char Kind, StringBuilder Text)>();
        foreach (AnswerPart part in parts)
        {
            (char kind, string text) = part switch
            {
                AnswerPart.Text said => ('T', said.Piece),
                AnswerPart.Reasoning thought => ('R', thought.Piece),
                AnswerPart.ToolCall call => ('C', call.Name + call.Arguments.GetRawText()),
                AnswerPart.ToolCallStart start => ('S', start.Name),
                AnswerPart.ToolCallArguments arguments => ('A', arguments.Piece),
                _ => throw new InvalidOperationException(part.ToString()),
            };
            if (merged.Count > 0 && merged[^1].Kind == kind && kind is not ('C' or 'S'))
            {
                merged[^1].Text.Append(text);
            }
            else
            {
                merged.Add((kind, new StringBuilder(text)));
            }
        }
        return string.Join('|', merged.Select(part => $"{part.Kind}:{part.Text}"));
    }
}
