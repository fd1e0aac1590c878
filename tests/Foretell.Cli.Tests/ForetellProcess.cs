using System.Diagnostics;

namespace Foretell.Cli.Tests;

/// <summary>The built command line as a process of its own, as a user runs it.</summary>
internal static class ForetellProcess
{
    private static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "foretell.dll");

    public static Process Start(IReadOnlyList<string> arguments, string? under = null)
    {
        string dotnet = Environment.ProcessPath is string host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet";
        var start = new ProcessStartInfo { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        // The shell replaces itself by the program, so that the process is the program's own.
        start.FileName = under is null ? dotnet : "/bin/sh";
        foreach (string argument in (string[])[.. under is null ? (string[])[] : ["-c", under + "; exec \"$0\" \"$@\"", dotnet], Program, .. arguments])
        {
            start.ArgumentList.Add(argument);
        }
        return Process.Start(start)!;
    }

    /// <summary>Runs to the end, or until killed after <paramref name="killAfter"/>.</summary>
    /// <returns>The exit code, or null when it was killed, and what it printed.</returns>
    public static (int? Exit, string Output, string Error) Run(IReadOnlyList<string> arguments, TimeSpan? killAfter = null, string? under = null)
    {
        using Process process = Start(arguments, under);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        bool ended = process.WaitForExit(killAfter ?? TimeSpan.FromMinutes(3));
        if (!ended)
        {
            process.Kill();
            process.WaitForExit();
            Assert.True(killAfter is not null, "foretell did not come to an end in three minutes");
        }
        string text = output.GetAwaiter().GetResult();
        return (ended ? process.ExitCode : null, text, error.GetAwaiter().GetResult());
    }
}
