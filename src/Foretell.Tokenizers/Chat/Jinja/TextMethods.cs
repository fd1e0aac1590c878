using System.Collections;
using System.Collections.Frozen;
using System.Numerics;

namespace Foretell.Tokenizers.Jinja;

/// <summary>Python's methods of text; what they give keeps its origins.</summary>
internal static class TextMethods
{
    private delegate Value TextMethod(Renderer renderer, TextValue self, Arguments arguments);

    public static readonly FrozenDictionary<string, Method> All = new Dictionary<string, TextMethod>
    {
        ["strip"] = (renderer, self, arguments) => Strip(renderer, self, arguments.Bind("strip", "chars")[0], left: true, right: true),
        ["lstrip"] = (renderer, self, arguments) => Strip(renderer, self, arguments.Bind("lstrip", "chars")[0], left: true, right: false),
        ["rstrip"] = (renderer, self, arguments) => Strip(renderer, self, arguments.Bind("rstrip", "chars")[0], left: false, right: true),
        ["upper"] = (renderer, self, _) => Map(renderer, self, (character, _) => char.ToUpperInvariant(character)),
        ["lower"] = (renderer, self, _) => Map(renderer, self, (character, _) => char.ToLowerInvariant(character)),
        ["casefold"] = (renderer, self, _) => Map(renderer, self, (character, _) => char.ToLowerInvariant(character)),
        ["swapcase"] = (renderer, self, _) => Map(renderer, self, (character, _) => char.IsUpper(character) ? char.ToLowerInvariant(character) : char.ToUpperInvariant(character)),
        ["title"] = (renderer, self, _) => Map(renderer, self, (character, before) => char.IsLetter(before) ? char.ToLowerInvariant(character) : char.ToUpperInvariant(character)),
        ["capitalize"] = (renderer, self, _) => Capitalize(renderer, self),
        ["startswith"] = (renderer, self, arguments) => BooleanValue.Of(Affix(renderer, self, arguments, "startswith").Any(part => self.Text.StartsWith(part, StringComparison.Ordinal))),
        ["endswith"] = (renderer, self, arguments) => BooleanValue.Of(Affix(renderer, self, arguments, "endswith").Any(part => self.Text.EndsWith(part, StringComparison.Ordinal))),
        ["removeprefix"] = (renderer, self, arguments) => self.Slice(Affix(renderer, self, arguments, "removeprefix").FirstOrDefault(part => self.Text.StartsWith(part, StringComparison.Ordinal), "").Length, self.Text.Length),
        ["removesuffix"] = (renderer, self, arguments) => self.Slice(0, self.Text.Length - Affix(renderer, self, arguments, "removesuffix").FirstOrDefault(part => self.Text.EndsWith(part, StringComparison.Ordinal), "").Length),
        ["split"] = (renderer, self, arguments) => Split(renderer, self, arguments, "split"),
        ["rsplit"] = (renderer, self, arguments) => Split(renderer, self, arguments, "rsplit"),
        ["splitlines"] = (renderer, self, arguments) =>
        {
            renderer.ChargeText(self.Text.Length);
            return new ListValue([.. Lines(renderer, self, arguments.Bind("splitlines", "keepends")[0]?.IsTrue ?? false)]);
        },
        ["partition"] = (renderer, self, arguments) => Partition(renderer, self, arguments, fromEnd: false),
        ["rpartition"] = (renderer, self, arguments) => Partition(renderer, self, arguments, fromEnd: true),
        ["replace"] = (renderer, self, arguments) =>
        {
            Value?[] bound = arguments.BindAll("replace", 2, "old", "new", "count");
            return Replace(renderer, self, Arguments.Text(bound[0], "replace"), Arguments.Text(bound[1], "replace"), Arguments.Integer(bound[2], -1, "replace"));
        },
        ["join"] = (renderer, self, arguments) => Join(renderer, self, renderer.Items(arguments.BindAll("join", 1, "iterable")[0]!), strict: true),
        ["find"] = (renderer, self, arguments) => Find(renderer, self, arguments, "find", fromEnd: false, must: false),
        ["rfind"] = (renderer, self, arguments) => Find(renderer, self, arguments, "rfind", fromEnd: true, must: false),
        ["index"] = (renderer, self, arguments) => Find(renderer, self, arguments, "index", fromEnd: false, must: true),
        ["rindex"] = (renderer, self, arguments) => Find(renderer, self, arguments, "rindex", fromEnd: true, must: true),
        ["count"] = (renderer, self, arguments) =>
        {
            string part = Arguments.Text(arguments.BindAll("count", 1, "sub")[0], "count").Text;
            renderer.ChargeSearch(self.Text, part);
            return new IntegerValue(part.Length == 0 ? self.CodePoints + 1 : System.Text.RegularExpressions.Regex.Count(self.Text, System.Text.RegularExpressions.Regex.Escape(part), System.Text.RegularExpressions.RegexOptions.CultureInvariant));
        },
        ["isdigit"] = (renderer, self, _) => AllAre(renderer, self, char.IsDigit),
        ["isdecimal"] = (renderer, self, _) => AllAre(renderer, self, char.IsDigit),
        ["isnumeric"] = (renderer, self, _) => AllAre(renderer, self, char.IsNumber),
        ["isalpha"] = (renderer, self, _) => AllAre(renderer, self, char.IsLetter),
        ["isalnum"] = (renderer, self, _) => AllAre(renderer, self, char.IsLetterOrDigit),
        ["isspace"] = (renderer, self, _) => AllAre(renderer, self, PythonText.IsSpace),
        ["isupper"] = (renderer, self, _) => BooleanValue.Of(IsCase(renderer, self.Text, upper: true)),
        ["islower"] = (renderer, self, _) => BooleanValue.Of(IsCase(renderer, self.Text, upper: false)),
        ["center"] = (renderer, self, arguments) => Pad(renderer, self, arguments, "center"),
        ["ljust"] = (renderer, self, arguments) => Pad(renderer, self, arguments, "ljust"),
        ["rjust"] = (renderer, self, arguments) => Pad(renderer, self, arguments, "rjust"),
        ["zfill"] = (renderer, self, arguments) =>
        {
            int zeros = Arguments.Integer(arguments.BindAll("zfill", 1, "width")[0], 0, "zfill") - self.CodePoints;
            renderer.ChargeText(self.Text.Length + (long)Math.Max(0, zeros));
            int sign = self.Text is ['-' or '+', ..] ? 1 : 0;
            return zeros <= 0 ? self : new TextBuilder().Append(self, 0, sign).Append(new string('0', zeros), Origins.Template).Append(self, sign, self.Text.Length).ToText();
        },
        ["format"] = TextFormatting.Format,
    }.ToFrozenDictionary(entry => entry.Key, entry => (Method)((renderer, self, arguments) => entry.Value(renderer, (TextValue)self, arguments)), StringComparer.Ordinal);

    public static TextValue Strip(Renderer renderer, TextValue text, Value? characters, bool left, bool right)
    {
        BitArray? wanted = characters is null or NoneValue ? null : CharacterSet(renderer, Arguments.Text(characters, "strip").Text);
        int start = 0, end = text.Text.Length;
        renderer.ChargeText(end);
        while (left && start < end && Goes(text.Text[start]))
        {
            start++;
        }
        while (right && end > start && Goes(text.Text[end - 1]))
        {
            end--;
        }
        return text.Slice(start, end);

        bool Goes(char character) => wanted?[character] ?? PythonText.IsSpace(character);
    }

    /// <summary>Which UTF-16 units occur in a text: a look-up then costs the same whatever a template's characters are.</summary>
    private static BitArray CharacterSet(Renderer renderer, string characters)
    {
        renderer.ChargeText(characters.Length);
        var set = new BitArray(char.MaxValue + 1);
        foreach (char character in characters)
        {
            set[character] = true;
        }
        return set;
    }

    /// <summary>One character for each, given the one before.</summary>
    public static TextValue Map(Renderer renderer, TextValue text, Func<char, char, char> change)
    {
        renderer.ChargeText(text.Text.Length);
        return text.WithText(string.Create(text.Text.Length, (text.Text, change), static (characters, state) =>
        {
            for (int index = 0; index < characters.Length; index++)
            {
                characters[index] = state.change(state.Text[index], index > 0 ? state.Text[index - 1] : ' ');
            }
        }));
    }

    public static TextValue Capitalize(Renderer renderer, TextValue text)
    {
        bool first = true;
        return Map(renderer, text, (character, _) =>
        {
            (bool wasFirst, first) = (first, false);
            return wasFirst ? char.ToUpperInvariant(character) : char.ToLowerInvariant(character);
        });
    }

    public static TextValue Replace(Renderer renderer, TextValue text, TextValue old, TextValue replacement, int count)
    {
        renderer.ChargeSearch(text.Text, old.Text);
        var builder = new TextBuilder();
        int position = 0;
        if (old.Text.Length == 0)
        {
            for (; count != 0 && position <= text.Text.Length; count--)
            {
                renderer.ChargeGrowth(builder, replacement.Text.Length);
                int end = position < text.Text.Length ? position + text.LengthAt(position) : position;
                builder.Append(replacement).Append(text, position, end);
                position = end > position ? end : position + 1;
            }
            return builder.Append(text, Math.Min(position, text.Text.Length), text.Text.Length).ToText(text.IsMarkup);
        }
        for (int found; count != 0 && (found = text.Text.IndexOf(old.Text, position, StringComparison.Ordinal)) >= 0; count--)
        {
            renderer.Charge(1 + ((found - position + replacement.Text.Length) / 16));
            renderer.ChargeGrowth(builder, 0);
            builder.Append(text, position, found).Append(replacement);
            position = found + old.Text.Length;
        }
        return position == 0 ? text : builder.Append(text, position, text.Text.Length).ToText(text.IsMarkup);
    }

    /// <param name="strict">Whether what is no text is refused, as Python does; Jinja's filter writes it out.</param>
    public static TextValue Join(Renderer renderer, TextValue separator, Value[] items, bool strict)
    {
        var builder = new TextBuilder();
        for (int index = 0; index < items.Length; index++)
        {
            TextValue item = strict ? Arguments.Text(items[index], "join") : PythonText.Of(renderer, items[index]);
            renderer.ChargeGrowth(builder, item.Text.Length + separator.Text.Length);
            if (index > 0)
            {
                builder.Append(separator);
            }
            builder.Append(item);
        }
        return builder.ToText(strict && separator.IsMarkup);
    }

    /// <summary>The lines, without what ends them unless <paramref name="keepEnds"/>.</summary>
    public static IEnumerable<TextValue> Lines(Renderer renderer, TextValue text, bool keepEnds = false)
    {
        for (int start = 0; start < text.Text.Length;)
        {
            int end = start;
            while (end < text.Text.Length && text.Text[end] is not ('\n' or '\r' or '\v' or '\f' or (>= '\x1c' and <= '\x1e') or '\x85' or '\u2028' or '\u2029'))
            {
                end++;
            }
            int next = end < text.Text.Length ? end + (text.Text[end] == '\r' && end + 1 < text.Text.Length && text.Text[end + 1] == '\n' ? 2 : 1) : end;
            renderer.Charge(4);
            yield return text.Slice(start, keepEnds ? next : end);
            start = next;
        }
    }

    public static bool IsCase(Renderer renderer, string text, bool upper)
    {
        renderer.Charge(text.Length / 8);
        return text.Any(character => upper ? char.IsUpper(character) : char.IsLower(character))
            && !text.Any(character => upper ? char.IsLower(character) : char.IsUpper(character));
    }

    private static BooleanValue AllAre(Renderer renderer, TextValue text, Func<char, bool> holds)
    {
        renderer.Charge(text.Text.Length / 16);
        return BooleanValue.Of(text.Text.Length > 0 && text.Text.All(holds));
    }

    private static IEnumerable<string> Affix(Renderer renderer, TextValue text, Arguments arguments, string method)
    {
        renderer.Charge(text.Text.Length / 64);
        Value affix = arguments.BindAll(method, 1, "affix")[0]!;
        return affix is ListValue { Kind: SequenceKind.Tuple } several
            ? several.Items.Select(part => Arguments.Text(part, method).Text)
            : [Arguments.Text(affix, method).Text];
    }

    private static ListValue Split(Renderer renderer, TextValue text, Arguments arguments, string method)
    {
        Value?[] bound = arguments.Bind(method, "sep", "maxsplit");
        int most = Arguments.Integer(bound[1], -1, method);
        bool fromEnd = method == "rsplit";
        List<(int Start, int End)> pieces;
        if (bound[0] is null or NoneValue)
        {
            renderer.ChargeText(text.Text.Length);
            pieces = Words(text.Text, most, fromEnd);
        }
        else
        {
            string separator = Arguments.Text(bound[0], method).Text;
            if (separator.Length == 0)
            {
                throw new TemplateFault($"'{method}' splits at an empty separator");
            }
            renderer.ChargeSearch(text.Text, separator);
            renderer.ChargeText(text.Text.Length);
            pieces = Pieces(text.Text, separator, most, fromEnd);
        }
        renderer.Charge(4L * pieces.Count);
        return new ListValue([.. pieces.Select(piece => text.Slice(piece.Start, piece.End))]);
    }

    private static List<(int Start, int End)> Pieces(string text, string separator, int most, bool fromEnd)
    {
        var pieces = new List<(int, int)>();
        if (fromEnd)
        {
            int end = text.Length;
            for (; most != 0 && end >= separator.Length && text.AsSpan(0, end).LastIndexOf(separator) is int found and >= 0; most--)
            {
                pieces.Add((found + separator.Length, end));
                end = found;
            }
            pieces.Add((0, end));
            pieces.Reverse();
            return pieces;
        }
        int start = 0;
        for (; most != 0 && text.IndexOf(separator, start, StringComparison.Ordinal) is int found and >= 0; most--)
        {
            pieces.Add((start, found));
            start = found + separator.Length;
        }
        pieces.Add((start, text.Length));
        return pieces;
    }

    private static List<(int Start, int End)> Words(string text, int most, bool fromEnd)
    {
        var words = new List<(int Start, int End)>();
        for (int index = 0; index < text.Length;)
        {
            int start = index;
            while (index < text.Length && PythonText.IsSpace(text[index]) == PythonText.IsSpace(text[start]))
            {
                index++;
            }
            if (!PythonText.IsSpace(text[start]))
            {
                words.Add((start, index));
            }
        }
        if (most >= 0 && words.Count >= most + 1)
        {
            if (fromEnd)
            {
                int end = words[words.Count - most - 1].End;
                words.RemoveRange(1, words.Count - most - 1);
                words[0] = (0, end);
            }
            else
            {
                words[most] = (words[most].Start, text.Length);
                words.RemoveRange(most + 1, words.Count - most - 1);
            }
        }
        return words;
    }

    private static ListValue Partition(Renderer renderer, TextValue text, Arguments arguments, bool fromEnd)
    {
        TextValue separator = Arguments.Text(arguments.BindAll("partition", 1, "sep")[0], "partition");
        renderer.ChargeSearch(text.Text, separator.Text);
        renderer.ChargeText(text.Text.Length);
        if (separator.Text.Length == 0)
        {
            throw new TemplateFault("'partition' splits at an empty separator");
        }
        int found = fromEnd ? text.Text.AsSpan().LastIndexOf(separator.Text) : text.Text.IndexOf(separator.Text, StringComparison.Ordinal);
        return found < 0
            ? fromEnd ? ListValue.Tuple(TextValue.Empty, TextValue.Empty, text) : ListValue.Tuple(text, TextValue.Empty, TextValue.Empty)
            : ListValue.Tuple(text.Slice(0, found), separator, text.Slice(found + separator.Text.Length, text.Text.Length));
    }

    private static IntegerValue Find(Renderer renderer, TextValue text, Arguments arguments, string method, bool fromEnd, bool must)
    {
        Value?[] bound = arguments.BindAll(method, 1, "sub", "start", "end");
        string part = Arguments.Text(bound[0], method).Text;
        renderer.ChargeSearch(text.Text, part);
        int start = Bound(bound[1], 0), end = Bound(bound[2], text.CodePoints);
        int from = text.IndexOfCodePoint(start), to = text.IndexOfCodePoint(Math.Max(start, end));
        ReadOnlySpan<char> within = text.Text.AsSpan(from, to - from);
        int found = start > end ? -1 : fromEnd ? within.LastIndexOf(part) : within.IndexOf(part, StringComparison.Ordinal);
        if (found < 0)
        {
            return must ? throw new TemplateFault($"'{method}' looks for a part that the text doesn't have") : new IntegerValue(BigInteger.MinusOne);
        }
        return new IntegerValue(text.CodePoints == text.Text.Length ? from + found : text.Slice(0, from + found).CodePoints);

        int Bound(Value? value, int whenAbsent)
        {
            int position = value is null or NoneValue ? whenAbsent : Arguments.Integer(value, whenAbsent, method);
            return Math.Clamp(position < 0 ? position + text.CodePoints : position, 0, text.CodePoints);
        }
    }

    private static TextValue Pad(Renderer renderer, TextValue text, Arguments arguments, string method)
    {
        Value?[] bound = arguments.BindAll(method, 1, "width", "fillchar");
        string fill = bound[1] is null ? " " : Arguments.Text(bound[1], method).Text;
        int width = Arguments.Integer(bound[0], 0, method), missing = width - text.CodePoints;
        if (fill.Length != 1)
        {
            throw new TemplateFault($"'{method}' fills with '{fill}'; expected one character");
        }
        if (missing <= 0)
        {
            return text;
        }
        renderer.ChargeText(width);
        int left = method switch { "ljust" => 0, "rjust" => missing, _ => (missing / 2) + (missing & width & 1) };
        return new TextBuilder().Append(new string(fill[0], left), Origins.Template).Append(text)
            .Append(new string(fill[0], missing - left), Origins.Template).ToText(text.IsMarkup);
    }
}
