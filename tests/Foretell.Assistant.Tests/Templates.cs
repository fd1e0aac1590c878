namespace Foretell.Assistant.Tests;

/// <summary>Chat templates for the tests.</summary>
internal static class Templates
{
    /// <summary>One line a message, with a place for tools and their calls.</summary>
    public const string Lines = """
        {%- for tool in tools or [] %}{{ 'tool ' + tool.function.name + ' ' }}{{ tool.function.parameters | tojson }}{{ '\n' }}{% endfor %}
        {%- for message in messages %}
        {{- message.role + ': ' + (message.content or '') }}
        {%- for call in message.tool_calls or [] %}{{ '<tool_call>\n{"name": "' + call.function.name + '", "arguments": ' }}{{ call.function.arguments | tojson }}{{ '}\n</tool_call>' }}{% endfor %}
        {{- '\n' }}
        {%- endfor %}
        {%- if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}
        """;

    /// <summary>Opens the reasoning unless enable_thinking is false.</summary>
    public const string Thinking = """
        {%- for message in messages %}
        {{- message.role + ': ' + (message.content or '') + '\n' }}
        {%- endfor %}
        {{- 'assistant: ' }}
        {%- if enable_thinking is undefined or enable_thinking %}{{ '<think>\n' }}{% endif %}
        """;
}
