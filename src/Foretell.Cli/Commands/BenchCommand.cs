using System.CommandLine;

namespace Foretell.Cli.Commands;

/// <summary>foretell bench: how fast this machine does what.</summary>
internal static class BenchCommand
{
    public static Command Create() => new("bench", "Measure the speed of matrix products, attention, training, tokenizing, generation, constrained output and serving on this machine.")
    {
        BenchMatrixCommand.Create(),
        BenchAttentionCommand.Create(),
        BenchTrainCommand.Create(),
        BenchTokenizeCommand.Create(),
        BenchGenerateCommand.Create(),
        BenchGrammarCommand.Create(),
        BenchServeCommand.Create(),
        BenchSoakCommand.Create(),
    };

    /// <summary>The middle one; of an even number, the larger of the two in the middle.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }
}
