using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace Foretell.Cli.Tests;

/// <summary>One run of the built command line, as its users run it: a process with its own standard streams.</summary>
/// <param name="ExitCode">0 when it went well.</param>
/// <param name="Output">Bytes on the standard output.</param>
/// <param name="Error">Text on the error output.</param>
internal sealed record CommandRun(int ExitCode, byte[] Output, string Error)
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    public string Text => Encoding.UTF8.GetString(Output);

    public JsonElement Json => JsonDocument.Parse(Output).RootElement;

    /// <summary>Runs and returns when the process has ended.</summary>
    public static CommandRun Of(params string[] arguments) => With([], arguments);

    /// <summary>Runs with bytes on the standard input.</summary>
    public static CommandRun With(byte[] input, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, StandardErrorEncoding = Encoding.UTF8 };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "foretell.dll"));
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        using var output = new MemoryStream();
        Task copying = process.StandardOutput.BaseStream.CopyToAsync(output);
        process.StandardInput.BaseStream.Write(input);
        process.StandardInput.Close();
        if (!process.WaitForExit(s_limit))
        {
            process.Kill();
            throw new TimeoutException($"foretell {string.Join(' ', arguments)} did not end.");
        }
        copying.GetAwaiter().GetResult();
        return new CommandRun(process.ExitCode, output.ToArray(), error.GetAwaiter().GetResult());
    }

    /// <summary>This run, having gone well.</summary>
    public CommandRun Succeeded()
    {
        Assert.True(ExitCode == 0, $"exit code {ExitCode}: {Error}");
        return this;
    }

    /// <summary>Checks that the input was refused with one line that holds <paramref name="part"/>, and nothing on the standard output.</summary>
    public void WasRefused(string part)
    {
        Assert.True(ExitCode == 2, $"exit code {ExitCode}: {Error}");
        Assert.Contains(part, Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", Error, StringComparison.Ordinal);
        Assert.Single(Error.TrimEnd('\n').Split('\n'));
        Assert.Empty(Output);
    }
}
