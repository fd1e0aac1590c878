using Foretell.Server.FineTuning.Trainers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Foretell.Server.FineTuning;

/// <summary>Brings /v1/fine_tuning/jobs.</summary>
internal sealed class FineTuningFeature : IServerFeature
{
    public void AddServices(WebApplicationBuilder builder, ServerOptions options)
    {
        builder.Services.AddSingleton<IJobTrainer, SupervisedTrainer>();
        builder.Services.AddSingleton<IJobTrainer, PreferenceTrainer>();
        builder.Services.AddSingleton<IJobTrainer, ReinforcementTrainer>();
        builder.Services.AddSingleton<JobSignals>();
        builder.Services.AddSingleton<FineTunedModels>();
        builder.Services.AddSingleton<JobDesk>();
        builder.Services.AddSingleton<JobTraining>();
        builder.Services.AddHostedService<JobRunner>();
    }

    public void Map(IEndpointRouteBuilder routes) => FineTuningEndpoint.Map(routes);
}
