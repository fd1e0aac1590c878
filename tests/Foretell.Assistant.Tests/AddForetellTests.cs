using Foretell.Inference;
using Foretell.Models;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Foretell.Assistant.Tests;

public sealed class AddForetellTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _first;
    private readonly string _second;

    public AddForetellTests()
    {
        (_first, _second) = (_folder.File("first"), _folder.File("second"));
        foreach ((string path, ulong seed) in ((string, ulong)[])[(_first, 1), (_second, 2)])
        {
            using var random = new RandomModel(seed: seed);
            ModelFolder.Save(random.Transformer, random.Tokenizer, path);
        }
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task AddForetell_AModel_ServesChatsAndEmbeddingsFromOneEngine()
    {
        await using ServiceProvider provider = new ServiceCollection()
            .AddForetell(options =>
            {
                options.Path = _first;
                options.Threads = 1;
                options.Engine = options.Engine with { CacheTokens = 512, QueueLimit = 3 };
            })
            .BuildServiceProvider(validateScopes: true);
        var client = provider.GetRequiredService<IChatClient>();
        Assert.Null(client.GetService(typeof(ForetellModel)));
        ChatResponse response = await client.GetResponseAsync("Once", new() { MaxOutputTokens = 8, Seed = 1 });
        Assert.InRange(response.Usage!.OutputTokenCount!.Value, 1, 8);
        Assert.Equal("first", response.ModelId);
        var embeddings = provider.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>();
        Assert.Equal(32, (await embeddings.GenerateAsync(["Once"]))[0].Dimensions);
        ForetellModel model = client.GetService<ForetellModel>()!;
        Assert.Same(model, embeddings.GetService(typeof(ForetellModel)));
        Assert.Equal(512, model.Engine.Statistics.Blocks * model.Engine.Statistics.BlockTokens);
        // A client from the container is not the container's owner.
        client.Dispose();
        Assert.NotNull(await client.GetResponseAsync("Once", new() { MaxOutputTokens = 2 }));
    }

    [Fact]
    public async Task AddForetell_SeveralByName_StandSideBySideAndAreFreedWithTheContainer()
    {
        Engine engine;
        await using (ServiceProvider provider = new ServiceCollection()
            .AddForetell("one", options => options.Path = _first)
            .AddForetell("two", options => options.Path = _second)
            .BuildServiceProvider())
        {
            string[] texts = await Task.WhenAll(((string[])["one", "two", "one"]).Select(async name =>
            {
                ChatResponse response = await provider.GetRequiredKeyedService<IChatClient>(name).GetResponseAsync("Once", new() { MaxOutputTokens = 30, Seed = 1, ModelId = name });
                Assert.Equal(name, response.ModelId);
                return response.Text;
            }));
            Assert.Equal(texts[0], texts[2]);
            Assert.NotEqual(texts[0], texts[1]);
            Assert.Equal("two", provider.GetRequiredKeyedService<IEmbeddingGenerator<string, Embedding<float>>>("two").GetService<EmbeddingGeneratorMetadata>()!.DefaultModelId);
            await Assert.ThrowsAsync<ArgumentException>(() => provider.GetRequiredKeyedService<IChatClient>("one").GetResponseAsync("Once", new() { ModelId = "two" }));
            engine = provider.GetRequiredKeyedService<IChatClient>("one").GetService<Engine>()!;
        }
        Assert.Throws<ObjectDisposedException>(() => engine.Submit(new GenerationRequest { Prompt = new[] { 1 } }));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AddForetell_WithAHost_LoadsAtStartWhereAsked(bool atStart)
    {
        using IHost host = Build(services => services.AddForetell(options =>
        {
            options.Path = _first;
            options.LoadAtStart = atStart;
        }));
        await host.StartAsync();
        Assert.Equal(atStart, host.Services.GetRequiredService<IChatClient>().GetService(typeof(Engine)) is not null);
        await host.StopAsync();
    }

    [Fact]
    public async Task AddForetell_WithOptionsOutOfRange_StopsTheHostWithEverySentence()
    {
        using IHost host = Build(services => services.AddForetell(options =>
        {
            options.Path = Path.Combine(_first, "nowhere");
            options.Threads = -1;
            options.Kernels = "abacus";
            options.EmbeddingBatchTokens = 0;
            options.Engine = options.Engine with { QueueLimit = -4 };
        }));
        OptionsValidationException refused = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());
        Assert.Equal(5, refused.Failures.Count());
        foreach (string expected in (string[])["nothing is there", "Threads is -1", "\"abacus\"", "EmbeddingBatchTokens is 0", "-4"])
        {
            Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
        }
        Assert.Contains("Path is empty", Assert.Throws<ArgumentException>(() => ForetellChatClient.Load("")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AddForetell_AModelThatCannotBeLoaded_FailsEachRequestWithTheReason()
    {
        Directory.CreateDirectory(_folder.File("empty"));
        await using ServiceProvider provider = new ServiceCollection().AddForetell(options => options.Path = _folder.File("empty")).BuildServiceProvider();
        var client = provider.GetRequiredService<IChatClient>();
        Exception first = await Assert.ThrowsAnyAsync<Exception>(() => client.GetResponseAsync("Once"));
        Exception second = await Assert.ThrowsAnyAsync<Exception>(() => client.GetResponseAsync("Once"));
        Assert.True(first is IOException or InvalidDataException);
        Assert.Equal(first.Message, second.Message);
        Assert.NotSame(first, second);
    }

    [Fact]
    public async Task AddForetellHost_WithRoomForOneModel_LoadsWhatIsAskedForAndLetsTheOtherGo()
    {
        await using ServiceProvider provider = Hosted(budget: 2L << 20).BuildServiceProvider();
        var client = provider.GetRequiredService<IChatClient>();
        var host = provider.GetRequiredService<ModelHost<ForetellModel>>();
        var options = new ChatOptions { MaxOutputTokens = 20, Seed = 1 };
        string first = (await client.GetResponseAsync("Once", options)).Text;
        Assert.Equal(["first"], host.Loaded);
        options.ModelId = "second";
        ChatResponse second = await client.GetResponseAsync("Once", options);
        Assert.Equal("second", second.ModelId);
        Assert.NotEqual(first, second.Text);
        Assert.Equal(["second"], host.Loaded);
        // Both at once take turns, and each answers as before.
        string[] texts = await Task.WhenAll(Enumerable.Range(0, 6).Select(async i => (await client.GetResponseAsync("Once", new() { MaxOutputTokens = 20, Seed = 1, ModelId = i % 2 == 0 ? "first" : "second" })).Text));
        Assert.All(texts, (text, i) => Assert.Equal(i % 2 == 0 ? first : second.Text, text));
        var embeddings = provider.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>();
        Assert.Equal("second", (await embeddings.GenerateAsync(["Once"], new() { ModelId = "second" }))[0].ModelId);
        options.ModelId = "third";
        Assert.Contains("first, second", (await Assert.ThrowsAsync<UnknownModelException>(() => client.GetResponseAsync("Once", options))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AddForetellHost_WithOptionsOutOfRange_SaysEverySentence()
    {
        Assert.Contains("MemoryBudget is 0 bytes", Refusal(options => options.Models.Add(new ForetellOptions { Path = _first })), StringComparison.Ordinal);
        Assert.Contains("Models is empty", Refusal(options => options.MemoryBudget = 1), StringComparison.Ordinal);
        Assert.Contains("2 models are named \"first\"", Refusal(options =>
        {
            options.MemoryBudget = 1;
            options.Models.Add(new ForetellOptions { Path = _first });
            options.Models.Add(new ForetellOptions { Path = _second, ModelId = "first" });
        }), StringComparison.Ordinal);
        Assert.Contains("DefaultModel is \"other\", and the models are first", Refusal(options =>
        {
            options.MemoryBudget = 1;
            options.DefaultModel = "other";
            options.Models.Add(new ForetellOptions { Path = _first });
        }), StringComparison.Ordinal);

        static string Refusal(Action<ForetellHostOptions> configure)
        {
            using ServiceProvider provider = new ServiceCollection().AddForetellHost(configure).BuildServiceProvider();
            return Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IChatClient>()).Message;
        }
    }

    private IServiceCollection Hosted(long budget) => new ServiceCollection().AddForetellHost(options =>
    {
        options.MemoryBudget = budget;
        foreach (string path in (string[])[_first, _second])
        {
            options.Models.Add(new ForetellOptions { Path = path, Threads = 1, Engine = new EngineOptions { CacheBytes = 1 << 20 } });
        }
    });

    private static IHost Build(Action<IServiceCollection> configure)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        configure(builder.Services);
        return builder.Build();
    }
}
