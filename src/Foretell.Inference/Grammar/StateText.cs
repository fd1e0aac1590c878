using System.Globalization;
using System.Text;

namespace Foretell.Inference;

/// <summary>A regular state in words, the same for the same state of any grammar.</summary>
internal static class StateText
{
    private const int MaximumLength = 8_192;

    /// <summary>The words, or null where they are too many or the state calls rules.</summary>
    public static string? Of(State state)
    {
        var text = new StringBuilder();
        return Append(state, text) ? text.ToString() : null;
    }

    private static bool Append(State state, StringBuilder text)
    {
        if (state.Kind == StateKind.Call || text.Length > MaximumLength)
        {
            return false;
        }
        text.Append(CultureInfo.InvariantCulture, $"({(int)state.Kind} {state.Number} {state.Maximum} {(state.Source as ByteAutomaton)?.Number}");
        if (state.Kind == StateKind.Bytes)
        {
            text.Append(CultureInfo.InvariantCulture, $" {state.Set.Low:x} {state.Set.MiddleLow:x} {state.Set.MiddleHigh:x} {state.Set.High:x}");
        }
        bool isWhole = (state.First is null || Append(state.First, text)) && (state.Second is null || Append(state.Second, text));
        if (isWhole && state.Alternatives.Length > 0)
        {
            // Alternatives stand in an order of their graph's own.
            string?[] alternatives = Array.ConvertAll(state.Alternatives, Of);
            isWhole = Array.IndexOf(alternatives, null) < 0;
            Array.Sort(alternatives, StringComparer.Ordinal);
            text.AppendJoin(' ', alternatives);
        }
        text.Append(')');
        return isWhole;
    }
}
