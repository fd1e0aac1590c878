using System.Text.Json;
using Foretell.Inference;
using Foretell.Models;
using Microsoft.Extensions.AI;

namespace Foretell.Assistant.Tests;

public class ChatOptionsReaderTests
{
    private static readonly AIFunctionDeclaration Weather = AIFunctionFactory.CreateDeclaration("weather", "", JsonDocument.Parse("""{"type":"object","properties":{}}""").RootElement);

    [Fact]
    public void Read_WithWhatCannotBeDone_NamesIt()
    {
        Refused("ConversationId", new() { ConversationId = "7" });
        Refused("AllowBackgroundResponses", new() { AllowBackgroundResponses = true });
        Refused("RawRepresentationFactory", new() { RawRepresentationFactory = _ => null });
        Refused("Summary", new() { Reasoning = new() { Output = ReasoningOutput.Summary } });
        Refused("\"best_of\"", new() { AdditionalProperties = new() { ["best_of"] = 3, ["min_p"] = 0.1 } });
        Refused("min_p", new() { AdditionalProperties = new() { ["best_of"] = 3 } });
        Refused("expected a number", new() { AdditionalProperties = new() { ["min_p"] = "much" } });
        Refused("expected true or false", new() { AdditionalProperties = new() { ["logprobs"] = 1 } });
        Refused("expected numbers by token id", new() { AdditionalProperties = new() { ["logit_bias"] = new Dictionary<string, object> { ["x"] = 1 } } });
        Refused("\"logprobs\" to be true", new() { AdditionalProperties = new() { ["top_logprobs"] = 2 } });
        Refused("temperature", new() { Temperature = -1 });
        Refused("top-p", new() { TopP = 0 });
        Refused("HostedWebSearchTool", new() { Tools = [new HostedWebSearchTool()] });
        Refused("two tools are called \"weather\"", new() { Tools = [Weather, Weather] });
        Refused("there are no tools", new() { ToolMode = ChatToolMode.RequireAny });
        Refused("requires \"time\", and the tools are weather", new() { Tools = [Weather], ToolMode = ChatToolMode.RequireSpecific("time") });
        Refused("only one", new() { ResponseFormat = ChatResponseFormat.Json, AdditionalProperties = new() { ["regex"] = "a" } });
        Refused("contradict", new() { Reasoning = new() { Effort = ReasoningEffort.High }, AdditionalProperties = new() { ["enable_thinking"] = false } });
        Refused("Reasoning.Effort is Low and \"thinking_budget\" is 0", new() { Reasoning = new() { Effort = ReasoningEffort.Low }, AdditionalProperties = new() { ["thinking_budget"] = 0 } });
        Refused("they are -3 and 0", new() { AdditionalProperties = new() { ["thinking_budget"] = -3 } });
        Refused("they are 0 and 5", new() { AdditionalProperties = new() { ["enable_thinking"] = false, ["thinking_minimum"] = 5 } });
        Assert.Contains("AllowMultipleToolCalls", Assert.Throws<ArgumentException>(() =>
            ChatOptionsReader.Read(new() { Tools = [Weather], AllowMultipleToolCalls = true }, new GenerationDefaults(), ToolCallFormat.Llama, () => 0)).Message, StringComparison.Ordinal);
        ChatRequest strange = Read(new() { ResponseFormat = ChatResponseFormat.ForJsonSchema(JsonDocument.Parse("""{"type":"strange"}""").RootElement) });
        Assert.Throws<GrammarException>(() => AnswerGrammar.Of(strange, ToolCallFormat.Hermes, ReasoningStart.None, new GrammarCache()));

        static void Refused(string expected, ChatOptions options) => Assert.Contains(expected, Assert.Throws<ArgumentException>(() => Read(options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_WhatIsLeftOpen_ComesFromTheModel()
    {
        var defaults = new GenerationDefaults { Temperature = 0.6, TopK = 20, TopP = 0.95, MinP = 0.01, RepetitionPenalty = 1.1 };
        SamplingOptions open = ChatOptionsReader.Read(null, defaults, ToolCallFormat.Hermes, () => 77).Sampling;
        Assert.Equal((0.6, 20, 0.95, 0.01, 1.1, 77ul), (open.Temperature, open.TopK, open.TopP, open.MinP, open.RepetitionPenalty, open.Seed));
        SamplingOptions set = ChatOptionsReader.Read(new() { Temperature = 0.7f, TopK = 5, Seed = -1 }, defaults, ToolCallFormat.Hermes, () => 77).Sampling;
        Assert.Equal((0.7, 5, 0.95, ulong.MaxValue), (set.Temperature, set.TopK, set.TopP, set.Seed));
        SamplingOptions plain = Read(new()).Sampling;
        Assert.Equal((1.0, 0, 1.0), (plain.Temperature, plain.TopK, plain.TopP));
    }

    [Fact]
    public void Read_ToolModes_SayWhatMayAndMustBeCalled()
    {
        AIFunctionDeclaration time = AIFunctionFactory.CreateDeclaration("time", "", Weather.JsonSchema);
        Assert.Equal(("weather time", "weather time", false, true), Tools(new() { Tools = [Weather, time] }));
        Assert.Equal(("", "", false, false), Tools(new() { Tools = [Weather, time], ToolMode = ChatToolMode.None }));
        Assert.Equal(("weather time", "weather time", true, false), Tools(new() { Tools = [Weather, time], ToolMode = ChatToolMode.RequireAny, AllowMultipleToolCalls = false }));
        Assert.Equal(("weather time", "time", true, true), Tools(new() { Tools = [Weather, time], ToolMode = ChatToolMode.RequireSpecific("time") }));
        Assert.Equal(("", "", false, false), Tools(new()));

        static (string Shown, string Callable, bool Required, bool Several) Tools(ChatOptions options)
        {
            ChatRequest request = Read(options);
            string shown = string.Join(' ', request.ShownTools.Select(tool => tool.GetProperty("function").GetProperty("name").GetString()));
            return (shown, string.Join(' ', request.Callable.Tools.Select(tool => tool.Name)), request.Callable.IsRequired, request.Callable.AllowsSeveral);
        }
    }

    [Fact]
    public void Read_VariablesOfTheTemplate_AreHandedOn()
    {
        IReadOnlyDictionary<string, JsonElement> variables = Read(new()
        {
            Reasoning = new() { Effort = ReasoningEffort.Low },
            AdditionalProperties = new() { ["chat_template_kwargs"] = new Dictionary<string, object?> { ["style"] = "short", ["lines"] = 3 } },
        }).TemplateVariables;
        Assert.Equal("short", variables["style"].GetString());
        Assert.Equal(3, variables["lines"].GetInt32());
        Assert.True(variables["enable_thinking"].GetBoolean());
        Assert.Equal("low", variables["reasoning_effort"].GetString());
        Assert.False(Read(new() { Reasoning = new() { Effort = ReasoningEffort.None } }).TemplateVariables["enable_thinking"].GetBoolean());
    }

    private static ChatRequest Read(ChatOptions options) => ChatOptionsReader.Read(options, new GenerationDefaults(), ToolCallFormat.Hermes, () => 0);
}
