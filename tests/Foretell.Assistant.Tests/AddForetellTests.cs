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

    private static IHost Build(Action<IServiceCollection> configure)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        configure(builder.Services);
        return builder.Build();
    }
}
