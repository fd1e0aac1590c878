using System.Diagnostics;

namespace Foretell.Cli;

/// <summary>
/// How long work goes, on the error output: one line that is written over in a terminal, now and then a line where the output goes to a file.
/// </summary>
internal sealed class StatusLine : IDisposable
{
    private static readonly TimeSpan s_inTerminal = TimeSpan.FromSeconds(0.2);
    private static readonly TimeSpan s_inFile = TimeSpan.FromSeconds(10);

    private readonly bool _overwrites = !Console.IsErrorRedirected;
    private long _last = Stopwatch.GetTimestamp();
    private int _width;

    /// <summary>Shows a text, unless the last one is too recent.</summary>
    public void Show(Func<string> text)
    {
        if (Stopwatch.GetElapsedTime(_last) < (_overwrites ? s_inTerminal : s_inFile))
        {
            return;
        }
        _last = Stopwatch.GetTimestamp();
        string line = text();
        if (_overwrites)
        {
            Console.Error.Write("\r" + line.PadRight(_width));
            _width = line.Length;
        }
        else
        {
            Console.Error.WriteLine(line);
        }
    }

    /// <summary>The time to go when <paramref name="done"/> of <paramref name="total"/> took <paramref name="elapsed"/>.</summary>
    public static string Remaining(TimeSpan elapsed, double done, double total)
    {
        double seconds = done > 0 ? elapsed.TotalSeconds * (total - done) / done : 0;
        return seconds < 100 ? FormattableString.Invariant($"{seconds:F0} s left") : FormattableString.Invariant($"{seconds / 60:F1} min left");
    }

    public void Dispose()
    {
        if (_overwrites && _width > 0)
        {
            Console.Error.Write("\r" + new string(' ', _width) + "\r");
        }
    }
}
