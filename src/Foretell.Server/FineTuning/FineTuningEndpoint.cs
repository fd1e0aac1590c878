using System.Text.Json;
using Foretell.Server.Storage;
using Foretell.Server.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Foretell.Server.FineTuning;

/// <summary>POST and GET /v1/fine_tuning/jobs, and under a job's id: GET, cancel, pause, resume, events, checkpoints.</summary>
internal static class FineTuningEndpoint
{
    private const string Jobs = "/v1/fine_tuning/jobs";
    private const int LongestPage = 100;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost(Jobs, CreateAsync);
        routes.MapGet(Jobs, ListAsync);
        routes.MapGet(Jobs + "/{id}", FindAsync);
        routes.MapPost(Jobs + "/{id}/cancel", CancelAsync);
        routes.MapPost(Jobs + "/{id}/pause", PauseAsync);
        routes.MapPost(Jobs + "/{id}/resume", ResumeAsync);
        routes.MapGet(Jobs + "/{id}/events", EventsAsync);
        routes.MapGet(Jobs + "/{id}/checkpoints", CheckpointsAsync);
    }

    private static async Task CreateAsync(HttpContext context)
    {
        using JsonDocument body = await JsonBody.ReadAsync(context).ConfigureAwait(false);
        FineTuningJob job = await Desk(context).CreateAsync(body.RootElement, context.RequestAborted).ConfigureAwait(false);
        await JsonAnswer.WriteAsync(context.Response, writer => JobWire.Write(writer, job)).ConfigureAwait(false);
    }

    private static async Task ListAsync(HttpContext context)
    {
        PageRequest page = PageQuery.Read(context.Request, byDefault: 20, atMost: LongestPage, newestFirst: true);
        Page<FineTuningJob> found = await Store(context).ListAsync(PageQuery.Metadata(context.Request), page, context.RequestAborted).ConfigureAwait(false);
        await JsonAnswer.WriteAsync(context.Response, writer => PageQuery.Write(writer, found, job => job.Id, JobWire.Write)).ConfigureAwait(false);
    }

    private static Task FindAsync(HttpContext context) => AnswerAsync(context, Desk(context).FindAsync);

    private static Task CancelAsync(HttpContext context) => AnswerAsync(context, Desk(context).CancelAsync);

    private static Task PauseAsync(HttpContext context) => AnswerAsync(context, Desk(context).PauseAsync);

    private static Task ResumeAsync(HttpContext context) => AnswerAsync(context, Desk(context).ResumeAsync);

    private static async Task AnswerAsync(HttpContext context, Func<string, CancellationToken, Task<FineTuningJob>> ask)
    {
        FineTuningJob job = await ask(Id(context), context.RequestAborted).ConfigureAwait(false);
        await JsonAnswer.WriteAsync(context.Response, writer => JobWire.Write(writer, job)).ConfigureAwait(false);
    }

    private static async Task EventsAsync(HttpContext context)
    {
        PageRequest page = PageQuery.Read(context.Request, byDefault: 20, atMost: LongestPage, newestFirst: true);
        FineTuningJob job = await Desk(context).FindAsync(Id(context), context.RequestAborted).ConfigureAwait(false);
        Page<JobEvent> found = await Store(context).ListEventsAsync(job.Id, page, context.RequestAborted).ConfigureAwait(false);
        await JsonAnswer.WriteAsync(context.Response, writer => PageQuery.Write(writer, found, message => message.Id, JobWire.Write)).ConfigureAwait(false);
    }

    private static async Task CheckpointsAsync(HttpContext context)
    {
        PageRequest page = PageQuery.Read(context.Request, byDefault: 10, atMost: LongestPage, newestFirst: true);
        FineTuningJob job = await Desk(context).FindAsync(Id(context), context.RequestAborted).ConfigureAwait(false);
        Page<JobCheckpoint> found = await Store(context).ListCheckpointsAsync(job.Id, page, context.RequestAborted).ConfigureAwait(false);
        await JsonAnswer.WriteAsync(context.Response, writer => PageQuery.Write(writer, found, checkpoint => checkpoint.Id, JobWire.Write)).ConfigureAwait(false);
    }

    private static string Id(HttpContext context) => (string)context.Request.RouteValues["id"]!;

    private static JobDesk Desk(HttpContext context) => context.RequestServices.GetRequiredService<JobDesk>();

    private static IFineTuningStore Store(HttpContext context) => context.RequestServices.GetRequiredService<IFineTuningStore>();
}
