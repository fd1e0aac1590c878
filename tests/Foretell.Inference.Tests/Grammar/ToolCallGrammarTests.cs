using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Foretell.Tensors;

namespace Foretell.Inference.Tests;

public class ToolCallGrammarTests
{
    private static readonly ToolDefinition[] Tools =
    [
        new("get_weather", JsonDocument.Parse("""{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer","minimum":1,"maximum":7}},"required":["city"],"additionalProperties":false}""").RootElement),
        new("get_time", JsonDocument.Parse("""{"type":"object","properties":{"zone":{"enum":["UTC","CET"]}},"required":["zone"],"additionalProperties":false}""").RootElement),
        new("ping"),
    ];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Compile_Required_EveryAnswerIsValidCalls(bool isParallel)
    {
        Grammar grammar = ToolCallGrammar.Compile(Tools, ToolCallEnvelope.Hermes, new ToolCallOptions { Choice = ToolChoice.Required, AllowParallel = isParallel });
        int most = 0;
        for (ulong seed = 0; seed < 60; seed++)
        {
            string text = Encoding.UTF8.GetString(Writer.Write(grammar, Vocabularies.Trained, new SeededRandom(seed), patience: 100)!);
            string[] calls = text.Split("\n<tool_call>");
            most = Math.Max(most, calls.Length);
            Assert.StartsWith("<tool_call>\n", text);
            foreach (string call in calls)
            {
                Match match = Regex.Match(call, "^(?:<tool_call>)?\n(.*)\n</tool_call>$", RegexOptions.Singleline);
                Assert.True(match.Success, text);
                RequireValid(match.Groups[1].Value, "arguments");
            }
        }
        Assert.Equal(isParallel, most > 1);
    }

    [Fact]
    public void Compile_Auto_TextIsFreeUntilTheMarkerAndThenACallIsValid()
    {
        Grammar grammar = ToolCallGrammar.Compile(Tools, ToolCallEnvelope.Hermes);
        const string Call = "<tool_call>\n{\"name\": \"get_time\", \"arguments\": {\"zone\":\"UTC\"}}\n</tool_call>";
        Assert.True(Accepts(grammar, "Just text, <tool> and {\"name\": and é🦊"));
        Assert.True(Accepts(grammar, ""));
        Assert.True(Accepts(grammar, "Let me look.\n" + Call));
        Assert.True(Accepts(grammar, Call + "\n" + Call));
        Assert.False(Accepts(grammar, "Let me look. <tool_call>"));
        Assert.False(Accepts(grammar, "<tool_call>\n{\"name\": \"get_lime\", \"arguments\": {}}\n</tool_call>"));
        Assert.False(Accepts(grammar, Call + " and more"));
        ITokenConstraint constraint = grammar.Start(Vocabularies.Bytes);
        foreach (byte value in "I ask: <tool_call>"u8)
        {
            Assert.True(constraint.IsComplete);
            constraint.Accept(value);
        }
        Assert.False(constraint.IsComplete);
        Assert.Equal("\n{\"name\": \"", Encoding.UTF8.GetString(constraint.ForcedText()));
    }

    [Fact]
    public void Compile_LlamasForm_TheAnswerIsACallOrNone()
    {
        Grammar grammar = ToolCallGrammar.Compile(Tools, ToolCallEnvelope.Llama3);
        Assert.True(Accepts(grammar, "Plain {\"name\": \"x\""));
        Assert.True(Accepts(grammar, "{\"name\": \"get_time\", \"parameters\": {\"zone\":\"CET\"}}"));
        Assert.True(Accepts(grammar, "{\"not\": 1}"));
        Assert.False(Accepts(grammar, "{\"name\": \"other\"}"));
        Grammar required = ToolCallGrammar.Compile(Tools, ToolCallEnvelope.Llama3, new ToolCallOptions { Choice = ToolChoice.Required });
        for (ulong seed = 0; seed < 30; seed++)
        {
            RequireValid(Encoding.UTF8.GetString(Writer.Write(required, Vocabularies.Bytes, new SeededRandom(seed), patience: 100)!), "parameters");
        }
    }

    [Fact]
    public void Compile_OnlyTool_NoOtherIsCalled()
    {
        Grammar grammar = ToolCallGrammar.Compile(Tools, ToolCallEnvelope.Hermes, new ToolCallOptions { Choice = ToolChoice.Required, OnlyTool = "get_time" });
        Assert.Equal("<tool_call>\n{\"name\": \"get_time\", \"arguments\": {\"zone\":", Encoding.UTF8.GetString(grammar.Start(Vocabularies.Bytes).ForcedText()));
    }

    [Fact]
    public void Compile_BadTools_AreRefusedByName()
    {
        Assert.Contains("no tool to call", Assert.Throws<GrammarException>(() => ToolCallGrammar.Compile([], ToolCallEnvelope.Hermes)).Message);
        Assert.Contains("two tools named 'ping'".Replace("two", "2"), Assert.Throws<GrammarException>(() => ToolCallGrammar.Compile([new("ping"), new("ping")], ToolCallEnvelope.Hermes)).Message);
        Assert.Contains("'pong' is not among", Assert.Throws<GrammarException>(() => ToolCallGrammar.Compile(Tools, ToolCallEnvelope.Hermes, new ToolCallOptions { OnlyTool = "pong" })).Message);
        GrammarException error = Assert.Throws<GrammarException>(() => ToolCallGrammar.Compile([new("bad", JsonDocument.Parse("""{"not":{}}""").RootElement)], ToolCallEnvelope.Hermes));
        Assert.Contains("'bad'", error.Message);
        Assert.Contains("'not' at #", error.Message);
    }

    [Fact]
    public void AfterReasoning_BeforeAnAnswer_AnyTextUpToItsEndAndThenTheAnswer()
    {
        Grammar answer = ChoiceGrammar.Compile(["yes", "no"]);
        Grammar optional = answer.AfterReasoning("<think>", "</think>");
        Assert.True(Accepts(optional, "yes"));
        Assert.True(Accepts(optional, "<think>\nHm, <b> é </thin k> no?\n</think>\n\nno"));
        Assert.False(Accepts(optional, "<think>yes"));
        Assert.False(Accepts(optional, "<think></think>maybe"));
        Grammar begun = answer.AfterReasoning(null, "</think>");
        Assert.True(Accepts(begun, "well...</think>yes"));
        Assert.False(Accepts(begun, "yes"));
    }

    private static bool Accepts(Grammar grammar, string text) => grammar.Accepts(Encoding.UTF8.GetBytes(text));

    private static void RequireValid(string call, string argumentsName)
    {
        using JsonDocument parsed = JsonDocument.Parse(call);
        ToolDefinition tool = Tools.Single(tool => tool.Name == parsed.RootElement.GetProperty("name").GetString());
        JsonElement arguments = parsed.RootElement.GetProperty(argumentsName);
        Assert.Equal(2, parsed.RootElement.EnumerateObject().Count());
        Assert.True(tool.Parameters is JsonElement schema ? PlainValidator.IsValid(schema, schema, arguments) : arguments.ValueKind == JsonValueKind.Object, call);
    }
}
