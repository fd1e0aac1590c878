using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Foretell.Server.Files;

/// <summary>Brings /v1/files.</summary>
internal sealed class FilesFeature : IServerFeature
{
    public void AddServices(WebApplicationBuilder builder, ServerOptions options)
    {
        builder.Services.AddSingleton<FileArea>();
        builder.Services.AddHostedService<FileSweeping>();
    }

    public void Map(IEndpointRouteBuilder routes) => FilesEndpoint.Map(routes);
}
