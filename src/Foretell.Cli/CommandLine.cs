using System.CommandLine;
using Foretell.Data;
using Foretell.Training;

namespace Foretell.Cli;

/// <summary>What all commands share: one clear sentence on bad input, exit codes, Ctrl-C.</summary>
internal static class CommandLine
{
    /// <summary>Bad input: the user can mend it.</summary>
    public const int BadInput = 2;

    /// <summary>Stopped by Ctrl-C, as shells report it.</summary>
    public const int Interrupted = 130;

    /// <summary>Parses, runs and turns what commands throw at bad input into a sentence on the error output.</summary>
    public static int Run(RootCommand root, string[] args)
    {
        ParseResult result = root.Parse(args);
        if (result.Errors.Count > 0)
        {
            foreach (System.CommandLine.Parsing.ParseError error in result.Errors)
            {
                Console.Error.WriteLine(error.Message);
            }
            Console.Error.WriteLine($"foretell {string.Concat(Names(result.CommandResult))}--help shows how it is used.".Replace("foretell foretell", "foretell", StringComparison.Ordinal));
            return BadInput;
        }
        try
        {
            return result.Invoke(new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                // Commands end themselves on signals: a server first lets the answers end that it is writing.
                ProcessTerminationTimeout = null,
            });
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("Stopped.");
            return Interrupted;
        }
        catch (Exception error) when (IsInput(error))
        {
            Console.Error.WriteLine(Sentence(error));
            return BadInput;
        }
    }

    /// <summary>The message without what .NET appends to it for programmers.</summary>
    private static string Sentence(Exception error) => error is ArgumentException { ParamName: string name }
        ? error.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal)
        : error.Message;

    /// <summary>A token that Ctrl-C (and SIGTERM) cancels; the second Ctrl-C ends the process.</summary>
    public static CancellationToken CancelOnInterrupt()
    {
        var source = new CancellationTokenSource();
        Console.CancelKeyPress += (_, pressed) =>
        {
            pressed.Cancel = !source.IsCancellationRequested;
            source.Cancel();
        };
        // Kept for the life of the process: disposing the registration would end it.
        s_termination = System.Runtime.InteropServices.PosixSignalRegistration.Create(System.Runtime.InteropServices.PosixSignal.SIGTERM, signal =>
        {
            signal.Cancel = true;
            source.Cancel();
        });
        return source.Token;
    }

    private static System.Runtime.InteropServices.PosixSignalRegistration? s_termination;

    private static bool IsInput(Exception error) =>
        error is FormatException or InvalidDataException or ArgumentException or IOException or UnauthorizedAccessException or TrainingFailedException or InvalidOperationException or CorpusException;

    private static IEnumerable<string> Names(System.CommandLine.Parsing.SymbolResult? command)
    {
        var names = new Stack<string>();
        for (; command is System.CommandLine.Parsing.CommandResult result; command = command.Parent)
        {
            if (result.Command is not RootCommand)
            {
                names.Push(result.Command.Name + " ");
            }
        }
        return names;
    }
}
