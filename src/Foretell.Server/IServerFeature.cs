using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace Foretell.Server;

/// <summary>
/// A part of the server that brings its own services, middleware and endpoints, so that it needs no other file changed
/// but the list in <see cref="ForetellServer.Features"/>. What it throws becomes the error envelope: see
/// <see cref="ApiException"/>.
/// </summary>
public interface IServerFeature
{
    /// <summary>Adds services and hosted services, and sets up Kestrel where need be. The options are a service too.</summary>
    void AddServices(WebApplicationBuilder builder, ServerOptions options)
    {
    }

    /// <summary>Adds middleware: inside the one that turns exceptions into errors, before the endpoints. Features do so in their order.</summary>
    void Use(WebApplication app)
    {
    }

    /// <summary>Adds endpoints.</summary>
    void Map(IEndpointRouteBuilder routes)
    {
    }
}
