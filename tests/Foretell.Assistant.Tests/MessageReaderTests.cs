using System.Text.Json;
using Microsoft.Extensions.AI;
using Spoken = Foretell.Tokenizers.ChatMessage;

namespace Foretell.Assistant.Tests;

public class MessageReaderTests
{
    [Fact]
    public void Read_AConversationWithTools_KeepsEveryPart()
    {
        List<Spoken> read = MessageReader.Read(
        [
            new(ChatRole.System, "Be brief."),
            new(ChatRole.User, [new TextContent("What is "), new TextContent("the weather?")]) { AuthorName = "Ann" },
            new(ChatRole.Assistant, [new TextReasoningContent("Rome or Oslo?"), new TextContent("Let me look."), new FunctionCallContent("a", "weather", new Dictionary<string, object?> { ["city"] = "Rome", ["days"] = 2 }), new FunctionCallContent("b", "weather", new Dictionary<string, object?> { ["city"] = JsonDocument.Parse("\"Oslo\"").RootElement }), new UsageContent(new())]),
            new(ChatRole.Tool, [new FunctionResultContent("a", "sunny"), new FunctionResultContent("b", JsonDocument.Parse("""{"sky":"grey"}""").RootElement)]),
            new(ChatRole.Tool, [new FunctionResultContent("c", 21.5)]),
            new(ChatRole.Tool, [new FunctionResultContent("d", null) { Exception = new InvalidOperationException("no net") }]),
        ], "Always rhyme.");
        Assert.Equal("system user assistant tool tool tool tool".Split(' ').Prepend("system"), read.Select(message => message.Role));
        Assert.Equal(["Always rhyme.", "Be brief.", "What is the weather?", "Let me look.", "sunny", """{"sky":"grey"}""", "21.5", "Error: no net"], read.Select(message => message.Content));
        Assert.Equal("Ann", read[2].Name);
        Assert.Equal("Rome or Oslo?", read[3].ReasoningContent);
        Assert.Equal(["a weather {\"city\":\"Rome\",\"days\":2}", "b weather {\"city\":\"Oslo\"}"], read[3].ToolCalls.Select(call => $"{call.Id} {call.Name} {call.Arguments.GetRawText()}"));
        Assert.Equal(["weather", "weather", null, null], read[4..].Select(message => message.Name));
        Assert.Equal(["a", "b", "c", "d"], read[4..].Select(message => message.ToolCallId));
    }

    [Fact]
    public void Read_ACallWithoutWords_HasNoContent() =>
        Assert.Null(MessageReader.Read([new(ChatRole.Assistant, [new FunctionCallContent("a", "weather")])], null)[0].Content);

    [Fact]
    public void Read_WhatATextModelCannotRead_IsNamed()
    {
        Refused("no messages");
        Refused("message 1 (role user) holds DataContent", new(ChatRole.User, "Look"), new(ChatRole.User, [new DataContent(new byte[] { 1 }, "image/png")]));
        Refused("message 0 (role user) holds FunctionCallContent", new ChatMessage(ChatRole.User, [new FunctionCallContent("a", "weather")]));
        Refused("message 0 (role assistant) holds FunctionResultContent", new ChatMessage(ChatRole.Assistant, [new FunctionResultContent("a", "x")]));
        Refused("both text and results", new ChatMessage(ChatRole.Tool, [new TextContent("x"), new FunctionResultContent("a", "x")]));

        static void Refused(string expected, params ChatMessage[] messages) =>
            Assert.Contains(expected, Assert.Throws<ArgumentException>(() => MessageReader.Read(messages, null)).Message, StringComparison.Ordinal);
    }
}
