using System.Text.Json;
using Foretell.Data;
using Foretell.Tensors;

namespace Foretell.Training;

/// <summary>One thing that is wanted of answers.</summary>
/// <param name="Name">Short, for files and reports.</param>
/// <param name="Text">What is wanted, as one would tell it to a person.</param>
public sealed record Principle(string Name, string Text);

/// <summary>
/// A written constitution (Bai et al. 2022, <see href="https://arxiv.org/abs/2212.08073"/>): principles by which a teacher
/// criticises, revises and compares answers.
/// </summary>
/// <remarks>
/// In Markdown each heading of the second level is a principle's name, and what stands below it the principle; or, without
/// such headings, each item of a list is a principle. In JSON it is a list of texts or of objects with name and text.
/// </remarks>
public sealed record Constitution(IReadOnlyList<Principle> Principles)
{
    /// <summary>Reads a .json file as JSON and any other as Markdown.</summary>
    /// <exception cref="CorpusException">The file is missing, or no constitution; the message says why.</exception>
    public static Constitution Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new CorpusException($"There is no constitution {path}; recipes/constitution.md is one to start from.");
        }
        string text = File.ReadAllText(path);
        IReadOnlyList<Principle> principles = path.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? Json(text, path) : Markdown(text);
        if (principles.Count == 0)
        {
            throw new CorpusException($"{path} has no principle; write each below a heading of the second level (## name), or as an item of a list (- ...).");
        }
        foreach (Principle principle in principles)
        {
            if (string.IsNullOrWhiteSpace(principle.Text))
            {
                throw new CorpusException($"{path}: the principle \"{principle.Name}\" says nothing; write below its heading what is wanted.");
            }
            if (principles.Count(other => other.Name == principle.Name) > 1)
            {
                throw new CorpusException($"{path}: two principles are named \"{principle.Name}\"; give each its own name.");
            }
        }
        return new Constitution(principles);
    }

    /// <summary>The principle for a row, drawn evenly.</summary>
    public Principle For(ulong seed, long row, int round = 0) => Principles[new SeededRandom(seed).Fork("principle", row).Fork("round", round).NextInt(Principles.Count)];

    private static IReadOnlyList<Principle> Json(string text, string path)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return [.. document.RootElement.EnumerateArray().Select((entry, i) => entry.ValueKind == JsonValueKind.String
                ? new Principle(FormattableString.Invariant($"principle {i + 1}"), entry.GetString()!)
                : new Principle(entry.GetProperty("name").GetString()!, entry.GetProperty("text").GetString()!))];
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new CorpusException($"{path} is no constitution; expected a JSON list of texts or of {{\"name\": ..., \"text\": ...}}.", error);
        }
    }

    private static List<Principle> Markdown(string text)
    {
        string[] lines = text.ReplaceLineEndings("\n").Split('\n');
        bool hasHeadings = lines.Any(line => line.StartsWith("## ", StringComparison.Ordinal));
        var principles = new List<Principle>();
        foreach (string line in lines)
        {
            if (line.StartsWith("## ", StringComparison.Ordinal))
            {
                principles.Add(new Principle(line[3..].Trim(), ""));
            }
            else if (!hasHeadings && line.TrimStart() is ['-' or '*', ' ', ..])
            {
                principles.Add(new Principle(FormattableString.Invariant($"principle {principles.Count + 1}"), line.TrimStart()[2..].Trim()));
            }
            else if (principles.Count > 0 && line.Trim().Length > 0 && !line.StartsWith('#') && (hasHeadings || line.StartsWith(' ')))
            {
                principles[^1] = principles[^1] with { Text = (principles[^1].Text + " " + line.Trim()).Trim() };
            }
        }
        return principles;
    }
}
