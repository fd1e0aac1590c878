using System.Text;
using System.Text.Json;

namespace Foretell.Evaluation.Doubt;

/// <summary>Reads the public benchmarks in the form in which they are published.</summary>
public static class ReferenceQuestions
{
    /// <summary>
    /// SelfAware (<see href="https://arxiv.org/abs/2305.18153">Yin et al. 2023</see>): JSON with an array <c>example</c> of
    /// question, answerable and answer.
    /// </summary>
    /// <exception cref="InvalidDataException">The file is not of that form, or holds no question.</exception>
    public static IReadOnlyList<ReferenceQuestion> SelfAware(string path)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("example", out JsonElement examples) || examples.ValueKind != JsonValueKind.Array || examples.GetArrayLength() == 0)
            {
                throw new InvalidDataException($"{path} holds no questions: expected an object whose \"example\" is a list of them, as SelfAware is published.");
            }
            var questions = new List<ReferenceQuestion>();
            foreach (JsonElement example in examples.EnumerateArray())
            {
                if (example.ValueKind != JsonValueKind.Object || !example.TryGetProperty("question", out JsonElement question) || question.ValueKind != JsonValueKind.String
                    || !example.TryGetProperty("answerable", out JsonElement answerable) || answerable.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
                {
                    throw new InvalidDataException($"{path}: example {questions.Count} lacks a \"question\" that is text or an \"answerable\" that is true or false.");
                }
                string[] answers = example.TryGetProperty("answer", out JsonElement answer) && answer.ValueKind == JsonValueKind.Array
                    ? [.. answer.EnumerateArray().Where(one => one.ValueKind == JsonValueKind.String).Select(one => one.GetString()!)]
                    : [];
                questions.Add(new ReferenceQuestion(question.GetString()!, answerable.GetBoolean(), answers, []));
            }
            return questions;
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{path} is not JSON: {error.Message}", error);
        }
    }

    /// <summary>
    /// TruthfulQA (<see href="https://arxiv.org/abs/2109.07958">Lin et al. 2021</see>): CSV with the columns Question,
    /// Best Answer, Correct Answers and Incorrect Answers, the latter two with semicolons between the answers.
    /// </summary>
    /// <exception cref="InvalidDataException">A column is missing, a row is short, or there is no question.</exception>
    public static IReadOnlyList<ReferenceQuestion> TruthfulQa(string path)
    {
        List<List<string>> rows = Csv(File.ReadAllText(path));
        if (rows.Count < 2)
        {
            throw new InvalidDataException($"{path} holds no questions: expected a row of column names and a row a question.");
        }
        int question = Column("Question"), best = Column("Best Answer"), right = Column("Correct Answers"), wrong = Column("Incorrect Answers");
        var questions = new List<ReferenceQuestion>();
        for (int i = 1; i < rows.Count; i++)
        {
            List<string> row = rows[i];
            if (row.Count != rows[0].Count)
            {
                throw new InvalidDataException(FormattableString.Invariant($"{path}: row {i + 1} has {row.Count} fields; the first has {rows[0].Count}."));
            }
            string[] answers = [.. Answers(row[best]).Concat(Answers(row[right])).Distinct()];
            questions.Add(new ReferenceQuestion(row[question], true, answers, [.. Answers(row[wrong])]));
        }
        return questions;

        int Column(string name) => rows[0].IndexOf(name) is >= 0 and int at ? at : throw new InvalidDataException($"{path} has no column \"{name}\"; it has {string.Join(", ", rows[0])}.");
    }

    private static IEnumerable<string> Answers(string field) => field.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    // RFC 4180: commas between fields, quotes around those that hold commas, quotes or line ends, a quote doubled inside.
    private static List<List<string>> Csv(string text)
    {
        var rows = new List<List<string>>();
        var row = new List<string>();
        var field = new StringBuilder();
        bool quoted = false;
        for (int at = 0; at < text.Length; at++)
        {
            char c = text[at];
            if (quoted)
            {
                if (c != '"')
                {
                    field.Append(c);
                }
                else if (at + 1 < text.Length && text[at + 1] == '"')
                {
                    field.Append('"');
                    at++;
                }
                else
                {
                    quoted = false;
                }
            }
            else if (c == '"')
            {
                quoted = true;
            }
            else if (c is ',' or '\n')
            {
                row.Add(field.ToString().TrimEnd('\r'));
                field.Clear();
                if (c == '\n')
                {
                    rows.Add(row);
                    row = [];
                }
            }
            else
            {
                field.Append(c);
            }
        }
        if (field.Length > 0 || row.Count > 0)
        {
            row.Add(field.ToString());
            rows.Add(row);
        }
        return rows;
    }
}
