using System.Text.Json;

namespace Foretell.Inference;

/// <summary>oneOf is written as anyOf, which is right only where no value satisfies two of its schemas: this proves it or refuses.</summary>
internal static class SchemaExclusion
{
    /// <exception cref="GrammarException">Two of the schemas may hold at once.</exception>
    public static void Require(JsonElement root, IReadOnlyList<MergedSchema> alternatives, string pointer)
    {
        for (int first = 0; first < alternatives.Count; first++)
        {
            for (int second = first + 1; second < alternatives.Count; second++)
            {
                if (!AreDisjoint(root, alternatives[first], alternatives[second]))
                {
                    throw new GrammarException($"The schemas {first} and {second} of the 'oneOf' at {pointer} may both hold for one value; use anyOf, or tell them apart by type or by a required property with a const of its own.");
                }
            }
        }
    }

    private static bool AreDisjoint(JsonElement root, MergedSchema a, MergedSchema b)
    {
        JsonTypes common = Kinds(a) & Kinds(b);
        if (common == JsonTypes.None)
        {
            return true;
        }
        if (a.Values is List<JsonElement> valuesOfA && b.Values is List<JsonElement> valuesOfB)
        {
            return AreDisjoint(valuesOfA, valuesOfB);
        }
        return common == JsonTypes.Object && a.Required.Intersect(b.Required).Any(name =>
            new MergedSchema(root, SchemaObjects.Member(a, name)).Values is List<JsonElement> tagOfA
            && new MergedSchema(root, SchemaObjects.Member(b, name)).Values is List<JsonElement> tagOfB
            && AreDisjoint(tagOfA, tagOfB));
    }

    private static bool AreDisjoint(List<JsonElement> a, List<JsonElement> b) =>
        !a.Exists(value => b.Exists(other => JsonElement.DeepEquals(value, other)));

    /// <summary>The kinds that a schema admits by the letter.</summary>
    private static JsonTypes Kinds(MergedSchema schema) =>
        schema.DeclaredTypes & (schema.Values?.Aggregate(JsonTypes.None, (kinds, value) => kinds | SchemaKeywords.TypeOf(value)) ?? JsonTypes.All);
}
