using Foretell.Server.Endpoints;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Foretell.Server.Storage;

/// <summary>Brings the <see cref="Database"/> and its stores as services. It is open before any hosted service starts.</summary>
internal sealed class StorageFeature : IServerFeature
{
    public void AddServices(WebApplicationBuilder builder, ServerOptions options)
    {
        builder.Services.AddSingleton(_ => new DataFolder(options.DataFolder));
        builder.Services.AddSingleton(services => new Database(
            new DatabaseOptions { Folder = options.DataFolder, ConnectionString = options.DatabaseConnection },
            services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton(services => services.GetRequiredService<Database>().Identifiers);
        builder.Services.AddSingleton(services => services.GetRequiredService<Database>().Files);
        builder.Services.AddSingleton(services => services.GetRequiredService<Database>().Completions);
        builder.Services.AddSingleton(services => services.GetRequiredService<Database>().Responses);
        builder.Services.AddSingleton(services => services.GetRequiredService<Database>().FineTuning);
        builder.Services.AddSingleton(services => services.GetRequiredService<Database>().Keys);
        builder.Services.AddSingleton(services => services.GetRequiredService<Database>().Usage);
        builder.Services.AddSingleton(services => services.GetRequiredService<Database>().Audit);
        builder.Services.AddSingleton(services => services.GetRequiredService<Database>().Labels);
        builder.Services.AddHostedService<DatabaseOpening>();
    }

    public void Map(IEndpointRouteBuilder routes) => StoredCompletions.Map(routes);

    /// <summary>Takes the data folder and opens the database before the server listens: what can't be kept must not be acknowledged.</summary>
    private sealed class DatabaseOpening(DataFolder folder, Database database) : IHostedLifecycleService
    {
        public async Task StartingAsync(CancellationToken cancellationToken)
        {
            folder.Take();
            await database.OpenAsync(cancellationToken).ConfigureAwait(false);
            folder.Bind(await database.IdentityAsync(cancellationToken).ConfigureAwait(false));
        }

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
