using System.Text.Json;

namespace Foretell.Data;

/// <summary><see cref="ShardManifest"/> to manifest.json and back.</summary>
internal static class ManifestJson
{
    public static byte[] Write(ShardManifest manifest)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("formatVersion", manifest.FormatVersion);
            json.WriteString("identity", manifest.Identity);
            json.WriteStartObject("tokenizer");
            json.WriteString("fingerprint", manifest.TokenizerFingerprint);
            json.WriteNumber("vocabularySize", manifest.VocabularySize);
            if (manifest.EndOfTextId is int endOfTextId)
            {
                json.WriteNumber("endOfTextId", endOfTextId);
            }
            else
            {
                json.WriteNull("endOfTextId");
            }
            json.WriteEndObject();
            json.WriteStartObject("corpus");
            json.WriteString("textField", manifest.Corpus.TextField);
            json.WriteString("endOfTextMarker", manifest.Corpus.EndOfTextMarker);
            json.WriteBoolean("allowBytes", manifest.Corpus.AllowBytes);
            json.WriteNumber("pieceBytes", manifest.Corpus.PieceBytes);
            json.WriteEndObject();
            json.WriteStartObject("split");
            json.WriteString("mode", manifest.Options.Split.ToString());
            json.WriteNumber("validationShare", manifest.Options.ValidationShare);
            json.WriteNumber("seed", manifest.Options.SplitSeed);
            json.WriteEndObject();
            json.WriteStartArray("inputs");
            foreach (InputFile input in manifest.Inputs)
            {
                json.WriteStartObject();
                json.WriteString("name", input.Name);
                json.WriteString("format", input.Format.ToString());
                json.WriteNumber("bytes", input.Bytes);
                json.WriteString("sha256", input.Sha256);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteString("dataFolder", manifest.DataFolder);
            json.WriteNumber("bytesPerToken", manifest.BytesPerToken);
            json.WriteNumber("shardTokens", manifest.Options.ShardTokens);
            json.WriteStartArray("shards");
            foreach (ShardFile shard in manifest.Shards)
            {
                WriteFile(json, shard);
            }
            json.WriteEndArray();
            WriteSplit(json, "train", manifest.Train);
            WriteSplit(json, "validation", manifest.Validation);
            json.WriteEndObject();
        }
        return bytes.ToArray();
    }

    /// <exception cref="TokenShardException">It is not a manifest that this version reads.</exception>
    public static ShardManifest Read(byte[] json, string path)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement root = document.RootElement;
            int version = root.GetProperty("formatVersion").GetInt32();
            return version == ShardManifest.CurrentFormatVersion
                ? Read(root)
                : throw new TokenShardException(FormattableString.Invariant($"{path} has format version {version}, and this program reads version {ShardManifest.CurrentFormatVersion}; prepare the data again."));
        }
        catch (Exception wrong) when (wrong is JsonException or KeyNotFoundException or InvalidOperationException or ArgumentException || wrong.GetType() == typeof(FormatException))
        {
            throw new TokenShardException($"{path} is not a manifest of token shards ({wrong.Message.TrimEnd('.')}); prepare the data again.", wrong);
        }
    }

    private static ShardManifest Read(JsonElement root)
    {
        JsonElement tokenizer = root.GetProperty("tokenizer"), corpus = root.GetProperty("corpus"), split = root.GetProperty("split");
        JsonElement endOfTextId = tokenizer.GetProperty("endOfTextId");
        return new ShardManifest
        {
            Identity = Text(root, "identity"),
            TokenizerFingerprint = Text(tokenizer, "fingerprint"),
            VocabularySize = tokenizer.GetProperty("vocabularySize").GetInt32(),
            EndOfTextId = endOfTextId.ValueKind == JsonValueKind.Null ? null : endOfTextId.GetInt32(),
            Corpus = new CorpusOptions
            {
                TextField = Text(corpus, "textField"),
                EndOfTextMarker = Text(corpus, "endOfTextMarker"),
                AllowBytes = corpus.GetProperty("allowBytes").GetBoolean(),
                PieceBytes = corpus.GetProperty("pieceBytes").GetInt32(),
            },
            Options = new ShardOptions
            {
                Split = Enum.Parse<SplitMode>(Text(split, "mode")),
                ValidationShare = split.GetProperty("validationShare").GetDouble(),
                SplitSeed = split.GetProperty("seed").GetUInt64(),
                ShardTokens = root.GetProperty("shardTokens").GetInt64(),
            },
            Inputs = [.. root.GetProperty("inputs").EnumerateArray().Select(input => new InputFile(
                Text(input, "name"), Enum.Parse<CorpusFormat>(Text(input, "format")), input.GetProperty("bytes").GetInt64(), Text(input, "sha256")))],
            DataFolder = Text(root, "dataFolder"),
            BytesPerToken = root.GetProperty("bytesPerToken").GetInt32(),
            Shards = [.. root.GetProperty("shards").EnumerateArray().Select(ReadFile)],
            Train = ReadSplit(root.GetProperty("train")),
            Validation = ReadSplit(root.GetProperty("validation")),
        };
    }

    private static void WriteSplit(Utf8JsonWriter json, string name, SplitSize split)
    {
        json.WriteStartObject(name);
        json.WriteNumber("documents", split.Documents);
        json.WriteNumber("tokens", split.Tokens);
        json.WriteNumber("bytes", split.Bytes);
        json.WritePropertyName("index");
        WriteFile(json, split.Index);
        json.WriteEndObject();
    }

    private static SplitSize ReadSplit(JsonElement split) => new(
        split.GetProperty("documents").GetInt64(), split.GetProperty("tokens").GetInt64(), split.GetProperty("bytes").GetInt64(), ReadFile(split.GetProperty("index")));

    private static void WriteFile(Utf8JsonWriter json, ShardFile file)
    {
        json.WriteStartObject();
        json.WriteString("name", file.Name);
        json.WriteNumber("bytes", file.Bytes);
        json.WriteString("sha256", file.Sha256);
        json.WriteEndObject();
    }

    private static ShardFile ReadFile(JsonElement file) => new(Text(file, "name"), file.GetProperty("bytes").GetInt64(), Text(file, "sha256"));

    private static string Text(JsonElement element, string name) =>
        element.GetProperty(name).GetString() ?? throw new JsonException($"\"{name}\" is null");
}
