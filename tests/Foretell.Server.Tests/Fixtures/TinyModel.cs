using Foretell.Models;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tokenizers;

namespace Foretell.Server.Tests;

/// <summary>A small transformer over bytes with random weights that prefers something, as a folder that a server can load.</summary>
internal static class TinyModel
{
    /// <summary>One line a message, with a place for tools, their calls and reasoning.</summary>
    public const string Template = """
        {%- for tool in tools or [] %}{{ 'tool ' + tool.function.name + ' ' }}{{ tool.function.parameters | tojson }}{{ '\n' }}{% endfor %}
        {%- for message in messages %}
        {{- message.role + ': ' + (message.content or '') }}
        {%- for call in message.tool_calls or [] %}{{ '<tool_call>\n{"name": "' + call.function.name + '", "arguments": ' }}{{ call.function.arguments | tojson }}{{ '}\n</tool_call>' }}{% endfor %}
        {{- '\n' }}
        {%- endfor %}
        {%- if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}
        """;

    /// <summary>Opens the reasoning unless enable_thinking is false.</summary>
    public const string ThinkingTemplate = """
        {%- for message in messages %}
        {{- message.role + ': ' + (message.content or '') + '\n' }}
        {%- endfor %}
        {{- 'assistant: ' }}
        {%- if enable_thinking is undefined or enable_thinking %}{{ '<think>\n' }}{% endif %}
        """;

    /// <summary>Writes the model into a folder and returns that.</summary>
    /// <param name="template">Null for <see cref="Template"/>.</param>
    public static string Write(string folder, int context = 2048, ulong seed = 1, string? template = null)
    {
        using Device device = CpuDevice.Create(threads: 1, precision: DType.Float32);
        var tokenizer = new ByteTokenizer();
        var config = new TransformerConfig { VocabularySize = tokenizer.VocabularySize, Channels = 32, Layers = 2, Heads = 2, KeyValueHeads = 1, HeadSize = 16, HiddenChannels = 64, ContextLength = context };
        using var transformer = new Transformer(config, device, training: false);
        transformer.Initialize(seed);
        foreach (Parameter parameter in transformer.Parameters.All.Where(parameter => parameter.Kind != ParameterKind.Vector))
        {
            Initialization.Normal(parameter, 0.4, seed);
        }
        ModelFolder.Save(transformer, tokenizer, folder);
        File.WriteAllText(Path.Combine(folder, "chat_template.jinja"), template ?? Template);
        return folder;
    }
}
