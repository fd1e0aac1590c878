using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Foretell.Tokenizers;

/// <summary>
/// Hugging Face's tokenizer.json, read and written. For byte-level byte-pair encoding:
/// the ByteLevel, Split and Digits pre-tokenizers, the NFC normalizer, added tokens, ignore_merges, and merges as
/// "a b" or ["a", "b"]. For byte-pair encoding of characters with byte fallback: <see cref="SentencePieceEncoding"/> and
/// <see cref="CharacterTokenizer"/>. What would change the encoding and is not known here is refused by name.
/// </summary>
public static partial class TokenizerJson
{
    /// <summary>Reads the tokenizer in <paramref name="path"/>.</summary>
    /// <exception cref="FormatException">The file is not a tokenizer.json, or one of a kind that is not supported; the message says where and why.</exception>
    public static Tokenizer Load(string path) => InFile.Read(path, Parse);

    /// <summary>Reads a tokenizer from the bytes of a tokenizer.json.</summary>
    /// <exception cref="FormatException">As for <see cref="Load"/>.</exception>
    public static Tokenizer Parse(ReadOnlySpan<byte> json)
    {
        JsonNode? addedTokens = null, normalizer = null, preTokenizer = null, postProcessor = null;
        int modelStart = -1, modelEnd = -1;
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new FormatException("The file does not hold a JSON object; expected a Hugging Face tokenizer.json.");
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            switch (name)
            {
                case "added_tokens":
                    addedTokens = JsonNode.Parse(ref reader);
                    break;
                case "normalizer":
                    normalizer = JsonNode.Parse(ref reader);
                    break;
                case "pre_tokenizer":
                    preTokenizer = JsonNode.Parse(ref reader);
                    break;
                case "post_processor":
                    postProcessor = JsonNode.Parse(ref reader);
                    break;
                case "model":
                    modelStart = (int)reader.TokenStartIndex;
                    reader.Skip();
                    modelEnd = (int)reader.BytesConsumed;
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
        if (modelStart < 0)
        {
            throw new FormatException("There is no \"model\"; expected a Hugging Face tokenizer.json.");
        }
        BytePairModel model = BytePairModel.Parse(json[modelStart..modelEnd]);
        AddedToken[] added = AddedTokens(addedTokens);
        if (CharacterTokenizer.Describes(model, normalizer, preTokenizer))
        {
            return CharacterTokenizer.FromModel(model, added);
        }
        if (SentencePieceRules.Read(model, normalizer, preTokenizer) is SentencePieceRules rules)
        {
            TokenTable pieces = model.ReadVocabulary(added, byteLevel: false);
            return new SentencePieceEncoding(pieces, model.ReadMerges(pieces, byteLevel: false), rules with { AddedTokens = added, BeginOfTextId = BeginOfText(postProcessor) }, json.ToArray());
        }
        bool byteLevel = false;
        PreTokenizer splitter = Combine([.. Steps(preTokenizer, ref byteLevel)]);
        if (!byteLevel)
        {
            throw new FormatException("The pre_tokenizer has no ByteLevel step; expected a byte-level tokenizer, or one of characters with byte fallback.");
        }
        model.RefuseUnknownRules();
        TokenTable tokens = model.ReadVocabulary(added, byteLevel: true);
        return new BytePairEncoding(tokens, model.ReadMerges(tokens, byteLevel: true), new BytePairRules
        {
            PreTokenizer = splitter,
            Normalization = Normalization(normalizer),
            IgnoresMerges = model.IgnoresMerges,
            AddedTokens = added,
            BeginOfTextId = BeginOfText(postProcessor),
            PostProcessorJson = postProcessor?.ToJsonString(),
        });
    }

    private static AddedToken[] AddedTokens(JsonNode? node)
    {
        var tokens = new List<AddedToken>();
        foreach (JsonNode? entry in node as JsonArray ?? [])
        {
            var token = new AddedToken(
                entry?["id"]?.GetValue<int>() ?? throw new FormatException($"The added token {entry?.ToJsonString() ?? "null"} has no \"id\"."),
                entry["content"]?.GetValue<string>() ?? throw new FormatException($"The added token {entry.ToJsonString()} has no \"content\"."),
                Flag(entry, "special"),
                Flag(entry, "lstrip"),
                Flag(entry, "rstrip"));
            if (Flag(entry, "single_word"))
            {
                throw new FormatException($"The added token '{token.Content}' is marked single_word, which is not supported.");
            }
            if (tokens.Exists(other => other.Id == token.Id))
            {
                throw new FormatException($"The id {token.Id} stands for two added tokens, '{tokens.Find(other => other.Id == token.Id)!.Content}' and '{token.Content}'; each needs an id of its own.");
            }
            tokens.Add(token);
        }
        return [.. tokens.OrderBy(token => token.Id)];
    }

    private static TextNormalization Normalization(JsonNode? node) => Type(node) switch
    {
        null => TextNormalization.None,
        "NFC" => TextNormalization.Nfc,
        "Sequence" when node!["normalizers"] is JsonArray { Count: 0 } => TextNormalization.None,
        "Sequence" when node!["normalizers"] is JsonArray { Count: 1 } one => Normalization(one[0]),
        string other => throw new FormatException($"The normalizer {other} is not supported; expected none or NFC."),
    };

    private static List<PreTokenizer> Steps(JsonNode? node, ref bool byteLevel)
    {
        switch (Type(node))
        {
            case null:
                return [];
            case "Sequence":
                var steps = new List<PreTokenizer>();
                foreach (JsonNode? child in node!["pretokenizers"] as JsonArray ?? [])
                {
                    steps.AddRange(Steps(child, ref byteLevel));
                }
                return steps;
            case "ByteLevel":
                byteLevel = true;
                if (Flag(node!, "add_prefix_space"))
                {
                    throw new FormatException("The ByteLevel pre-tokenizer adds a space before the text (add_prefix_space), which is not supported.");
                }
                return Flag(node!, "use_regex", whenAbsent: true) ? new List<PreTokenizer> { PreTokenizer.Gpt2 } : [];
            case "Digits":
                return [PreTokenizer.FromPattern(Flag(node!, "individual_digits") ? @"\p{N}" : @"\p{N}+")];
            case "Split":
                return [Split(node!)];
            case string other:
                throw new FormatException($"The pre_tokenizer {other} is not supported; expected ByteLevel, Split, Digits or a Sequence of them.");
        }
    }

    private static PreTokenizer Split(JsonNode node)
    {
        string pattern = node["pattern"]?["Regex"]?.GetValue<string>()
            ?? (node["pattern"]?["String"]?.GetValue<string>() is string literal ? Regex.Escape(literal)
            : throw new FormatException("A Split pre-tokenizer has no pattern; expected {\"Regex\": ...} or {\"String\": ...}."));
        string behavior = node["behavior"]?.GetValue<string>() ?? "";
        PreTokenizer splitter = PreTokenizer.FromPattern(pattern);
        bool isolates = behavior == "Isolated";

        // A published pattern leaves nothing unmatched, so that removing what it does not match removes nothing.
        bool keepsMatches = behavior == "Removed" && Flag(node, "invert") && splitter is not RegexPreTokenizer;
        return isolates || keepsMatches
            ? splitter
            : throw new FormatException($"A Split pre-tokenizer has the behavior \"{behavior}\", which is not supported; expected \"Isolated\".");
    }

    private static PreTokenizer Combine(PreTokenizer[] steps) => steps.Length switch
    {
        0 => PreTokenizer.None,
        1 => steps[0],
        _ => new SequencePreTokenizer(steps),
    };

    /// <summary>The token that a template puts before the text, if it begins with one.</summary>
    private static int? BeginOfText(JsonNode? node)
    {
        if (Type(node) == "Sequence")
        {
            return (node!["processors"] as JsonArray)?.Select(BeginOfText).FirstOrDefault(id => id is not null);
        }
        if (Type(node) != "TemplateProcessing")
        {
            return null;
        }
        JsonNode? first = (node!["single"] as JsonArray)?.FirstOrDefault();
        string? name = first?["SpecialToken"]?["id"]?.GetValue<string>();
        return name is null ? null : (node["special_tokens"]?[name]?["ids"] as JsonArray)?.FirstOrDefault()?.GetValue<int>();
    }

    private static string? Type(JsonNode? node) => node is null ? null : node["type"]?.GetValue<string>() ?? "without a type";

    private static bool Flag(JsonNode node, string name, bool whenAbsent = false) => node[name]?.GetValue<bool>() ?? whenAbsent;
}
