using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Foretell.Tokenizers;

public static partial class TokenizerJson
{
    /// <summary>Writes tokenizer.json, and a tokenizer_config.json for transformers where there is none.</summary>
    internal static void Save(BytePairEncoding tokenizer, string folder) => Save(folder, tokenizer.EndOfTextId, tokenizer.AddedTokens, json =>
    {
        WriteTypeOrNull(json, "normalizer", tokenizer.Normalization == TextNormalization.Nfc ? "NFC" : null);
        WritePreTokenizer(json, tokenizer.PreTokenizer);
        json.WritePropertyName("post_processor");
        json.WriteRawValue(tokenizer.Rules.PostProcessorJson ?? """{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false,"use_regex":false}""");
        json.WritePropertyName("decoder");
        WriteByteLevel(json);

        WriteModelStart(json, byteFallback: false, tokenizer.Rules.IgnoresMerges);
        Dictionary<int, string> added = tokenizer.AddedTokens.ToDictionary(token => token.Id, token => token.Content);
        json.WriteStartObject("vocab");
        for (int id = 0; id < tokenizer.Tokens.Count; id++)
        {
            if (tokenizer.Tokens.Contains(id))
            {
                json.WriteNumber(added.TryGetValue(id, out string? content) ? content : ByteAlphabet.Spell(tokenizer.Tokens[id]), id);
            }
        }
        json.WriteEndObject();
        json.WriteStartArray("merges");
        foreach (Merge merge in tokenizer.Merges.InOrder)
        {
            json.WriteStringValue($"{ByteAlphabet.Spell(tokenizer.Tokens[merge.Left])} {ByteAlphabet.Spell(tokenizer.Tokens[merge.Right])}");
        }
        json.WriteEndArray();
        json.WriteEndObject();
    });

    /// <summary>Writes a vocabulary of characters with byte fallback and no merges.</summary>
    internal static void Save(string folder, IEnumerable<(string Spelling, int Id)> vocabulary, IReadOnlyList<AddedToken> added) =>
        Save(folder, EndOfText.Find(added), added, json =>
        {
            json.WriteNull("normalizer");
            json.WriteNull("pre_tokenizer");
            json.WriteNull("post_processor");
            json.WritePropertyName("decoder");
            json.WriteRawValue("""{"type":"Sequence","decoders":[{"type":"ByteFallback"},{"type":"Fuse"}]}""");
            WriteModelStart(json, byteFallback: true, ignoresMerges: false);
            json.WriteStartObject("vocab");
            foreach ((string spelling, int id) in vocabulary)
            {
                json.WriteNumber(spelling, id);
            }
            json.WriteEndObject();
            json.WriteStartArray("merges");
            json.WriteEndArray();
            json.WriteEndObject();
        });

    /// <summary>Writes SentencePiece's pieces with the merges that make them.</summary>
    internal static void Save(SentencePieceEncoding tokenizer, string folder) =>
        Save(folder, tokenizer.EndOfTextId, tokenizer.Rules.AddedTokens, json =>
        {
            SentencePieceRules rules = tokenizer.Rules;
            const string Replace = """{"type":"Replace","pattern":{"String":" "},"content":"▁"}""";
            json.WritePropertyName("normalizer");
            json.WriteRawValue(rules.Prefix == SpacePrefix.Never
                ? Replace
                : $$"""{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{{Replace}}]}""");
            json.WriteNull("pre_tokenizer");
            json.WritePropertyName("post_processor");
            json.WriteRawValue(BeginTemplate(rules.AddedTokens, rules.BeginOfTextId) ?? "null");
            json.WritePropertyName("decoder");
            string strip = rules.Prefix == SpacePrefix.Never ? "" : """,{"type":"Strip","content":" ","start":1,"stop":0}""";
            json.WriteRawValue($$"""{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"}{{strip}}]}""");
            WriteModelStart(json, byteFallback: true, ignoresMerges: false);
            json.WriteStartObject("vocab");
            for (int id = 0; id < tokenizer.Pieces.Count; id++)
            {
                if (tokenizer.Pieces.Contains(id))
                {
                    json.WriteNumber(tokenizer.Pieces[id], id);
                }
            }
            json.WriteEndObject();
            json.WriteStartArray("merges");
            foreach (Merge merge in tokenizer.Merges.InOrder)
            {
                json.WriteStringValue((byte[])[.. tokenizer.Pieces[merge.Left], (byte)' ', .. tokenizer.Pieces[merge.Right]]);
            }
            json.WriteEndArray();
            json.WriteEndObject();
        });

    /// <summary>The post_processor that puts a token before texts, or null where there is none to put.</summary>
    internal static string? BeginTemplate(IReadOnlyList<AddedToken> added, int? beginOfTextId)
    {
        if (added.FirstOrDefault(token => token.Id == beginOfTextId) is not AddedToken begin)
        {
            return null;
        }
        static JsonObject Special(AddedToken token, int type) => new() { ["SpecialToken"] = new JsonObject { ["id"] = token.Content, ["type_id"] = type } };
        static JsonObject Sequence(string name, int type) => new() { ["Sequence"] = new JsonObject { ["id"] = name, ["type_id"] = type } };
        var template = new JsonObject
        {
            ["type"] = "TemplateProcessing",
            ["single"] = new JsonArray(Special(begin, 0), Sequence("A", 0)),
            ["pair"] = new JsonArray(Special(begin, 0), Sequence("A", 0), Special(begin, 1), Sequence("B", 1)),
            ["special_tokens"] = new JsonObject
            {
                [begin.Content] = new JsonObject { ["id"] = begin.Content, ["ids"] = new JsonArray(begin.Id), ["tokens"] = new JsonArray(begin.Content) },
            },
        };
        return template.ToJsonString(s_relaxed);
    }

    private static readonly JsonSerializerOptions s_relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static void Save(string folder, int? endOfText, IReadOnlyList<AddedToken> added, Action<Utf8JsonWriter> writeRest)
    {
        Directory.CreateDirectory(folder);
        WriteFile(Path.Combine(folder, TokenizerFiles.JsonName), json =>
        {
            json.WriteString("version", "1.0");
            json.WriteNull("truncation");
            json.WriteNull("padding");
            json.WriteStartArray("added_tokens");
            foreach (AddedToken token in added)
            {
                json.WriteStartObject();
                json.WriteNumber("id", token.Id);
                json.WriteString("content", token.Content);
                json.WriteBoolean("single_word", false);
                json.WriteBoolean("lstrip", token.StripsLeft);
                json.WriteBoolean("rstrip", token.StripsRight);
                json.WriteBoolean("normalized", false);
                json.WriteBoolean("special", token.IsSpecial);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            writeRest(json);
        });

        string config = Path.Combine(folder, "tokenizer_config.json");
        if (!File.Exists(config))
        {
            WriteFile(config, json =>
            {
                json.WriteString("tokenizer_class", "PreTrainedTokenizerFast");
                json.WriteBoolean("clean_up_tokenization_spaces", false);
                if (added.FirstOrDefault(token => token.Id == endOfText) is AddedToken token)
                {
                    json.WriteString("eos_token", token.Content);
                }
            });
        }
    }

    private static void WriteModelStart(Utf8JsonWriter json, bool byteFallback, bool ignoresMerges)
    {
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        json.WriteNull("dropout");
        json.WriteNull("unk_token");
        json.WriteNull("continuing_subword_prefix");
        json.WriteNull("end_of_word_suffix");
        json.WriteBoolean("fuse_unk", false);
        json.WriteBoolean("byte_fallback", byteFallback);
        json.WriteBoolean("ignore_merges", ignoresMerges);
    }

    private static void WriteTypeOrNull(Utf8JsonWriter json, string name, string? type)
    {
        json.WritePropertyName(name);
        if (type is null)
        {
            json.WriteNullValue();
            return;
        }
        json.WriteStartObject();
        json.WriteString("type", type);
        json.WriteEndObject();
    }

    private static void WritePreTokenizer(Utf8JsonWriter json, PreTokenizer preTokenizer)
    {
        json.WriteStartObject("pre_tokenizer");
        json.WriteString("type", "Sequence");
        json.WriteStartArray("pretokenizers");
        foreach (PreTokenizer step in preTokenizer.Steps.Where(step => step.Pattern.Length > 0))
        {
            json.WriteStartObject();
            json.WriteString("type", "Split");
            json.WriteStartObject("pattern");
            json.WriteString("Regex", step.Pattern);
            json.WriteEndObject();
            json.WriteString("behavior", "Isolated");
            json.WriteBoolean("invert", false);
            json.WriteEndObject();
        }
        WriteByteLevel(json);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteByteLevel(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "ByteLevel");
        json.WriteBoolean("add_prefix_space", false);
        json.WriteBoolean("trim_offsets", false);
        json.WriteBoolean("use_regex", false);
        json.WriteEndObject();
    }

    private static void WriteFile(string path, Action<Utf8JsonWriter> write) => WriteWhole(path, file =>
    {
        using var json = new Utf8JsonWriter(file, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        write(json);
        json.WriteEndObject();
    });

    /// <summary>Writes beside, flushes and renames, so that a reader never meets half a file.</summary>
    internal static void WriteWhole(string path, Action<Stream> write)
    {
        string beside = path + ".partial";
        using (var file = new FileStream(beside, FileMode.Create, FileAccess.Write))
        {
            write(file);
            file.Flush(flushToDisk: true);
        }
        File.Move(beside, path, overwrite: true);
    }
}
