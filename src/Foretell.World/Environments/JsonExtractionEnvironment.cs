using System.Text.Json;
using System.Text.Json.Nodes;
using static System.FormattableString;

namespace Foretell.World.Environments;

/// <summary>Facts about people as JSON. The verifier compares structure: the order of fields and white space do not count.</summary>
public sealed class JsonExtractionEnvironment : ProblemEnvironment
{
    private const int GreatestDepth = 8;

    private static readonly string[] _pets = ["dog", "cat", "horse", "parrot", "rabbit", "goat"];
    private static readonly string[] _petNames = ["Bello", "Minka", "Rex", "Coco", "Luna", "Tiger", "Snowy", "Bruno"];
    private static readonly string[] _asides = ["The sun is shining.", "It is a fine day.", "The shop is closed today.", "There was a market yesterday.", "It may rain later."];

    /// <inheritdoc/>
    public override string Name => "json-extraction";

    /// <inheritdoc/>
    public override string Description => "One person's name and job as JSON; with the age; four fields between other sentences; two people as a list; nested, with null for what is not said.";

    /// <inheritdoc/>
    public override int Levels => 5;

    private protected override ProblemDraft Draft(ProblemDraw draw, int level)
    {
        SeededRandom random = draw.Random;
        if (level == 4)
        {
            return TwoPeople(draw);
        }
        Person person = draw.People(1)[0];
        string name = person.Name, job = random.Pick(World.People.Jobs), key = $"{name} {job}";
        int age = random.Between(20, 80);
        var value = new JsonObject { ["name"] = name, ["job"] = job };
        string fields = "name, job", text = $"{name} is {Tale.WithArticle(job)}.", thoughts = $"name: {name}. job: {job}.";
        if (level >= 2)
        {
            value["age"] = age;
            fields += ", age";
            text += Invariant($" {Grammar.Capitalised(person.He)} is {age} years old.");
            thoughts += Invariant($" age: {age}.");
            key += Invariant($" {age}");
        }
        if (level == 3)
        {
            Place home = SingleWord(random);
            value["home"] = home.Name;
            fields += ", home";
            text = $"{random.Pick(_asides)} {text} {Grammar.Capitalised(person.He)} lives near the {home.Name}. {random.Pick(_asides)}";
            thoughts += $" home: {home.Name}.";
        }
        if (level == 5)
        {
            (bool hasPet, bool hasHome) = (random.Below(3) > 0, random.OneIn(2));
            Place home = SingleWord(random);
            (string kind, string called) = (random.Pick(_pets), random.Pick(_petNames));
            value["home"] = hasHome ? home.Name : null;
            value["pet"] = hasPet ? new JsonObject { ["kind"] = kind, ["name"] = called } : null;
            fields += ", home, pet (kind, name); null for what is not said";
            text += $" {random.Pick(_asides)}{(hasHome ? $" {Grammar.Capitalised(person.He)} lives near the {home.Name}." : "")}{(hasPet ? $" {Grammar.Capitalised(person.His)} {kind} is called {called}." : "")}";
            thoughts += $" home: {(hasHome ? home.Name : "not said")}. pet: {(hasPet ? $"{kind}, {called}" : "not said")}.";
        }
        return new ProblemDraft($"{text} Write JSON with {fields}.", thoughts, Written(value), ProblemDraw.IsWithheld(Name, key));
    }

    private protected override Verdict Judge(Problem problem, string answer)
    {
        if (answer.StartsWith("json", StringComparison.OrdinalIgnoreCase))
        {
            answer = answer[4..];
        }
        try
        {
            var options = new JsonDocumentOptions { MaxDepth = GreatestDepth };
            using JsonDocument given = JsonDocument.Parse(answer, options), wanted = JsonDocument.Parse(problem.Answer, options);
            return Compare(given.RootElement, wanted.RootElement);
        }
        catch (JsonException)
        {
            return new Verdict(false, "The answer is not JSON.");
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException)
        {
            // Half of a surrogate pair, as it stands or escaped.
            return new Verdict(false, "The answer is not text.");
        }
    }

    private ProblemDraft TwoPeople(ProblemDraw draw)
    {
        SeededRandom random = draw.Random;
        Person[] people = draw.People(2);
        string[] jobs = draw.Several(World.People.Jobs, 2);
        int[] ages = draw.Numbers(2, 20, 80);
        var list = new JsonArray();
        var thoughts = new List<string>();
        for (int i = 0; i < 2; i++)
        {
            list.Add((JsonNode)new JsonObject { ["name"] = people[i].Name, ["job"] = jobs[i], ["age"] = ages[i] });
            thoughts.Add(Invariant($"name: {people[i].Name}. job: {jobs[i]}. age: {ages[i]}."));
        }
        string text = random.OneIn(2)
            ? Invariant($"{people[0].Name} is {Tale.WithArticle(jobs[0])}, {ages[0]} years old. {people[1].Name} is {Tale.WithArticle(jobs[1])}, {ages[1]} years old.")
            : Invariant($"{people[0].Name} and {people[1].Name} are {ages[0]} and {ages[1]} years old. {people[0].Name} is {Tale.WithArticle(jobs[0])}, {people[1].Name} is {Tale.WithArticle(jobs[1])}.");
        return new ProblemDraft($"{text} Write a JSON list with name, job, age of each, in the order of the text.", string.Join(' ', thoughts), Written(list),
            ProblemDraw.IsWithheld(Name, Invariant($"{people[0].Name} {jobs[0]} {ages[0]} {people[1].Name} {jobs[1]} {ages[1]}")));
    }

    private static Verdict Compare(JsonElement given, JsonElement wanted)
    {
        if (given.ValueKind != wanted.ValueKind)
        {
            return new Verdict(false, $"A value is of the kind {given.ValueKind}; {wanted.ValueKind} was wanted.");
        }
        switch (wanted.ValueKind)
        {
            case JsonValueKind.Object:
                if (given.EnumerateObject().Count() != wanted.EnumerateObject().Count())
                {
                    return new Verdict(false, "An object has too many or too few fields.");
                }
                foreach (JsonProperty field in wanted.EnumerateObject())
                {
                    if (!given.TryGetProperty(field.Name, out JsonElement other))
                    {
                        return new Verdict(false, $"The field \"{field.Name}\" is missing.");
                    }
                    if (Compare(other, field.Value) is { IsRight: false } verdict)
                    {
                        return verdict;
                    }
                }
                return new Verdict(true);
            case JsonValueKind.Array:
                if (given.GetArrayLength() != wanted.GetArrayLength())
                {
                    return new Verdict(false, "A list has too many or too few items.");
                }
                foreach ((JsonElement one, JsonElement other) in given.EnumerateArray().Zip(wanted.EnumerateArray()))
                {
                    if (Compare(one, other) is { IsRight: false } verdict)
                    {
                        return verdict;
                    }
                }
                return new Verdict(true);
            case JsonValueKind.Number:
                return given.TryGetDecimal(out decimal number) && number == wanted.GetDecimal() ? new Verdict(true) : new Verdict(false, "A number is wrong.");
            case JsonValueKind.String:
                return string.Equals(given.GetString(), wanted.GetString(), StringComparison.OrdinalIgnoreCase) ? new Verdict(true) : new Verdict(false, "A text is wrong.");
            default:
                return new Verdict(true);
        }
    }

    private static Place SingleWord(SeededRandom random) => random.Pick(Array.FindAll(Places.Outdoors, place => !place.Name.Contains(' ')));

    private static string Written(JsonNode value) => value.ToJsonString();
}
