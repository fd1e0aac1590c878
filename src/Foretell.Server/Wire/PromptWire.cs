using System.Text.Json;
using Foretell.Assistant;

namespace Foretell.Server.Wire;

/// <summary>Reads texts that may be given as a text, texts, token ids or lists of token ids.</summary>
internal static class PromptWire
{
    /// <summary>The most texts of one request.</summary>
    private const int MostTexts = 2048;

    /// <summary>The token ids of each text, without what texts of the vocabulary begin with.</summary>
    /// <exception cref="ApiException">It is none of these, or a token is not the model's.</exception>
    public static IReadOnlyList<int[]> Read(Fields request, string name, ForetellModel model)
    {
        JsonElement given = request.Any(name) ?? throw request.Missing(name);
        if (given.ValueKind == JsonValueKind.String)
        {
            return [model.Tokenizer.Encode(Fields.Text(given, name))];
        }
        if (given.ValueKind != JsonValueKind.Array)
        {
            throw Fields.Wrong(name, given, "a string, an array of strings, an array of token ids or an array of such arrays");
        }
        int count = given.GetArrayLength();
        if (count == 0)
        {
            throw ApiException.Invalid(name, $"Invalid '{name}': it is an empty array; give at least one text.", "empty_array");
        }
        if (given[0].ValueKind == JsonValueKind.Number)
        {
            return [Ids(given, name, model)];
        }
        if (count > MostTexts)
        {
            throw ApiException.Invalid(name, FormattableString.Invariant($"Invalid '{name}': a request has at most {MostTexts} texts; it has {count}."), "array_above_max_length");
        }
        return [.. given.EnumerateArray().Select((item, index) => item.ValueKind == JsonValueKind.Array
            ? Ids(item, $"{name}[{index}]", model)
            : model.Tokenizer.Encode(Fields.Text(item, $"{name}[{index}]")))];
    }

    /// <summary>Token ids of the model's vocabulary.</summary>
    public static int[] Ids(JsonElement array, string path, ForetellModel model)
    {
        int[] ids = new int[array.GetArrayLength()];
        int vocabulary = model.Transformer.Config.VocabularySize;
        for (int index = 0; index < ids.Length; index++)
        {
            JsonElement item = array[index];
            int id = item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out int given) ? given : throw Fields.Wrong($"{path}[{index}]", item, "a token id");
            ids[index] = id >= 0 && id < vocabulary ? id : throw ApiException.Invalid($"{path}[{index}]", FormattableString.Invariant($"'{path}[{index}]' is {id}; this model's token ids are 0 to {vocabulary - 1}."));
        }
        return ids;
    }
}
