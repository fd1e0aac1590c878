using System.Numerics;
using System.Runtime.CompilerServices;

namespace Foretell.Tokenizers.Jinja;

/// <summary>Python's ==, &lt; and in.</summary>
internal static class PythonComparison
{
    private const int MaximumDepth = 100;

    /// <param name="renderer">Counts the work; null for a dictionary's keys, which are small.</param>
    public static bool AreEqual(Renderer? renderer, Value left, Value right) => AreEqual(renderer, left, right, 0);

    /// <summary>Below 0, 0 or above 0, as left is less, equal or greater.</summary>
    /// <exception cref="TemplateFault">The two have no order.</exception>
    public static int Compare(Renderer renderer, Value left, Value right, string operation)
    {
        if (Number(left) is double a && Number(right) is double b)
        {
            return left is FloatValue || right is FloatValue ? a.CompareTo(b) : Integer(left).CompareTo(Integer(right));
        }
        if (left is TextValue first && right is TextValue second)
        {
            renderer.Charge(Math.Min(first.Text.Length, second.Text.Length) / 16);
            return CompareText(first.Text, second.Text);
        }
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (left is ListValue { HasIndex: true } one && right is ListValue { HasIndex: true } other && one.Kind == other.Kind)
        {
            for (int index = 0; index < Math.Min(one.Items.Count, other.Items.Count); index++)
            {
                if (!AreEqual(renderer, one.Items[index], other.Items[index]))
                {
                    return Compare(renderer, one.Items[index], other.Items[index], operation);
                }
            }
            return one.Items.Count.CompareTo(other.Items.Count);
        }
        throw left is UndefinedValue missing ? new TemplateFault(missing.Reason)
            : right is UndefinedValue alsoMissing ? new TemplateFault(alsoMissing.Reason)
            : new TemplateFault($"'{operation}' can't order a {left.TypeName} and a {right.TypeName}");
    }

    public static bool Contains(Renderer renderer, Value container, Value item)
    {
        switch (container)
        {
            case TextValue text:
                return item is TextValue part
                    ? text.Text.Contains(part.Text, StringComparison.Ordinal)
                    : throw new TemplateFault(item is UndefinedValue missing ? missing.Reason : $"'in' looks for a {item.TypeName} in text; expected text");
            case DictionaryValue dictionary:
                return dictionary.Find(item) is not null;
            case ListValue list:
                return Array.Exists(list.Read(), other => AreEqual(renderer, other, item));
            case UndefinedValue:
                return false;
            default:
                throw new TemplateFault($"'in' looks into a {container.TypeName}; expected text, a list or a dictionary");
        }
    }

    /// <summary>A number or a truth value as a double, or null for anything else.</summary>
    public static double? Number(Value value) => value switch
    {
        IntegerValue integer => (double)integer.Number,
        FloatValue number => number.Number,
        BooleanValue => value.IsTrue ? 1 : 0,
        _ => null,
    };

    public static BigInteger Integer(Value value) => value is IntegerValue integer ? integer.Number : value.IsTrue ? 1 : 0;

    private static bool AreEqual(Renderer? renderer, Value left, Value right, int depth)
    {
        if (ReferenceEquals(left, right))
        {
            return true;
        }
        if (depth > MaximumDepth)
        {
            throw new TemplateFault($"values to be compared nest deeper than {MaximumDepth} levels");
        }
        renderer?.Charge(1 + (left is TextValue { Text.Length: var length } ? length / 64 : 0));
        switch (left)
        {
            case TextValue first:
                return right is TextValue second && first.Text == second.Text;
            case IntegerValue or FloatValue or BooleanValue:
                return Number(right) is double && (left is FloatValue || right is FloatValue
                    ? Number(left) == Number(right)
                    : Integer(left) == Integer(right));
            case NoneValue or UndefinedValue:
                return left.GetType() == right.GetType();
            case ListValue { Kind: not SequenceKind.Iterator } list:
                return right is ListValue other && other.Kind == list.Kind && other.Items.Count == list.Items.Count
                    && list.Items.Zip(other.Items).All(pair => AreEqual(renderer, pair.First, pair.Second, depth + 1));
            case DictionaryValue dictionary:
                return right is DictionaryValue another && another.Entries.Count == dictionary.Entries.Count
                    && dictionary.Entries.All(entry => another.Find(entry.Key) is Value value && AreEqual(renderer, entry.Value, value, depth + 1));
            default:
                return false;
        }
    }

    /// <summary>By code points, which differ from UTF-16 order beside surrogates.</summary>
    private static int CompareText(string first, string second)
    {
        int common = Math.Min(first.Length, second.Length);
        for (int index = 0; index < common; index++)
        {
            (char a, char b) = (first[index], second[index]);
            if (a != b)
            {
                bool surrogates = char.IsSurrogate(a) || char.IsSurrogate(b);
                return !surrogates || char.IsSurrogate(a) == char.IsSurrogate(b) ? a - b : char.IsSurrogate(a) ? 1 : -1;
            }
        }
        return first.Length - second.Length;
    }
}
