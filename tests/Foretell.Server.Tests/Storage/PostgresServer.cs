using System.Diagnostics;
using Npgsql;

namespace Foretell.Server.Tests.Storage;

/// <summary>A PostgreSQL server of the tests' own, where one is installed: in a temporary folder, on a Unix socket, gone at the end.</summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("foretell-pg-").FullName;
    private Process? _server;

    /// <summary>Why there is none; null when there is one.</summary>
    public string? Missing { get; private set; }

    public async ValueTask InitializeAsync()
    {
        if (OperatingSystem.IsWindows() || Program("initdb") is not string initdb || Program("postgres") is not string postgres)
        {
            Missing = "needs PostgreSQL's initdb and postgres installed";
            return;
        }
        // It refuses to run as root, and needs a user of the system's own.
        string[] user = [];
        if (Environment.IsPrivilegedProcess)
        {
            if (Program("setpriv") is not string setpriv || await RunAsync("/usr/bin/id", "postgres") != 0)
            {
                Missing = "PostgreSQL does not run as root, and there is no user postgres to run it as";
                return;
            }
            await RunAsync("chown", "postgres", _folder);
            user = [setpriv, "--reuid=postgres", "--regid=postgres", "--clear-groups"];
        }
        string data = Path.Combine(_folder, "data");
        string[] initialize = [.. user, initdb, "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8"];
        Assert.Equal(0, await RunAsync(initialize[0], initialize[1..]));
        string[] serve = [.. user, postgres, "-D", data, "-k", _folder, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "shared_buffers=16MB", "-c", "max_connections=50"];
        _server = Start(serve[0], serve[1..]);
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                await using NpgsqlConnection connection = new(ConnectionString("postgres"));
                await connection.OpenAsync();
                return;
            }
            catch (NpgsqlException) when (attempt < 200 && !_server.HasExited)
            {
                await Task.Delay(50);
            }
        }
    }

    /// <summary>The connection string of a new, empty database; skips the test where there is no server.</summary>
    public async Task<string> NewDatabaseAsync()
    {
        if (Missing is not null)
        {
            Assert.Skip(Missing);
        }
        string name = "t" + Guid.NewGuid().ToString("N");
        await using NpgsqlConnection connection = new(ConnectionString("postgres"));
        await connection.OpenAsync();
        await using NpgsqlCommand command = new($"CREATE DATABASE {name}", connection);
        await command.ExecuteNonQueryAsync();
        return ConnectionString(name);
    }

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        if (_server is { HasExited: false })
        {
            await RunAsync("/bin/kill", "-QUIT", _server.Id.ToString());
            await _server.WaitForExitAsync();
        }
        _server?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string ConnectionString(string database) => $"Host={_folder};Username=tester;Database={database}";

    private static string? Program(string name)
    {
        IEnumerable<string> folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        if (Directory.Exists("/usr/lib/postgresql"))
        {
            folders = folders.Concat(Directory.EnumerateDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin")));
        }
        return folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
    }

    private static Process Start(string program, params string[] arguments) => Process.Start(new ProcessStartInfo(program, arguments)
    {
        WorkingDirectory = "/",
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    private static async Task<int> RunAsync(string program, params string[] arguments)
    {
        using Process process = Start(program, arguments);
        Task output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        await Task.WhenAll(output, errors, process.WaitForExitAsync());
        return process.ExitCode;
    }
}
