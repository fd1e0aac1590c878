using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography;

namespace Foretell.Server.Tests;

/// <summary>Clients from npm against a started server; skipped with the reason where node or the registry is missing.</summary>
public sealed class JavaScriptClientTests
{
    private static readonly SemaphoreSlim s_installing = new(1);

    [Theory]
    [InlineData("openai.mjs")]
    [InlineData("vercel.mjs")]
    public async Task Script_AgainstAStartedServer_FindsWhatItExpects(string script)
    {
        string folder = await InstallAsync();
        await using RunningServer server = await RunningServer.StartAsync();
        (int code, string output) = await RunAsync("node", [script, server.Address.ToString()], folder, TimeSpan.FromMinutes(3));
        Assert.True(code == 0, output);
        Assert.Contains(": ok", output, StringComparison.Ordinal);
    }

    /// <summary>The folder with the scripts and their packages, installed once for each lock file.</summary>
    private static async Task<string> InstallAsync()
    {
        DirectoryInfo? root = new(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "Foretell.slnx")))
        {
            root = root.Parent;
        }
        Assert.SkipWhen(root is null, "not run from inside a checkout");
        string sources = Path.Combine(root!.FullName, "tests", "Foretell.Server.Tests", "clients");
        string lockFile = Path.Combine(sources, "package-lock.json");
        string hash = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(lockFile)))[..12];
        string folder = Path.Combine(root.FullName, "artifacts", "clients", hash);
        await s_installing.WaitAsync();
        try
        {
            Directory.CreateDirectory(folder);
            foreach (string file in Directory.EnumerateFiles(sources))
            {
                File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
            }
            string installed = Path.Combine(folder, "installed");
            if (!File.Exists(installed))
            {
                (int code, string output) = await RunAsync("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], folder, TimeSpan.FromMinutes(3));
                Assert.SkipWhen(code != 0, $"npm cannot install the clients here: {output.Trim().Split('\n')[^1]}");
                await File.WriteAllTextAsync(installed, "");
            }
        }
        finally
        {
            s_installing.Release();
        }
        return folder;
    }

    private static async Task<(int Code, string Output)> RunAsync(string program, string[] arguments, string folder, TimeSpan limit)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception)
        {
            Assert.Skip($"needs {program}");
            throw;
        }
        using (process)
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            Task<string> error = process.StandardError.ReadToEndAsync();
            using var late = new CancellationTokenSource(limit);
            try
            {
                await process.WaitForExitAsync(late.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                return (-1, $"{program} was not done within {limit}.\n" + await output + await error);
            }
            return (process.ExitCode, await output + await error);
        }
    }
}
