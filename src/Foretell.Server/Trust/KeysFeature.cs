using Foretell.Server.Metering;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Foretell.Server.Trust;

/// <summary>Keys, scopes, limits, the meter, the audit log, and the endpoints under /admin/api.</summary>
internal sealed class KeysFeature : IServerFeature
{
    public void AddServices(WebApplicationBuilder builder, ServerOptions options)
    {
        builder.Services.AddSingleton(_ => KeyHasher.Open(options.DataFolder));
        builder.Services.AddSingleton<KeyRing>();
        builder.Services.AddSingleton<KeyManager>();
        builder.Services.AddSingleton<AuditLog>();
        builder.Services.AddSingleton(services => new RateLimiter(services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton(services => ActivatorUtilities.CreateInstance<UsageMeter>(services));
        builder.Services.AddHostedService(services => services.GetRequiredService<UsageMeter>());
        builder.Services.AddHostedService<PublicBindingGuard>();
    }

    public void Use(WebApplication app)
    {
        app.UseMiddleware<AccessControl>();
        app.UseMiddleware<AuditTrail>();
    }

    public void Map(IEndpointRouteBuilder routes)
    {
        KeyEndpoints.Map(routes);
        UsageEndpoints.Map(routes);
    }
}
