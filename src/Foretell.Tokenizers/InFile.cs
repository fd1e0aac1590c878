using System.Text.Json;

namespace Foretell.Tokenizers;

/// <summary>Reads a file with messages that name it.</summary>
internal static class InFile
{
    public delegate T Parser<T>(ReadOnlySpan<byte> bytes);

    /// <exception cref="FormatException">What <paramref name="parse"/> found wrong, after the file's name.</exception>
    public static T Read<T>(string path, Parser<T> parse)
    {
        try
        {
            ReadOnlySpan<byte> bytes = File.ReadAllBytes(path);
            return parse(bytes.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes);
        }
        catch (FormatException error)
        {
            throw new FormatException($"{path}: {error.Message}", error);
        }
        catch (JsonException error)
        {
            throw new FormatException($"{path}: This is not valid JSON at line {error.LineNumber + 1}, byte {error.BytePositionInLine + 1}; the file may be cut short or damaged.", error);
        }
        catch (Exception error) when (error is InvalidOperationException or ArgumentException)
        {
            throw new FormatException($"{path}: A value is of the wrong JSON type or given twice ({error.Message}); expected a Hugging Face tokenizer.json.", error);
        }
    }
}
