using System.Collections;
using System.Globalization;

namespace Foretell.Tokenizers;

/// <summary>Combining classes and canonical decompositions, read from the embedded table when first needed.</summary>
internal sealed class CanonicalMappings
{
    private static readonly Lazy<CanonicalMappings> Shared = new(() => new CanonicalMappings());

    private readonly Dictionary<int, byte> _classes = [];
    private readonly Dictionary<int, (int First, int Second)> _decompositions = [];
    private readonly Dictionary<(int First, int Second), int> _compositions = [];
    private readonly BitArray _mayChange = new(0x110000);

    private CanonicalMappings()
    {
        using Stream stream = typeof(CanonicalMappings).Assembly.GetManifestResourceStream("CanonicalMappings.txt")!;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is string line)
        {
            string[] fields = line.Split(' ');
            switch (fields[0])
            {
                case "C":
                    AddClass(byte.Parse(fields[1], CultureInfo.InvariantCulture), fields.AsSpan(2));
                    break;
                case "P":
                    AddDecomposition(Hex(fields[1]), Hex(fields[2]), Hex(fields[3]));
                    _compositions.Add((Hex(fields[2]), Hex(fields[3])), Hex(fields[1]));
                    _mayChange[Hex(fields[3])] = true;
                    break;
                case "S":
                    AddDecomposition(Hex(fields[1]), Hex(fields[2]), fields.Length > 3 ? Hex(fields[3]) : 0);
                    _mayChange[Hex(fields[1])] = true;
                    break;
            }
        }
        for (int point = 0x1161; point <= 0x11C2; point++)
        {
            _mayChange[point] = true;
        }
    }

    public static CanonicalMappings Instance => Shared.Value;

    /// <summary>The canonical combining class; 0 for starters.</summary>
    public byte Class(int point) => _classes.GetValueOrDefault(point);

    /// <summary>The one-step decomposition (the second is 0 for a single character), or null.</summary>
    public (int First, int Second)? Decomposition(int point) => _decompositions.TryGetValue(point, out (int, int) pair) ? pair : null;

    /// <summary>What the pair composes to, or 0.</summary>
    public int Composition(int first, int second) => _compositions.GetValueOrDefault((first, second));

    /// <summary>Whether text with this character may differ from its composed form.</summary>
    public bool MayChange(int point) => _mayChange[point];

    private void AddClass(byte combiningClass, ReadOnlySpan<string> ranges)
    {
        foreach (string range in ranges)
        {
            int dash = range.IndexOf('-', StringComparison.Ordinal);
            int first = Hex(dash < 0 ? range : range[..dash]);
            int last = dash < 0 ? first : Hex(range[(dash + 1)..]);
            for (int point = first; point <= last; point++)
            {
                _classes.Add(point, combiningClass);
                _mayChange[point] = true;
            }
        }
    }

    private void AddDecomposition(int point, int first, int second) => _decompositions.Add(point, (first, second));

    private static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
