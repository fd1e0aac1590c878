using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using Foretell.Models;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tokenizers;

namespace Foretell.Cli.Tests;

public sealed class ServeCommandTests : IDisposable
{
    private const int Streams = 6;
    private const int Tokens = 700;
    private const string Secret = "the secret of the prompt";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Terminate_WhileStreamsRun_LetsThemEndRefusesNewOnesAndWritesDownWhatTheyTook()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no SIGTERM.");
        string model = SaveModel();
        using Process server = ForetellProcess.Start(["serve", "--model", $"small={model}", "--urls", "http://127.0.0.1:0", "--data", _folder.File("data"), "--threads", "1"]);
        try
        {
            Task<string> errors = server.StandardError.ReadToEndAsync();
            using var client = new HttpClient { BaseAddress = new Uri(await AddressAsync(server)), Timeout = TimeSpan.FromMinutes(2) };
            await WaitUntilReadyAsync(client);
            HttpResponseMessage[] streams = await Task.WhenAll(Enumerable.Range(0, Streams).Select(_ => client.SendAsync(Chat(), HttpCompletionOption.ResponseHeadersRead)));
            Assert.All(streams, stream => Assert.Equal(HttpStatusCode.OK, stream.StatusCode));
            using (var signal = Process.Start("kill", ["-TERM", server.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]))
            {
                signal.WaitForExit();
            }
            HttpStatusCode ready = HttpStatusCode.OK;
            for (int wait = 0; wait < 200 && ready == HttpStatusCode.OK; wait++)
            {
                ready = (await client.GetAsync("/readyz")).StatusCode;
            }
            Assert.Equal(HttpStatusCode.ServiceUnavailable, ready);
            using HttpResponseMessage refused = await client.SendAsync(Chat());
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.NotNull(refused.Headers.RetryAfter);
            foreach (HttpResponseMessage stream in streams)
            {
                string text = await stream.Content.ReadAsStringAsync();
                Assert.EndsWith("data: [DONE]\n\n", text);
                Assert.Contains("\"finish_reason\":\"length\"", text);
                stream.Dispose();
            }
            Assert.True(server.WaitForExit(TimeSpan.FromSeconds(60)));
            Assert.Equal(0, server.ExitCode);
            // A line for each request, and none of them tells what was asked.
            string log = await errors;
            Assert.DoesNotContain("secret", log);
            string[] lines = [.. log.Split('\n').Where(line => line.Contains("\"path\":\"/v1/chat/completions\"", StringComparison.Ordinal))];
            Assert.Equal(Streams + 1, lines.Length);
            Assert.All(lines, line => Assert.StartsWith("req_", JsonDocument.Parse(line).RootElement.GetProperty("request_id").GetString()));
        }
        finally
        {
            if (!server.HasExited)
            {
                server.Kill();
            }
        }
        JsonElement used = CommandRun.Of("usage", "--data", _folder.File("data"), "--json").Succeeded().Json;
        Assert.Equal(Streams, used[0].GetProperty("requests").GetInt32());
        Assert.Equal(Streams * Tokens, used[0].GetProperty("completionTokens").GetInt32());
        Assert.Contains($",small,/v1/chat/completions,{Streams},", CommandRun.Of("usage", "--data", _folder.File("data"), "--csv").Succeeded().Text);
    }

    [Fact]
    public void Keys_CreatedListedAndRevoked_ShowTheSecretOnce()
    {
        string data = _folder.File("data");
        JsonElement made = CommandRun.Of("keys", "create", "--data", data, "--name", "alice", "--scopes", "inference,files", "--expires", "30d", "--tokens-per-minute", "500", "--json").Succeeded().Json;
        string secret = made.GetProperty("key").GetString()!;
        Assert.StartsWith("fk-", secret);
        CommandRun list = CommandRun.Of("keys", "list", "--data", data).Succeeded();
        Assert.Contains("alice", list.Text);
        Assert.Contains("500 tokens a minute", list.Text);
        Assert.DoesNotContain(secret, list.Text);
        string id = made.GetProperty("id").GetString()!;
        Assert.Contains("is revoked", CommandRun.Of("keys", "revoke", id, "--data", data).Succeeded().Text);
        Assert.Contains("revoked already", CommandRun.Of("keys", "revoke", id, "--data", data).Succeeded().Text);
        CommandRun.Of("keys", "revoke", "key_0", "--data", data).WasRefused("There is no key key_0");
        CommandRun.Of("keys", "create", "--data", data, "--name", "bob", "--scopes", "everything").WasRefused("no scope \"everything\"");
        foreach (string file in Directory.EnumerateFiles(data, "*", SearchOption.AllDirectories))
        {
            Assert.True(File.ReadAllBytes(file).AsSpan().IndexOf(Encoding.ASCII.GetBytes(secret[9..])) < 0, $"{file} holds the key");
        }
    }

    [Fact]
    public void Serve_ToOtherMachinesWithoutAKey_IsRefused()
    {
        string model = SaveModel();
        CommandRun.Of("serve", "--model", $"small={model}", "--urls", "http://0.0.0.0:0", "--data", _folder.File("data"), "--log", "off").WasRefused("--insecure");
        CommandRun.Of("serve", "--model", $"small={model}", "--urls", "https://127.0.0.1:0", "--data", _folder.File("data"), "--log", "off").WasRefused("--certificate");
    }

    private static HttpRequestMessage Chat() => new(HttpMethod.Post, "/v1/chat/completions")
    {
        Content = new StringContent($$$"""{"model": "small", "messages": [{"role": "user", "content": "{{{Secret}}}"}], "max_tokens": {{{Tokens}}}, "temperature": 0, "stream": true, "logit_bias": {"256": -100}}""", Encoding.UTF8, "application/json"),
    };

    private static async Task<string> AddressAsync(Process server)
    {
        while (await server.StandardOutput.ReadLineAsync() is string line)
        {
            if (line.StartsWith("Foretell listens at ", StringComparison.Ordinal))
            {
                _ = server.StandardOutput.ReadToEndAsync();
                return line["Foretell listens at ".Length..];
            }
        }
        throw new InvalidOperationException("The server ended before it listened.");
    }

    private static async Task WaitUntilReadyAsync(HttpClient client)
    {
        while ((await client.GetAsync("/readyz")).StatusCode != HttpStatusCode.OK)
        {
            await Task.Delay(50);
        }
    }

    /// <summary>A model slow enough that answers are being written while the signal comes.</summary>
    private string SaveModel()
    {
        var tokenizer = new ByteTokenizer();
        using Device device = CpuDevice.Create(threads: 1);
        var config = new TransformerConfig { VocabularySize = tokenizer.VocabularySize, Channels = 64, Layers = 2, Heads = 2, KeyValueHeads = 1, HeadSize = 32, HiddenChannels = 128, ContextLength = 1024 };
        using var model = new Transformer(config, device, training: false);
        model.Initialize(1);
        ModelFolder.Save(model, tokenizer, _folder.File("model"));
        return _folder.File("model");
    }
}
