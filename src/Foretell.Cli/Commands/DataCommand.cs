using System.CommandLine;

namespace Foretell.Cli.Commands;

/// <summary>foretell data: text to token shards, a look at what training reads from them, and problems whose answers can be checked.</summary>
internal static class DataCommand
{
    /// <summary>The folder beside token shards that holds their tokenizer.</summary>
    public const string TokenizerFolder = "tokenizer";

    public static Command Create() => new("data", "Tokenize a corpus once, look at its batches token by token, and write problems with checkable answers and questions of doubt.")
    {
        DataPrepareCommand.Create(),
        DataShowCommand.Create(),
        DataProblemsCommand.Create(),
        DataDoubtCommand.Create(),
        DataPreferencesCommand.Create(),
    };

    /// <summary>The option that names a corpus.</summary>
    public static Option<string[]> Text() => new("--text") { Description = "Files, folders or globs: .txt, .jsonl, either with .gz.", AllowMultipleArgumentsPerToken = true };

    /// <summary>The option that names a .jsonl line's field.</summary>
    public static Option<string> Field() => new("--field") { Description = "The field of a .jsonl line that holds the text.", DefaultValueFactory = _ => "text" };
}
