using System.Text;
using Foretell.Tokenizers.Jinja;

namespace Foretell.Tokenizers;

/// <summary>
/// A model's chat template: Jinja as Hugging Face's transformers runs it, rendering a conversation into the text that the
/// model was trained on. Parsed once; rendering is safe from many threads at once.
/// </summary>
public sealed class ChatTemplate
{
    private const int MaximumSourceCharacters = 1 << 20;
    private static readonly ToolCallForm[] Forms = [new(false, false), new(true, false), new(false, true), new(true, true)];

    private readonly Statement[] _statements;
    private readonly ChatTemplate? _withTools;
    private readonly Lazy<bool> _knowsTools;
    private readonly Lazy<ToolCallForm?> _toolCallForm;

    private ChatTemplate(string source, IReadOnlyDictionary<string, string>? specialTokens, ChatTemplateLimits? limits, ChatTemplate? withTools)
    {
        if (source.Length > MaximumSourceCharacters)
        {
            throw new ChatTemplateException($"the template has {source.Length} characters; at most {MaximumSourceCharacters} are read", 1);
        }
        Source = source;
        SpecialTokens = specialTokens ?? new Dictionary<string, string>();
        Limits = limits ?? ChatTemplateLimits.Default;
        try
        {
            _statements = Parser.Parse(source);
        }
        catch (InsufficientExecutionStackException error)
        {
            throw new ChatTemplateException("the template nests too deeply", 1, inner: error);
        }
        _withTools = withTools;
        MarksGenerations = Marks(_statements);
        _knowsTools = new Lazy<bool>(() => ChatTemplateProbe.KnowsTools(this));
        _toolCallForm = new Lazy<ToolCallForm?>(() => Array.FindIndex(Forms, form => ChatTemplateProbe.ShowsToolCalls(this, form)) is int index and >= 0 ? Forms[index] : null);
    }

    /// <summary>Turns between &lt;|im_start|&gt; and &lt;|im_end|&gt;, with tools, calls and thoughts.</summary>
    public static ChatTemplate ChatMl { get; } = Parse(DefaultChatTemplates.ChatMl, new Dictionary<string, string> { ["eos_token"] = ChatMarkers.TurnEnd });

    /// <summary>The template's text.</summary>
    public string Source { get; }

    /// <summary>The text of the template that takes this one's place where a conversation has tools, or null.</summary>
    public string? SourceWithTools => _withTools?.Source;

    /// <summary>The texts of bos_token, eos_token and such, by those names.</summary>
    public IReadOnlyDictionary<string, string> SpecialTokens { get; }

    /// <summary>What one rendering may take.</summary>
    public ChatTemplateLimits Limits { get; }

    /// <summary>Whether the template says itself, with {% generation %}, what the assistant is to say.</summary>
    public bool MarksGenerations { get; }

    /// <summary>Whether tools given with a conversation reach the text.</summary>
    public bool SupportsTools => _withTools?.SupportsTools ?? _knowsTools.Value;

    /// <summary>Whether calls of tools in a conversation reach the text.</summary>
    public bool SupportsToolCalls => _withTools?.SupportsToolCalls ?? _toolCallForm.Value is not null;

    /// <summary>Reads a template from its text, as in GGUF's tokenizer.chat_template.</summary>
    /// <param name="specialTokens">The texts of bos_token, eos_token and such, by those names; those a vocabulary lacks are left out.</param>
    /// <exception cref="ChatTemplateException">The text is not a template; the message says where.</exception>
    public static ChatTemplate Parse(string source, IReadOnlyDictionary<string, string>? specialTokens = null, ChatTemplateLimits? limits = null) =>
        new(source, specialTokens, limits, null);

    /// <summary>
    /// Reads the template in a model's folder: chat_template.jinja, else "chat_template" in tokenizer_config.json or
    /// chat_template.json. Of several named templates, "default" is used, and "tool_use" where a conversation has tools.
    /// </summary>
    /// <param name="path">The folder, or one of those files.</param>
    /// <param name="name">One named template, or null for the choice above.</param>
    /// <returns>The template, or null where the folder has none.</returns>
    /// <exception cref="FormatException">A file is damaged, the template is not one, or there is none of that name.</exception>
    public static ChatTemplate? Load(string path, string? name = null)
    {
        string folder = Directory.Exists(path) ? path : Path.GetDirectoryName(Path.GetFullPath(path))!;
        Dictionary<string, string> sources = ChatTemplateFiles.Sources(Directory.Exists(path) ? null : path, folder);
        Dictionary<string, string> tokens = ChatTemplateFiles.SpecialTokens(folder);
        if (sources.Count == 0)
        {
            return name is null ? null : throw new FormatException($"{path} has no chat template; '{name}' was asked for.");
        }
        if (name is not null)
        {
            return sources.TryGetValue(name, out string? named) ? Parse(named, tokens)
                : throw new FormatException($"{path} has no chat template '{name}'; it has {string.Join(", ", sources.Keys)}.");
        }
        if (!sources.TryGetValue("default", out string? standard))
        {
            standard = sources.Count == 1 ? sources.Values.First()
                : throw new FormatException($"{path} has the chat templates {string.Join(", ", sources.Keys)} but no \"default\"; name one.");
        }
        ChatTemplate? withTools = sources.TryGetValue("tool_use", out string? tools) ? Parse(tools, tokens) : null;
        return new ChatTemplate(standard, tokens, null, withTools);
    }

    /// <summary>
    /// The template for a model without one: ChatML with tools where the vocabulary has the special tokens
    /// &lt;|im_start|&gt; and &lt;|im_end|&gt;; else lines that begin with "User:" and "Assistant:", where text can imitate a turn.
    /// </summary>
    public static ChatTemplate Default(Tokenizer tokenizer)
    {
        bool hasTurns = tokenizer.AddedTokens.Any(token => token is { IsSpecial: true, Content: ChatMarkers.TurnStart })
            && tokenizer.AddedTokens.Any(token => token is { IsSpecial: true, Content: ChatMarkers.TurnEnd });
        if (hasTurns)
        {
            return ChatMl;
        }
        string end = tokenizer.EndOfTextId is int id ? Encoding.UTF8.GetString(tokenizer.TokenBytes(id)) : "";
        return Parse(DefaultChatTemplates.Plain, new Dictionary<string, string> { ["eos_token"] = end });
    }

    /// <summary>Renders a conversation.</summary>
    /// <exception cref="ChatTemplateException">
    /// The template refuses the conversation (<see cref="ChatTemplateException.IsRefusal"/>), fails, goes beyond
    /// <see cref="Limits"/>, or has no place for its tools or tool calls.
    /// </exception>
    public RenderedChat Render(Conversation conversation)
    {
        if (_withTools is not null && conversation.Tools.Count > 0)
        {
            return _withTools.Render(conversation);
        }
        if (conversation.Tools.Count > 0 && !_knowsTools.Value)
        {
            throw new ChatTemplateException("the template has no place for tools; leave them out, or use a model whose template knows tools", 1, isRefusal: true);
        }
        bool calls = conversation.Messages.Any(message => message.ToolCalls.Count > 0);
        bool empty = conversation.Messages.Any(message => message.Content is null && message.Parts is null);
        ToolCallForm form = calls
            ? _toolCallForm.Value ?? throw new ChatTemplateException("the template has no place for tool calls; leave them out, or use a model whose template knows tools", 1, isRefusal: true)
            : new ToolCallForm(EmptyContent: empty, ArgumentsAsText: false);
        return Render(conversation, form);
    }

    internal RenderedChat Render(Conversation conversation, ToolCallForm form)
    {
        Scope scope;
        try
        {
            scope = ChatValues.Scope(conversation, SpecialTokens, form);
        }
        catch (TemplateFault fault)
        {
            throw new ChatTemplateException(fault.Message, 1, isRefusal: true, fault);
        }
        var renderer = new Renderer(scope, Limits);
        TextValue text = renderer.Render(_statements);
        return new RenderedChat(this, conversation, text, renderer.Turns, renderer.Generations);
    }

    /// <summary>What a turn of the assistant begins with, or nothing where that can't be told.</summary>
    internal string GenerationPrompt(Conversation conversation)
    {
        int before = 0;
        while (before < conversation.Messages.Count && conversation.Messages[before].Role != "assistant")
        {
            before++;
        }
        try
        {
            Conversation opening = conversation with { Messages = [.. conversation.Messages.Take(before)] };
            string without = Render(opening with { AddGenerationPrompt = false }).Text;
            string with = Render(opening with { AddGenerationPrompt = true }).Text;

            // Some templates end the text in another way where no answer is to follow.
            int common = with.AsSpan().CommonPrefixLength(without);
            return with[(common == without.Length ? common : AssistantSpans.BeforeTag(with, common))..];
        }
        catch (ChatTemplateException)
        {
            return "";
        }
    }

    private static bool Marks(Statement[] body) => body.Any(statement => statement switch
    {
        Generation => true,
        If choice => choice.Branches.Any(branch => Marks(branch.Body)) || Marks(choice.Else),
        For loop => Marks(loop.Body) || Marks(loop.Else),
        With with => Marks(with.Body),
        _ => false,
    });
}
