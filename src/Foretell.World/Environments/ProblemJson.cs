using System.Text.Json;

namespace Foretell.World.Environments;

/// <summary>
/// Problems as lines of JSON: <c>{"messages": [...], "problem": {...}}</c>, a conversation in OpenAI's form (with
/// reasoning_content) that fine-tuning reads, and the problem itself that a verifier reads.
/// </summary>
public static class ProblemJson
{
    /// <summary>One line without its end.</summary>
    public static string Write(Problem problem) => MessageJson.Line(ProblemText.Messages(problem), "problem", json =>
    {
        json.WriteString("environment", problem.Environment);
        json.WriteNumber("level", problem.Level);
        json.WriteString("question", problem.Question);
        json.WriteString("thoughts", problem.Thoughts);
        json.WriteString("answer", problem.Answer);
    });

    /// <summary>Reads a line that <see cref="Write"/> wrote, or one that is the problem object alone.</summary>
    /// <exception cref="FormatException">The line is not JSON or lacks a field.</exception>
    public static Problem Read(string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement problem = document.RootElement;
            if (problem.ValueKind == JsonValueKind.Object && problem.TryGetProperty("problem", out JsonElement inner))
            {
                problem = inner;
            }
            if (problem.ValueKind != JsonValueKind.Object)
            {
                throw new FormatException("no problem stands there; expected {\"problem\": {\"environment\": ..., \"level\": ..., \"question\": ..., \"thoughts\": ..., \"answer\": ...}}.");
            }
            if (!problem.TryGetProperty("level", out JsonElement level) || level.ValueKind != JsonValueKind.Number || !level.TryGetInt32(out int number) || number < 1)
            {
                throw new FormatException("the problem's \"level\" is missing or not a whole number from 1 on.");
            }
            return new Problem(Text("environment"), number, Text("question"), Text("thoughts"), Text("answer"));

            string Text(string name) => problem.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
                ? value.GetString()!
                : throw new FormatException($"the problem's \"{name}\" is missing or not text.");
        }
        catch (JsonException error)
        {
            throw new FormatException("it is not JSON: " + error.Message, error);
        }
    }

    /// <summary>Reads problems line by line; empty lines are passed over.</summary>
    /// <exception cref="FormatException">A line cannot be read; the message says which and why.</exception>
    public static IEnumerable<Problem> ReadLines(TextReader reader)
    {
        int number = 0;
        while (reader.ReadLine() is string line)
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
            {
                continue;
            }
            Problem problem;
            try
            {
                problem = Read(line);
            }
            catch (FormatException error)
            {
                throw new FormatException(FormattableString.Invariant($"Line {number} of the problems cannot be read: {error.Message}"), error);
            }
            yield return problem;
        }
    }
}
