using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json;
using Foretell.Tokenizers;

namespace Foretell.Cli.Commands;

/// <summary>foretell tokenizer decode: ids back to the exact bytes.</summary>
internal static class TokenizerDecodeCommand
{
    public static Command Create()
    {
        Option<string> tokenizerPath = TokenizerCommand.Tokenizer();
        var input = new Option<string>("--input") { Description = "A file, or - for the standard input: a JSON array of ids, or ids with white space between them.", Required = true };
        var command = new Command("decode", "Turn token ids back into the bytes that they stand for, with nothing added. Example: foretell tokenizer decode --tokenizer tokenizers/novels --input ids.json") { tokenizerPath, input };
        command.SetAction(result =>
        {
            Tokenizer tokenizer = TokenizerFiles.Load(result.GetValue(tokenizerPath)!);
            string path = result.GetValue(input)!;
            List<int> ids = Parse(InputBytes.Read(path), path == "-" ? "the standard input" : path, tokenizer.VocabularySize);
            byte[] bytes = tokenizer.DecodeBytes(CollectionsMarshal.AsSpan(ids), withSpecial: true);
            using Stream output = Console.OpenStandardOutput();
            output.Write(bytes);
        });
        return command;
    }

    /// <summary>The ids of a JSON array, or of numbers with white space between them.</summary>
    /// <param name="name">Of the input, for messages.</param>
    /// <exception cref="FormatException">Something is no id of the vocabulary; the message names the place.</exception>
    internal static List<int> Parse(ReadOnlySpan<byte> text, string name, int vocabularySize)
    {
        var ids = new List<int>();
        int first = text.IndexOfAnyExcept(" \t\r\n"u8);
        if (first < 0)
        {
            throw new FormatException($"{name} is empty; expected a JSON array of ids such as [15496, 995].");
        }
        if (text[first] != '[')
        {
            while ((first = text.IndexOfAnyExcept(" \t\r\n"u8)) >= 0)
            {
                text = text[first..];
                int end = text.IndexOfAny(" \t\r\n"u8);
                ReadOnlySpan<byte> word = end < 0 ? text : text[..end];
                Add(System.Buffers.Text.Utf8Parser.TryParse(word, out int id, out int used) && used == word.Length ? id : null);
                text = text[word.Length..];
            }
            return ids;
        }
        try
        {
            var reader = new Utf8JsonReader(text);
            reader.Read();
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                Add(reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out int id) ? id : null);
            }
            if (reader.Read())
            {
                throw new FormatException($"{name} goes on after its array; expected one JSON array of ids.");
            }
        }
        catch (JsonException error)
        {
            throw new FormatException($"{name} is not a JSON array of ids: line {error.LineNumber + 1} is malformed.");
        }
        return ids;

        void Add(int? id) => ids.Add(id is int known && (uint)known < (uint)vocabularySize
            ? known
            : throw new FormatException(FormattableString.Invariant($"{name}: entry {ids.Count + 1} is not an id of this tokenizer; ids are whole numbers from 0 to {vocabularySize - 1}.")));
    }
}
