using System.CommandLine;
using Foretell.Inference;
using Foretell.Models;
using Foretell.Server;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tokenizers;
using Microsoft.AspNetCore.Builder;

namespace Foretell.Cli;

/// <summary>A server on a free port of this machine for a measurement, with a folder that goes with it.</summary>
internal sealed class BenchServer : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("foretell-bench-");
    private readonly string? _model;
    private readonly int _threads;
    private readonly int _clients;

    /// <param name="model">What to serve; null for one with random weights.</param>
    public BenchServer(string? model, int threads, int clients)
    {
        _model = model;
        _threads = threads;
        _clients = clients;
    }

    public static Argument<string?> Model() => new("MODEL") { Description = "A Hugging Face folder, a GGUF file or a run's folder; without it, a model of bytes with 10 million random weights.", Arity = ArgumentArity.ZeroOrOne };

    public async Task<WebApplication> StartAsync(CancellationToken cancellation)
    {
        WebApplication app = ForetellServer.Build(new ServerOptions
        {
            Models = new Dictionary<string, string> { ["bench"] = _model ?? Random() },
            Urls = "http://127.0.0.1:0",
            DataFolder = Path.Combine(_folder.FullName, "data"),
            Threads = _threads,
            Engine = new EngineOptions { MaximumSequences = Math.Max(64, _clients), MaximumBatchTokens = Math.Max(512, _clients) },
        });
        await app.StartAsync(cancellation);
        return app;
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private string Random()
    {
        string path = Path.Combine(_folder.FullName, "model");
        var tokenizer = new ByteTokenizer();
        using Device device = CpuDevice.Create(threads: 1);
        var config = new TransformerConfig { VocabularySize = tokenizer.VocabularySize, Channels = 384, Layers = 6, Heads = 6, KeyValueHeads = 6, HeadSize = 64, HiddenChannels = 1024, ContextLength = 1024 };
        using var transformer = new Transformer(config, device, training: false);
        transformer.Initialize(1);
        ModelFolder.Save(transformer, tokenizer, path);
        return path;
    }
}
