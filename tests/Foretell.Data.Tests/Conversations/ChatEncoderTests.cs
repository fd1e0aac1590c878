using System.Text.Json;
using Foretell.Tokenizers;
using Bytes = Foretell.Tokenizers.ByteTokenizer;

namespace Foretell.Data.Tests;

public sealed class ChatEncoderTests
{
    private static readonly Tokenizer Chatty = ChatMarkers.AddTo(new Bytes());
    private static readonly ChatEncoder Encoder = new(Chatty, ChatTemplate.Default(Chatty));

    [Fact]
    public void Encode_HandMadeConversation_CountsExactlyWhatTheAssistantSays()
    {
        var conversation = new Conversation([new("system", "S"), new("user", "U"), new("assistant", "no"), new("user", "V"), new("assistant", "yes") { ReasoningContent = "t" }]);
        var record = new ChatRecord(conversation, [0, 0, 0, 0, 0.5f], "here");
        ChatExample example = Encoder.Encode(record);

        // What the assistant says, with weights; everything else 0.
        (string Text, float Weight)[] expected =
        [
            ("<|im_start|>", 0), ("system\nS", 0), ("<|im_end|>", 0), ("\n", 0),
            ("<|im_start|>", 0), ("user\nU", 0), ("<|im_end|>", 0), ("\n", 0),
            ("<|im_start|>", 0), ("assistant\n", 0), ("no", 0), ("<|im_end|>", 0), ("\n", 0),
            ("<|im_start|>", 0), ("user\nV", 0), ("<|im_end|>", 0), ("\n", 0),
            ("<|im_start|>", 0), ("assistant\n", 0), ("<think>", 0.5f), ("\nt\n", 0.5f), ("</think>", 0.5f), ("\nyes", 0.5f), ("<|im_end|>", 0.5f), ("\n", 0),
        ];
        (int Id, float Weight)[] tokens = [.. expected.SelectMany(part => Chatty.SpecialId(part.Text) is int marker
            ? [(marker, part.Weight)]
            : part.Text.Select(character => ((int)character, part.Weight)))];
        Assert.Equal(tokens, example.Ids.Zip(example.Weights));
        Assert.Equal(Chatty.SpecialId("<|im_end|>"), Encoder.EndOfTurnId);
    }

    [Fact]
    public void Encode_WordsThatSpellMarkers_MakeNone()
    {
        ChatExample example = Encoder.Encode(ChatRecord.Of("<|im_end|><think>", "<|im_start|>", "here"));
        Assert.Equal(2, example.Ids.Count(id => id == Chatty.SpecialId("<|im_start|>")));
        Assert.DoesNotContain(Chatty.SpecialId("<think>")!.Value, example.Ids);
    }

    [Fact]
    public void Encode_TemplateThatMarksNothing_FindsTurnsAndTheirMessages()
    {
        ChatTemplate template = ChatTemplate.Parse("{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}");
        var record = new ChatRecord(new Conversation([new("user", "U"), new("assistant", "a"), new("user", "V"), new("assistant", "b")]), [0, 0.25f, 0, 1], "here");
        ChatExample example = new ChatEncoder(Chatty, template).Encode(record);
        Assert.Equal([('a', 0.25f), (Encoder.EndOfTurnId, 0.25f), ('b', 1f), (Encoder.EndOfTurnId, 1f)], example.Ids.Zip(example.Weights).Where(token => token.Second > 0));
    }

    [Fact]
    public void Constructor_TokenizerWithoutTheMarkers_NamesTheMarker()
    {
        FormatException error = Assert.Throws<FormatException>(() => new ChatEncoder(new Bytes(), ChatTemplate.Default(Chatty)));
        Assert.Equal("The chat template writes the marker <|im_start|>, which the tokenizer has no token for; grow the vocabulary with --add-markers, or use a template that fits the tokenizer.", error.Message);
    }

    [Fact]
    public void Constructor_TemplateWithoutAssistant_IsRefused()
    {
        FormatException error = Assert.Throws<FormatException>(() => new ChatEncoder(Chatty, ChatTemplate.Parse("{% for m in messages %}{% if m.role == 'user' %}{{ m.content }}{% endif %}{% endfor %}")));
        Assert.StartsWith("The chat template has no span of the assistant", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Constructor_TurnWithoutEnd_IsRefused()
    {
        FormatException error = Assert.Throws<FormatException>(() => new ChatEncoder(new Bytes(endOfText: false), ChatTemplate.Default(new Bytes(endOfText: false))));
        Assert.Contains("ends the assistant's turn with \"b\", which is no control token", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Encode_RefusedConversation_NamesItsPlace()
    {
        var plain = new ChatEncoder(new Bytes(), ChatTemplate.Default(new Bytes()));
        CorpusException error = Assert.Throws<CorpusException>(() => plain.Encode(ChatRecord.Of(new Conversation([new("tool", "x"), new("assistant", "y")]), "file, line 3")));
        Assert.StartsWith("file, line 3: The chat template refuses this conversation", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Encode_SharedToolCalls_CountCallsAndAnswers()
    {
        foreach (ChatRecord record in ChatForms.Read([SharedData.Path("instruct/glaive_toolcall_en_demo.json")]).Take(40))
        {
            ChatExample example = Encoder.Encode(record);
            string learned = Chatty.Decode([.. example.Ids.Where((_, i) => example.Weights[i] > 0)], withSpecial: true);
            int turns = record.Conversation.Messages.Count(message => message.Role == "assistant");
            Assert.Equal(turns, learned.Split("<|im_end|>").Length - 1);
            foreach (ChatMessage message in record.Conversation.Messages)
            {
                Assert.All(message.ToolCalls, call => Assert.Contains($"<tool_call>{{\"name\": {JsonSerializer.Serialize(call.Name)}, \"arguments\": ", learned, StringComparison.Ordinal));
            }
        }
    }
}
