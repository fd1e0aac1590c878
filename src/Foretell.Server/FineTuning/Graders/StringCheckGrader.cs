using System.Text.Json;
using System.Text.Json.Nodes;

namespace Foretell.Server.FineTuning.Graders;

/// <summary>OpenAI's <c>string_check</c>: 1 where a text equals (<c>eq</c>), differs from (<c>ne</c>) or contains (<c>like</c>, whatever the capitals: <c>ilike</c>) another, else 0.</summary>
internal sealed class StringCheckGrader
{
    private const string Parameter = "method.reinforcement.grader";

    private static readonly string[] s_members = ["type", "name", "input", "reference", "operation"];

    private readonly GraderTemplate _input;
    private readonly GraderTemplate _reference;
    private readonly string _operation;

    private StringCheckGrader(GraderTemplate input, GraderTemplate reference, string operation) => (_input, _reference, _operation) = (input, reference, operation);

    /// <exception cref="ApiException">It is no grader that this server has.</exception>
    public static StringCheckGrader Read(JsonNode? grader)
    {
        if (grader is not JsonObject given || Text(given, "type") != "string_check")
        {
            throw ApiException.Invalid(Parameter, "The reinforcement method needs a grader; this server has {\"type\": \"string_check\", \"name\": ..., \"input\": \"{{ sample.output_text }}\", \"reference\": \"{{ item.NAME }}\", \"operation\": \"eq\", \"ne\", \"like\" or \"ilike\"}.");
        }
        if (given.Select(pair => pair.Key).FirstOrDefault(name => !s_members.Contains(name, StringComparer.Ordinal)) is string unknown)
        {
            throw ApiException.Invalid($"{Parameter}.{unknown}", $"Unrecognized request argument supplied: {Parameter}.{unknown}", "unknown_parameter");
        }
        string operation = Text(given, "operation") is "eq" or "ne" or "like" or "ilike"
            ? Text(given, "operation")!
            : throw ApiException.Invalid($"{Parameter}.operation", "operation is eq, ne, like or ilike.");
        return new StringCheckGrader(Template(given, "input"), Template(given, "reference"), operation);
    }

    /// <exception cref="FormatException">The example lacks a field.</exception>
    public double Grade(JsonElement example, string answer)
    {
        string input = _input.Fill(example, answer), reference = _reference.Fill(example, answer);
        bool holds = _operation switch
        {
            "eq" => input == reference,
            "ne" => input != reference,
            "like" => input.Contains(reference, StringComparison.Ordinal),
            _ => input.Contains(reference, StringComparison.OrdinalIgnoreCase),
        };
        return holds ? 1 : 0;
    }

    private static GraderTemplate Template(JsonObject grader, string name)
    {
        try
        {
            return new GraderTemplate(Text(grader, name) ?? throw new FormatException($"{name} is text."));
        }
        catch (FormatException wrong)
        {
            throw ApiException.Invalid($"{Parameter}.{name}", wrong.Message);
        }
    }

    private static string? Text(JsonObject grader, string name) =>
        grader[name] is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;
}
