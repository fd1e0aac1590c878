using System.ComponentModel;
using System.Diagnostics;
using Foretell.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Hosting;

namespace Foretell.Cli.Quickstarting;

/// <summary>Serves models on this machine alone and opens the chat page on them, until interrupted.</summary>
internal static class ChatPage
{
    private const string Address = "http://127.0.0.1:8080", AnyAddress = "http://127.0.0.1:0";

    public static int Serve(IReadOnlyDictionary<string, string> models, string folder, int threads, CancellationToken cancellation)
    {
        var options = new ServerOptions { Models = models, DataFolder = Path.Combine(folder, "server"), RunsFolder = folder, Threads = threads, Urls = Address };
        return ServeAsync(options, cancellation).GetAwaiter().GetResult();
    }

    private static async Task<int> ServeAsync(ServerOptions options, CancellationToken cancellation)
    {
        WebApplication app = ForetellServer.Build(options);
        try
        {
            await app.StartAsync(cancellation);
        }
        // Another server has the port; any other will do.
        catch (IOException)
        {
            await app.DisposeAsync();
            app = ForetellServer.Build(options with { Urls = AnyAddress });
            await app.StartAsync(cancellation);
        }
        await using (app)
        {
            string address = app.Urls.First();
            Console.WriteLine($"\n== Talk to it: {address} (Ctrl-C ends it)");
            Open(address);
            await app.WaitForShutdownAsync(cancellation);
        }
        return 0;
    }

    /// <summary>In the person's browser, where there is one.</summary>
    private static void Open(string address)
    {
        if (Console.IsInputRedirected || (OperatingSystem.IsLinux() && Environment.GetEnvironmentVariable("DISPLAY") is null && Environment.GetEnvironmentVariable("WAYLAND_DISPLAY") is null))
        {
            return;
        }
        try
        {
            using Process? opened = Process.Start(new ProcessStartInfo(address) { UseShellExecute = true });
        }
        catch (Exception error) when (error is Win32Exception or PlatformNotSupportedException or FileNotFoundException)
        {
            // Without a browser the address stands above all the same.
        }
    }
}
