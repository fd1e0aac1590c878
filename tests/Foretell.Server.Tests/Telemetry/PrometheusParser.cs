using System.Globalization;
using System.Text.RegularExpressions;

namespace Foretell.Server.Tests.Telemetry;

/// <summary>Reads Prometheus's text format by its rules, and complains of whatever breaks one.</summary>
internal sealed partial class PrometheusParser
{
    /// <summary>A line with a value.</summary>
    public sealed record Sample(string Name, IReadOnlyDictionary<string, string> Labels, double Value);

    private readonly Dictionary<string, string> _types = [];
    private readonly HashSet<string> _helped = [];
    private readonly HashSet<string> _seen = [];
    private readonly List<string> _closed = [];
    private string? _family;

    public List<Sample> Samples { get; } = [];

    public static PrometheusParser Parse(string text)
    {
        var parser = new PrometheusParser();
        if (text.Length > 0 && !text.EndsWith('\n'))
        {
            throw new FormatException("The last line must end with a line feed.");
        }
        foreach (string line in text.Split('\n')[..^1])
        {
            parser.Line(line);
        }
        parser.CheckHistograms();
        return parser;
    }

    public string TypeOf(string name) => _types[name];

    public double Value(string name, params (string Label, string Value)[] labels) =>
        Samples.Single(sample => sample.Name == name && labels.All(label => sample.Labels.GetValueOrDefault(label.Label) == label.Value)).Value;

    private void Line(string line)
    {
        if (line.StartsWith("# HELP ", StringComparison.Ordinal) || line.StartsWith("# TYPE ", StringComparison.Ordinal))
        {
            string[] parts = line.Split(' ', 4);
            Require(NameForm().IsMatch(parts[2]), line, "no name of a metric");
            Begin(parts[2], line);
            if (parts[1] == "HELP")
            {
                Require(_helped.Add(parts[2]), line, "a second HELP");
            }
            else
            {
                Require(parts[3] is "counter" or "gauge" or "histogram" or "summary" or "untyped", line, "no type");
                Require(_types.TryAdd(parts[2], parts[3]), line, "a second TYPE");
                Require(!Samples.Any(sample => FamilyOf(sample.Name) == parts[2]), line, "TYPE behind samples");
            }
            return;
        }
        Match match = SampleForm().Match(line);
        Require(match.Success, line, "no sample");
        var labels = new Dictionary<string, string>();
        string inside = match.Groups["labels"].Value;
        int end = 0;
        foreach (Match label in LabelForm().Matches(inside))
        {
            Require(label.Index == end, line, "something between labels");
            end = label.Index + label.Length;
            Require(labels.TryAdd(label.Groups["name"].Value, label.Groups["value"].Value), line, "a label twice");
        }
        Require(end == inside.Length, line, "something behind labels");
        string name = match.Groups["name"].Value;
        string number = match.Groups["value"].Value;
        double value = number switch
        {
            "+Inf" => double.PositiveInfinity,
            "-Inf" => double.NegativeInfinity,
            "NaN" => double.NaN,
            _ => double.Parse(number, NumberStyles.Float, CultureInfo.InvariantCulture),
        };
        Begin(FamilyOf(name), line);
        Require(_types.ContainsKey(FamilyOf(name)), line, "a sample without TYPE");
        Require(_seen.Add(name + "{" + string.Join(',', labels.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}")) + "}"), line, "a sample twice");
        Samples.Add(new Sample(name, labels, value));
    }

    /// <summary>All lines of a metric stand together.</summary>
    private void Begin(string family, string line)
    {
        if (family != _family)
        {
            Require(!_closed.Contains(family), line, "lines of a metric apart from each other");
            if (_family is not null)
            {
                _closed.Add(_family);
            }
            _family = family;
        }
    }

    private string FamilyOf(string name)
    {
        foreach (string suffix in new[] { "_bucket", "_sum", "_count" })
        {
            if (name.EndsWith(suffix, StringComparison.Ordinal) && _types.GetValueOrDefault(name[..^suffix.Length]) == "histogram")
            {
                return name[..^suffix.Length];
            }
        }
        return name;
    }

    private void CheckHistograms()
    {
        foreach (string family in _types.Where(pair => pair.Value == "histogram").Select(pair => pair.Key))
        {
            IEnumerable<IGrouping<string, Sample>> series = Samples.Where(sample => sample.Name == family + "_bucket")
                .GroupBy(sample => string.Join(',', sample.Labels.Where(pair => pair.Key != "le").OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}")));
            foreach (IGrouping<string, Sample> one in series)
            {
                double[] boundaries = [.. one.Select(sample => sample.Labels["le"] == "+Inf" ? double.PositiveInfinity : double.Parse(sample.Labels["le"], CultureInfo.InvariantCulture))];
                double[] counts = [.. one.Select(sample => sample.Value)];
                Require(boundaries.SequenceEqual(boundaries.Order()) && double.IsPositiveInfinity(boundaries[^1]), family, "buckets not in order, or without the last");
                Require(counts.SequenceEqual(counts.Order()), family, "buckets that do not add up");
                Sample count = Samples.Single(sample => sample.Name == family + "_count" && one.First().Labels.Where(pair => pair.Key != "le").All(pair => sample.Labels.GetValueOrDefault(pair.Key) == pair.Value) && sample.Labels.Count == one.First().Labels.Count - 1);
                Require(count.Value == counts[^1], family, "a count that is not that of the last bucket");
            }
        }
    }

    private static void Require(bool condition, string line, string complaint)
    {
        if (!condition)
        {
            throw new FormatException($"{complaint}: {line}");
        }
    }

    [GeneratedRegex("^[a-zA-Z_:][a-zA-Z0-9_:]*$")]
    private static partial Regex NameForm();

    [GeneratedRegex("""^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?<labels>.*)\})? (?<value>\S+)( -?\d+)?$""")]
    private static partial Regex SampleForm();

    [GeneratedRegex("""(?<name>[a-zA-Z_][a-zA-Z0-9_]*)="(?<value>(?:[^"\\\n]|\\["\\n])*)"(,|$)""")]
    private static partial Regex LabelForm();
}
