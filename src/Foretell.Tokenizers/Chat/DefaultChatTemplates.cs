namespace Foretell.Tokenizers;

/// <summary>Templates for models that come without one.</summary>
internal static class DefaultChatTemplates
{
    /// <summary>Turns between ChatML's control tokens, with tools.</summary>
    public const string ChatMl = """
        {%- set first = 0 %}
        {%- set system = '' %}
        {%- if messages and messages[0].role == 'system' %}
            {%- set first = 1 %}
            {%- set system = messages[0].content %}
        {%- endif %}
        {%- if system or tools %}
            {{- '<|im_start|>system\n' + system }}
            {%- if tools %}
                {{- '\n\n' if system }}
                {{- 'These tools can be called:' }}
                {%- for tool in tools %}
                    {{- '\n' }}{{ tool | tojson }}
                {%- endfor %}
                {{- '\nTo call one, answer with <tool_call>{"name": its name, "arguments": an object}</tool_call>; its result follows.' }}
            {%- endif %}
            {{- '<|im_end|>\n' }}
        {%- endif %}
        {%- for message in messages[first:] %}
            {{- '<|im_start|>' + message.role + '\n' }}
            {%- if message.role == 'assistant' %}
                {%- generation %}
                    {%- if message.reasoning_content %}
                        {{- '<think>\n' + message.reasoning_content + '\n</think>\n' }}
                    {%- endif %}
                    {{- message.content or '' }}
                    {%- for call in message.tool_calls or [] %}
                        {{- '\n' if message.content or not loop.first }}
                        {{- '<tool_call>{"name": ' }}{{ call.function.name | tojson }}{{ ', "arguments": ' }}{{ call.function.arguments | tojson }}{{ '}</tool_call>' }}
                    {%- endfor %}
                    {{- '<|im_end|>' }}
                {%- endgeneration %}
                {{- '\n' }}
            {%- else %}
                {{- message.content or '' }}
                {{- '<|im_end|>\n' }}
            {%- endif %}
        {%- endfor %}
        {%- if add_generation_prompt %}
            {{- '<|im_start|>assistant\n' }}
        {%- endif %}
        """;

    /// <summary>Turns as lines that begin with who speaks, for vocabularies without ChatML's control tokens.</summary>
    public const string Plain = """
        {%- for message in messages %}
            {%- if message.role == 'assistant' %}
                {{- 'Assistant:' }}
                {%- generation %}
                    {{- ' ' + message.content | trim + eos_token }}
                {%- endgeneration %}
                {{- '\n' }}
            {%- elif message.role == 'user' %}
                {{- 'User: ' + message.content | trim + '\n' }}
            {%- elif message.role == 'system' %}
                {{- message.content | trim + '\n' }}
            {%- else %}
                {{- raise_exception('the plain template knows system, user and assistant, but no ' + message.role) }}
            {%- endif %}
        {%- endfor %}
        {%- if add_generation_prompt %}
            {{- 'Assistant:' }}
        {%- endif %}
        """;
}
