using Foretell.Tensors.Files;
using Foretell.Tokenizers;

namespace Foretell.Models.Files;

/// <summary>The tokenizer in the metadata of a GGUF file.</summary>
internal static class GgufTokenizer
{
    private const string Prefix = "tokenizer.ggml.";
    public const string ChatTemplate = "tokenizer.chat_template";

    /// <exception cref="InvalidDataException">There is no tokenizer, or a key is of another type than it should be.</exception>
    public static GgmlVocabulary Read(GgufFile file)
    {
        GgufMetadata metadata = file.Metadata;
        int? Id(string name) => (int?)metadata.Integer(Prefix + name);
        return new GgmlVocabulary
        {
            Model = metadata.Text(Prefix + "model") ?? throw new InvalidDataException($"{file.Path}: there is no tokenizer (the metadata \"{Prefix}model\" is missing)."),
            Pre = metadata.Text(Prefix + "pre"),
            Tokens = metadata.List<string>(Prefix + "tokens") ?? throw new InvalidDataException($"{file.Path}: the metadata \"{Prefix}tokens\" is missing."),
            Types = metadata.List<int>(Prefix + "token_type"),
            Scores = metadata.List<float>(Prefix + "scores"),
            Merges = metadata.List<string>(Prefix + "merges"),
            BeginId = Id("bos_token_id"),
            EndId = Id("eos_token_id"),
            EndOfTurnId = Id("eot_token_id"),
            EndOfMessageId = Id("eom_token_id"),
            UnknownId = Id("unknown_token_id"),
            PaddingId = Id("padding_token_id"),
            AddsBegin = metadata.Flag(Prefix + "add_bos_token"),
            AddsSpacePrefix = metadata.Flag(Prefix + "add_space_prefix"),
        };
    }

    /// <summary>Adds the keys that say all of <paramref name="vocabulary"/>.</summary>
    public static void Write(GgmlVocabulary vocabulary, GgufMetadata metadata)
    {
        void AddId(string name, int? id)
        {
            if (id is int given)
            {
                metadata.Add(Prefix + name, (uint)given);
            }
        }
        metadata.Add(Prefix + "model", vocabulary.Model)
            .Add(Prefix + "pre", vocabulary.Pre ?? "default")
            .Add(Prefix + "tokens", vocabulary.Tokens.ToArray());
        if (vocabulary.Scores is not null)
        {
            metadata.Add(Prefix + "scores", vocabulary.Scores.ToArray());
        }
        if (vocabulary.Types is not null)
        {
            metadata.Add(Prefix + "token_type", vocabulary.Types.ToArray());
        }
        if (vocabulary.Merges is not null)
        {
            metadata.Add(Prefix + "merges", vocabulary.Merges.ToArray());
        }
        AddId("bos_token_id", vocabulary.BeginId);
        AddId("eos_token_id", vocabulary.EndId);
        AddId("eot_token_id", vocabulary.EndOfTurnId);
        AddId("eom_token_id", vocabulary.EndOfMessageId);
        AddId("unknown_token_id", vocabulary.UnknownId);
        AddId("padding_token_id", vocabulary.PaddingId);
        if (vocabulary.AddsBegin is bool addsBegin)
        {
            metadata.Add(Prefix + "add_bos_token", addsBegin);
        }
        if (vocabulary.AddsSpacePrefix is bool addsSpace)
        {
            metadata.Add(Prefix + "add_space_prefix", addsSpace);
        }
    }
}
