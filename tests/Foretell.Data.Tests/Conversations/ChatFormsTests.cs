using System.Text.Json;

namespace Foretell.Data.Tests;

public sealed class ChatFormsTests : IDisposable
{
    private readonly DataFixture _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void Read_OpenAiMessages_KeepsToolsCallsThoughtsAndWeights()
    {
        ChatRecord record = One("""
            {"messages": [
              {"role": "user", "content": "Weather?"},
              {"role": "assistant", "content": null, "reasoning_content": "Ask.", "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Paris\"}"}}]},
              {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
              {"role": "assistant", "content": "Rain.", "weight": 0},
              {"role": "assistant", "content": "Sunny.", "weight": 1}],
             "tools": [{"type": "function", "function": {"name": "weather", "parameters": {}}}]}
            """.ReplaceLineEndings(" "));
        Assert.Equal([0f, 1f, 0f, 0f, 1f], record.Weights);
        Assert.Equal("Ask.", record.Conversation.Messages[1].ReasoningContent);
        Assert.Equal("Paris", record.Conversation.Messages[1].ToolCalls[0].Arguments.GetProperty("city").GetString());
        Assert.Equal("c1", record.Conversation.Messages[2].ToolCallId);
        Assert.Empty(record.Conversation.Messages[3].OtherFields);
        Assert.Single(record.Conversation.Tools);
        Assert.EndsWith("rows.jsonl, line 1", record.Place, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_Alpaca_PutsTheInputBehindTheInstruction()
    {
        ChatRecord[] records = [.. ChatForms.Read([_files.Write("rows.json", """
            [{"instruction": "Add.", "input": "2 and 3", "output": "5", "history": [["Hi", "Hello"]], "system": "Be brief."},
             {"instruction": "Name a colour.", "context": "", "response": "Red"}]
            """)])];
        Assert.Equal(["Be brief.", "Hi", "Hello", "Add.\n\n2 and 3", "5"], records[0].Conversation.Messages.Select(message => message.Content));
        Assert.Equal([0f, 0f, 1f, 0f, 1f], records[0].Weights);
        Assert.Equal(["Name a colour.", "Red"], records[1].Conversation.Messages.Select(message => message.Content));
        Assert.EndsWith("rows.json, row 2", records[1].Place, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_ShareGpt_ReadsCallsObservationsAndToolsInText()
    {
        ChatRecord record = One("""{"conversations": [{"from": "human", "value": "Cook"}, {"from": "function_call", "value": "{\"name\": \"find\", \"arguments\": {\"a\": [1]}}"}, {"from": "observation", "value": "{}"}, {"from": "gpt", "value": "Rice"}], "tools": "[{\"name\": \"find\", \"parameters\": {}}]"}""");
        Assert.Equal(["user", "assistant", "tool", "assistant"], record.Conversation.Messages.Select(message => message.Role));
        Assert.Equal("find", record.Conversation.Messages[1].ToolCalls[0].Name);
        Assert.Equal("find", record.Conversation.Tools[0].GetProperty("function").GetProperty("name").GetString());
        Assert.Equal([0f, 1f, 0f, 1f], record.Weights);
    }

    [Fact]
    public void Read_PromptAndCompletion_LearnsTheCompletionAlone()
    {
        Assert.Equal(["a", "b"], One("""{"prompt": "a", "response": "b"}""").Conversation.Messages.Select(message => message.Content));
        ChatRecord record = One("""{"prompt": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}], "completion": [{"role": "assistant", "content": "d"}]}""");
        Assert.Equal([0f, 0f, 0f, 1f], record.Weights);
    }

    [Fact]
    public void Read_ConversationsOfRoles_AreMessages() =>
        Assert.Equal("b", One("""{"conversations": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}""").Conversation.Messages[1].Content);

    [Fact]
    public void Read_Compressed_IsTheSame() =>
        Assert.Equal("b", ChatForms.Read([_files.Write("rows.jsonl.gz", """{"prompt": "a", "completion": "b"}""" + "\n\n")]).Single().Conversation.Messages[1].Content);

    [Theory]
    [InlineData("""{"text": "x"}""", "line 1, is in no known form of conversations: expected \"messages\" (OpenAI), \"conversations\" (ShareGPT), \"instruction\" and \"output\" (Alpaca) or \"prompt\" and \"completion\"; the fields there are \"text\".")]
    [InlineData("""{"messages": []}""", "line 1, has an empty list in the field \"messages\" where a list of messages was expected.")]
    [InlineData("""{"messages": [{"content": "x"}]}""", "line 1, message 1 of \"messages\": A message has no \"role\"; expected one such as \"user\".")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}]}""", "line 1, has no message of the assistant, so there is nothing to learn from it.")]
    [InlineData("""{"messages": [{"role": "assistant"}]}""", "line 1, message 1 of \"messages\" (role assistant) has neither content nor tool calls.")]
    [InlineData("""{"messages": [{"role": "assistant", "content": "x", "weight": 2}]}""", "line 1, message 1 has the weight 2; wanted a number from 0 (not learned) to 1.")]
    [InlineData("""{"messages": [{"role": "user", "content": "x", "weight": 1}]}""", "line 1, message 1 (role user) has the weight 1; only what the assistant says is learned.")]
    [InlineData("""{"instruction": "x"}""", "line 1, has an \"instruction\" but no \"output\"; the fields there are \"instruction\".")]
    [InlineData("""{"conversations": [{"from": "martian", "value": "x"}]}""", "line 1, turn 1 is from \"martian\"; known are human, gpt, system, function_call and observation.")]
    [InlineData("""{"conversations": [{"from": "function_call", "value": "x"}]}""", "line 1, turn 1 is a function call that is not JSON; expected {\"name\": ..., \"arguments\": {...}}.")]
    [InlineData("""{"prompt": 3, "completion": "x"}""", "line 1, has a number in the field \"prompt\" where text was expected.")]
    [InlineData("""{"prompt": "\ud800", "completion": "x"}""", "line 1, has an escape of half a character (an unpaired surrogate); write whole characters.")]
    [InlineData("""{"prompt": """, "line 1, is not valid JSON (byte 11 of the line); every line must be one JSON object.")]
    [InlineData("3", "line 1, holds a number where a JSON object was expected.")]
    public void Read_BadRow_SaysWhereAndWhat(string row, string sentence)
    {
        CorpusException error = Assert.Throws<CorpusException>(() => One(row));
        Assert.EndsWith("rows.jsonl, " + sentence, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_SharedFiles_ReadsEveryRow()
    {
        Assert.Equal(999, ChatForms.Read([SharedData.Path("instruct/alpaca_en_demo.json")]).Count());
        Assert.Equal(1000, ChatForms.Read([SharedData.Path("instruct/dolly_hhrlhf_train_small.jsonl")]).Count());
        ChatRecord[] calls = [.. ChatForms.Read([SharedData.Path("instruct/glaive_toolcall_en_demo.json")])];
        Assert.Equal(300, calls.Length);
        Assert.Contains(calls, record => record.Conversation.Tools.Count > 0 && record.Conversation.Messages.Any(message => message.ToolCalls.Any(call => call.Arguments.ValueKind == JsonValueKind.Object)));
    }

    private ChatRecord One(string row) => ChatForms.Read([_files.Write("rows.jsonl", row + "\n")]).Single();
}
