using Foretell.Inference;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Foretell.Assistant;

/// <summary>Local models in a container of services.</summary>
public static class ForetellServiceCollectionExtensions
{
    /// <summary>
    /// Adds a model as <see cref="IChatClient"/> and <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/> of strings, both
    /// singletons over one engine. It is loaded with the first request (or when the host starts, if
    /// <see cref="ForetellOptions.LoadAtStart"/>), and freed with the container. The options are checked when a host
    /// starts, and without one when a service is first resolved.
    /// </summary>
    /// <param name="configure">Sets <see cref="ForetellOptions.Path"/> at least.</param>
    public static IServiceCollection AddForetell(this IServiceCollection services, Action<ForetellOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        AddModel(services, Options.DefaultName, configure);
        services.AddSingleton<IModelSource>(provider => CreateSource(provider, Options.DefaultName));
        services.AddSingleton<IChatClient>(provider => new ForetellChatClient(new SharedModelSource(provider.GetRequiredService<IModelSource>())));
        services.AddSingleton<IEmbeddingGenerator<string, Embedding<float>>>(provider => new ForetellEmbeddingGenerator(new SharedModelSource(provider.GetRequiredService<IModelSource>())));
        return services;
    }

    /// <summary>As <see cref="AddForetell(IServiceCollection, Action{ForetellOptions})"/>, keyed by a name, so that several models stand side by side.</summary>
    /// <param name="name">The services' key, and the model's id unless the options give another.</param>
    /// <param name="configure">Sets <see cref="ForetellOptions.Path"/> at least.</param>
    public static IServiceCollection AddForetell(this IServiceCollection services, string name, Action<ForetellOptions> configure)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(configure);
        AddModel(services, name, options =>
        {
            options.ModelId = name;
            configure(options);
        });
        services.AddKeyedSingleton<IModelSource>(name, (provider, _) => CreateSource(provider, name));
        services.AddKeyedSingleton<IChatClient>(name, (provider, _) => new ForetellChatClient(new SharedModelSource(provider.GetRequiredKeyedService<IModelSource>(name))));
        services.AddKeyedSingleton<IEmbeddingGenerator<string, Embedding<float>>>(name, (provider, _) => new ForetellEmbeddingGenerator(new SharedModelSource(provider.GetRequiredKeyedService<IModelSource>(name))));
        return services;
    }

    /// <summary>
    /// Adds several models within one memory: a request names its model by <see cref="ChatOptions.ModelId"/>; a model is
    /// loaded when it is first asked for and, when another needs its memory, the one longest unused goes, but never while it
    /// answers. The <see cref="ModelHost{T}"/> is a service too.
    /// </summary>
    /// <remarks>A container that holds it is disposed asynchronously, as hosts do.</remarks>
    /// <param name="configure">Sets <see cref="ForetellHostOptions.MemoryBudget"/> and adds <see cref="ForetellHostOptions.Models"/>.</param>
    public static IServiceCollection AddForetellHost(this IServiceCollection services, Action<ForetellHostOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ForetellHostOptions>, ForetellHostOptionsValidator>());
        services.AddOptions<ForetellHostOptions>().Configure(configure).ValidateOnStart();
        services.AddSingleton(provider =>
        {
            ForetellHostOptions options = provider.GetRequiredService<IOptions<ForetellHostOptions>>().Value;
            var clock = provider.GetRequiredService<TimeProvider>();
            return new ModelHost<ForetellModel>(options.Models.Select(model => ForetellModel.Source(model, clock)), options.MemoryBudget);
        });
        services.AddSingleton<IChatClient>(provider => new ForetellChatClient(provider.GetRequiredService<ModelHost<ForetellModel>>(), DefaultModel(provider)));
        services.AddSingleton<IEmbeddingGenerator<string, Embedding<float>>>(provider => new ForetellEmbeddingGenerator(provider.GetRequiredService<ModelHost<ForetellModel>>(), DefaultModel(provider)));
        return services;
    }

    private static string DefaultModel(IServiceProvider provider)
    {
        ForetellHostOptions options = provider.GetRequiredService<IOptions<ForetellHostOptions>>().Value;
        return options.DefaultModel ?? options.Models[0].Name;
    }

    private static void AddModel(IServiceCollection services, string name, Action<ForetellOptions> configure)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ForetellOptions>, ForetellOptionsValidator>());
        services.AddOptions<ForetellOptions>(name).Configure(configure).ValidateOnStart();
        services.AddSingleton<IHostedService>(provider => new ModelLoading(provider, name));
    }

    private static LazyModelSource CreateSource(IServiceProvider provider, string name) =>
        new(provider.GetRequiredService<IOptionsMonitor<ForetellOptions>>().Get(name), provider.GetRequiredService<TimeProvider>());

    /// <summary>Loads a model while the host starts, where that was asked for.</summary>
    private sealed class ModelLoading(IServiceProvider provider, string name) : IHostedService
    {
        public async Task StartAsync(CancellationToken cancellationToken)
        {
            if (provider.GetRequiredService<IOptionsMonitor<ForetellOptions>>().Get(name).LoadAtStart)
            {
                IModelSource source = name == Options.DefaultName ? provider.GetRequiredService<IModelSource>() : provider.GetRequiredKeyedService<IModelSource>(name);
                using HeldModel loaded = await source.AcquireAsync(null, cancellationToken).ConfigureAwait(false);
            }
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
