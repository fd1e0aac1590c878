using System.Diagnostics;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace Foretell.Cli.Tests;

/// <summary><c>foretell serve</c> as a process of its own on a free port, and a client for it.</summary>
internal sealed class ServedProcess : IDisposable
{
    private const string Greeting = "Foretell listens at ";

    private readonly Process _process;

    private ServedProcess(Process process, Uri address)
    {
        _process = process;
        Client = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromMinutes(2) };
    }

    public HttpClient Client { get; }

    public static async Task<ServedProcess> StartAsync(string model, string data, params string[] more)
    {
        Process process = ForetellProcess.Start(["serve", "--model", $"tiny={model}", "--urls", "http://127.0.0.1:0", "--data", data, "--threads", "1", .. more]);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        while (await process.StandardOutput.ReadLineAsync() is string line)
        {
            if (line.StartsWith(Greeting, StringComparison.Ordinal))
            {
                // Read on, so that the program never waits for us.
                _ = process.StandardOutput.ReadToEndAsync();
                return new ServedProcess(process, new Uri(line[Greeting.Length..].Split(',')[0]));
            }
        }
        Assert.Fail("foretell serve ended: " + await errors);
        return null!;
    }

    /// <summary>Uploads a file.</summary>
    /// <returns>Its identifier when the server acknowledged it; null when it was refused.</returns>
    public async Task<string?> UploadAsync(byte[] bytes, string name, string purpose)
    {
        using var form = new MultipartFormDataContent { { new StringContent(purpose), "purpose" }, { new ByteArrayContent(bytes), "file", name } };
        using HttpResponseMessage response = await Client.PostAsync("/v1/files", form);
        return response.IsSuccessStatusCode ? (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString() : null;
    }

    public async Task<(int Status, JsonElement Body)> PostAsync(string path, string json)
    {
        using HttpResponseMessage response = await Client.PostAsync(path, new StringContent(json, Encoding.UTF8, "application/json"));
        return ((int)response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>());
    }

    public Task<JsonElement> GetAsync(string path) => Client.GetFromJsonAsync<JsonElement>(path);

    /// <summary>Waits until a job is over, or has come to a step.</summary>
    public async Task<JsonElement> WaitAsync(string job, long? step = null)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        while (true)
        {
            JsonElement found = await GetAsync($"/v1/fine_tuning/jobs/{job}");
            if (found.GetProperty("status").GetString() is "succeeded" or "failed" or "cancelled" || (step is long wanted && await StepAsync(job) >= wanted))
            {
                return found;
            }
            await Task.Delay(10, limit.Token);
        }
    }

    /// <summary>SIGKILL: nothing in the process hears of it.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Kill();
        }
        _process.Dispose();
        Client.Dispose();
    }

    private async Task<long> StepAsync(string job)
    {
        JsonElement events = await GetAsync($"/v1/fine_tuning/jobs/{job}/events?limit=20");
        return events.GetProperty("data").EnumerateArray().Where(one => one.GetProperty("type").GetString() == "metrics").Select(one => one.GetProperty("data").GetProperty("step").GetInt64()).FirstOrDefault();
    }
}
