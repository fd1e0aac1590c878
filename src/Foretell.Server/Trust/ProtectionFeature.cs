using System.Security.Cryptography.X509Certificates;
using Foretell.Server.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Foretell.Server.Trust;

/// <summary>What protects a server and the browsers that talk to it, before anyone is asked who they are: limits of connections, HTTPS, names, origins, headers.</summary>
internal sealed class ProtectionFeature : IServerFeature
{
    public void AddServices(WebApplicationBuilder builder, ServerOptions options)
    {
        TrustOptions trust = options.Trust;
        builder.Services.AddSingleton(new HostCheck(options));
        builder.Services.AddSingleton(new CrossOrigin(trust));
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxConcurrentConnections = trust.MaximumConnections;
            kestrel.Limits.MaxConcurrentUpgradedConnections = 0;
            kestrel.Limits.MaxRequestHeadersTotalSize = trust.MaximumHeaderBytes;
            kestrel.Limits.MaxRequestLineSize = Math.Min(8 << 10, trust.MaximumHeaderBytes);
        });
        if (trust.CertificateFile is not null)
        {
            X509Certificate2 certificate = Certificates.Load(trust);
            builder.WebHost.UseKestrelHttpsConfiguration();
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureHttpsDefaults(https => https.ServerCertificate = certificate));
        }
    }

    public void Use(WebApplication app)
    {
        HostCheck hosts = app.Services.GetRequiredService<HostCheck>();
        CrossOrigin origins = app.Services.GetRequiredService<CrossOrigin>();
        ServerMetrics metrics = app.Services.GetRequiredService<ServerMetrics>();
        app.Use((context, next) =>
        {
            context.Response.OnStarting(() =>
            {
                SecurityHeaders.Write(context.Response);
                return Task.CompletedTask;
            });
            if (!hosts.Allows(context.Request.Host))
            {
                metrics.Refuse("host");
                throw new ApiException(StatusCodes.Status403Forbidden, "This server is for this machine alone and the request calls it by another name; call it localhost, or let its operator allow the name with --allow-host.", "permission_error", code: "host_not_allowed");
            }
            switch (origins.Judge(context))
            {
                case CrossOrigin.Verdict.Refuse:
                    metrics.Refuse("origin");
                    throw new ApiException(StatusCodes.Status403Forbidden, "Web pages of another origin may not call this server; its operator can allow them with --cors.", "permission_error", code: "origin_not_allowed");
                case CrossOrigin.Verdict.Answered:
                    return Task.CompletedTask;
                default:
                    return next(context);
            }
        });
    }
}
