namespace Foretell.Tokenizers.Jinja;

/// <summary>Escaping for HTML, which Jinja does to what is joined to text called safe.</summary>
internal static class MarkupText
{
    public static TextValue Escape(Renderer renderer, TextValue text)
    {
        if (text.IsMarkup)
        {
            return text;
        }
        renderer.ChargeText(text.Text.Length);
        return new TextBuilder().Append(text, character => character switch
        {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '\'' => "&#39;",
            '"' => "&#34;",
            _ => null,
        }).ToText(isMarkup: true);
    }
}
