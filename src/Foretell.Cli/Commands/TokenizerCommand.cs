using System.CommandLine;

namespace Foretell.Cli.Commands;

/// <summary>foretell tokenizer: train, encode, decode.</summary>
internal static class TokenizerCommand
{
    public static Command Create() => new("tokenizer", "Train a tokenizer, turn text into token ids, and ids into text.")
    {
        TokenizerTrainCommand.Create(),
        TokenizerEncodeCommand.Create(),
        TokenizerDecodeCommand.Create(),
    };

    /// <summary>The option that names a tokenizer.</summary>
    public static Option<string> Tokenizer() => new("--tokenizer") { Description = "A tokenizer.json, vocab.json or .tiktoken file, or a folder that holds one.", Required = true };
}
