using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace Foretell.Tokenizers.Jinja;

/// <summary>A dictionary in the order of insertion, with Python's equality of keys.</summary>
internal sealed class DictionaryValue(int origin = Origins.Template) : Value(origin)
{
    public const int MaximumKeyCharacters = 1 << 16;

    private const int MaximumKeyItems = 100;

    public OrderedDictionary<Value, Value> Entries { get; } = new(KeyComparer.Instance);

    /// <summary>Which message of the conversation this is, or -1.</summary>
    public int MessageIndex { get; init; } = -1;

    public override string TypeName => "dict";

    public override bool IsTrue => Entries.Count > 0;

    public Value? Find(string key) => Entries.GetValueOrDefault(new TextValue(key));

    /// <summary>The value under <paramref name="key"/>, or null where there is none.</summary>
    public Value? Find(Value key) => Entries.GetValueOrDefault(RefuseMutable(key));

    public void Set(Value key, Value value) => Entries[RefuseMutable(key)] = value;

    public void Set(string key, Value value) => Entries[new TextValue(key)] = value;

    public static Value RefuseMutable(Value key)
    {
        if (key is ListValue { Kind: SequenceKind.Tuple } tuple)
        {
            // Tuples of tuples would make the hash of a key, which no step counts, as long as a template likes.
            return tuple.Items.Count <= MaximumKeyItems && tuple.Items.TrueForAll(item => item is not ListValue and not DictionaryValue) ? key
                : throw new TemplateFault($"a tuple that is a dictionary's key holds lists, or more than {MaximumKeyItems} values");
        }
        if (key is TextValue { Text.Length: > MaximumKeyCharacters })
        {
            throw new TemplateFault($"a dictionary's key is longer than {MaximumKeyCharacters} characters");
        }
        return key is ListValue or DictionaryValue
            ? throw new TemplateFault($"a {key.TypeName} can't be a dictionary's key; expected text or a number")
            : key;
    }

    private sealed class KeyComparer : IEqualityComparer<Value>
    {
        /// <summary>2^53: every integer up to it is a double of its own.</summary>
        private const long MaximumExactInteger = 1L << 53;

        public static readonly KeyComparer Instance = new();

        public bool Equals(Value? x, Value? y) => PythonComparison.AreEqual(null, x!, y!);

        public int GetHashCode([DisallowNull] Value value) => value switch
        {
            TextValue text => text.Text.GetHashCode(StringComparison.Ordinal),
            IntegerValue integer => Hash(integer.Number),
            BooleanValue boolean => Hash(boolean.IsTrue ? 1.0 : 0.0),
            FloatValue number when !double.IsNaN(number.Number) => Hash(number.Number),
            ListValue tuple => tuple.Items.Aggregate(17, (hash, item) => HashCode.Combine(hash, GetHashCode(item))),
            NoneValue or UndefinedValue => value.TypeName.GetHashCode(StringComparison.Ordinal),
            _ => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(value),
        };

        private static int Hash(BigInteger number) =>
            BigInteger.Abs(number) <= MaximumExactInteger ? Hash((double)number) : number.GetHashCode();

        /// <summary>Equal to the hash of an equal integer. Seeded, since a template could choose numbers that double.GetHashCode takes for one.</summary>
        private static int Hash(double number)
        {
            if (double.IsFinite(number) && Math.Abs(number) > MaximumExactInteger)
            {
                return new BigInteger(number).GetHashCode();
            }
            long bits = BitConverter.DoubleToInt64Bits(number == 0 ? 0 : number);
            return HashCode.Combine((int)bits, (int)(bits >> 32));
        }
    }
}
