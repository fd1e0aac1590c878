using System.CommandLine;
using Foretell.Inference;
using Foretell.Server;
using Foretell.Server.Catalog;
using Foretell.Server.FineTuning;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Foretell.Cli.Commands;

/// <summary>foretell serve: models behind OpenAI's API.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var models = new Option<string[]>("--model") { Description = "NAME=PATH: a model and what requests call it; PATH is a Hugging Face folder, a GGUF file or a run's folder. Give one or more.", Required = true, AllowMultipleArgumentsPerToken = true };
        var urls = new Option<string>("--urls") { Description = "Where to listen; several addresses between semicolons, port 0 for a free one.", DefaultValueFactory = _ => "http://127.0.0.1:8080" };
        var data = new Option<string>("--data") { Description = "The folder of the database, uploaded files, jobs and fine-tuned models.", DefaultValueFactory = _ => "foretell-data" };
        var database = new Option<string?>("--database") { Description = "A PostgreSQL server that keeps the records instead of the data folder: postgres://user:password@host:port/database." };
        var runs = new Option<string?>("--runs") { Description = "A folder whose training runs the page /runs shows as they go." };
        var fileSize = new Option<string?>("--max-file") { Description = "The largest file that may be uploaded, such as 2GiB; the default is 512MiB." };
        var trainingThreads = new Option<int>("--training-threads") { Description = "Threads that fine-tuning jobs compute on, behind those that serve; 0 is half of the cores." };
        var threads = new Option<int>("--threads") { Description = "Threads that each model computes on; 0 is one a core. Answers do not depend on it." };
        var context = new Option<int>("--context") { Description = "The most tokens of a prompt and its answer, where that is less than the model's own; 0 is the model's own." };
        var memory = new Option<string?>("--memory") { Description = "The most memory of all loaded models together, such as 8GiB; the default is three quarters of the machine's." };
        var moderation = new Option<string?>("--moderation") { Description = "The NAME of the model that judges texts for POST /v1/moderations." };
        var trust = new TrustArguments();
        var command = new Command("serve", "Serve models to programs that speak OpenAI's API. Ctrl-C ends it. Example: foretell serve --model small=runs/novels --model large=qwen.gguf") { models, urls, data, runs, database, fileSize, trainingThreads, threads, context, memory, moderation };
        trust.AddTo(command);
        command.SetAction((result, cancellation) => RunAsync(new ServerOptions
        {
            FineTuning = new FineTuningOptions { Threads = result.GetValue(trainingThreads) },
            MaximumFileBytes = result.GetValue(fileSize) is string largest ? ByteSize.Parse(largest, "--max-file") : ServerOptions.DefaultFileBytes,
            Models = Named(result.GetValue(models)!),
            Urls = result.GetValue(urls)!,
            DataFolder = result.GetValue(data)!,
            DatabaseConnection = result.GetValue(database),
            RunsFolder = result.GetValue(runs),
            Threads = DeviceOptions.Threads(result.GetValue(threads)),
            MemoryBudget = result.GetValue(memory) is string amount ? ByteSize.Parse(amount, "--memory") : null,
            Engine = new EngineOptions { ContextLength = result.GetValue(context) },
            ModerationModel = result.GetValue(moderation),
            Trust = trust.Read(result),
        }, cancellation));
        return command;
    }

    /// <summary>Models by name; one without a name has its folder's or file's.</summary>
    /// <exception cref="FormatException">A name occurs twice, or a path is missing.</exception>
    internal static Dictionary<string, string> Named(IReadOnlyList<string> given)
    {
        var models = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string model in given)
        {
            int equals = model.IndexOf('=', StringComparison.Ordinal);
            string path = equals < 0 ? model : model[(equals + 1)..];
            string name = equals < 0 ? Path.GetFileNameWithoutExtension(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model))) : model[..equals];
            if (name.Length == 0 || path.Length == 0)
            {
                throw new FormatException($"--model {model}: wanted NAME=PATH, such as small=runs/novels.");
            }
            if (!models.TryAdd(name, path))
            {
                throw new FormatException($"--model {model}: there are two models named {name}; names must differ.");
            }
        }
        return models;
    }

    private static async Task<int> RunAsync(ServerOptions options, CancellationToken cancellation)
    {
        await using WebApplication app = ForetellServer.Build(options);
        // Ctrl-C and SIGTERM are the host's: it lets the answers that are being written end.
        await app.StartAsync(CancellationToken.None);
        Greet(app, options);
        await app.WaitForShutdownAsync(cancellation);
        return app.Services.GetRequiredService<ModelCatalog>().StartFailure is Exception failure
            ? throw new InvalidDataException(failure.Message, failure)
            : 0;
    }

    private static void Greet(WebApplication app, ServerOptions options)
    {
        string address = app.Urls.First();
        Console.WriteLine($"Foretell listens at {string.Join(", ", app.Urls)}");
        Console.WriteLine($"Models: {string.Join(", ", options.Models.Select(model => $"{model.Key} ({model.Value})"))}");
        Console.WriteLine($$"""Try: curl {{address}}/v1/chat/completions -H 'Content-Type: application/json' -d '{"model": "{{options.Models.Keys.First()}}", "messages": [{"role": "user", "content": "Hello!"}]}'""");
        Console.WriteLine("Ctrl-C ends it.");
    }
}
