using System.Text.Json;
using Foretell.Server.Catalog;
using Foretell.Server.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Foretell.Server.Endpoints;

/// <summary>GET /v1/models, GET and DELETE /v1/models/{id}.</summary>
internal static class ModelsEndpoint
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/models", ListAsync);
        // Names may hold slashes, as Hugging Face's do.
        routes.MapGet("/v1/models/{**id}", GetAsync);
        routes.MapDelete("/v1/models/{**id}", DeleteAsync);
    }

    private static Task ListAsync(HttpContext context) => JsonAnswer.WriteAsync(context.Response, writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("object", "list");
        writer.WriteStartArray("data");
        foreach (CatalogModel model in Catalog(context).All)
        {
            Write(writer, model);
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    private static Task GetAsync(HttpContext context)
    {
        CatalogModel model = Named(context);
        return JsonAnswer.WriteAsync(context.Response, writer => Write(writer, model));
    }

    private static async Task DeleteAsync(HttpContext context)
    {
        CatalogModel model = Named(context);
        if (model.DeleteAsync is not Func<CancellationToken, Task> delete)
        {
            throw new ApiException(403, $"The model '{model.Id}' was named when the server was started and cannot be deleted; only fine-tuned models can.", "permission_error", "model", "model_not_deletable");
        }
        // What is begun is finished, whether or not the caller waits for it.
        await Catalog(context).RemoveAsync(model.Id).ConfigureAwait(false);
        await delete(CancellationToken.None).ConfigureAwait(false);
        await JsonAnswer.WriteAsync(context.Response, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("id", model.Id);
            writer.WriteString("object", "model");
            writer.WriteBoolean("deleted", true);
            writer.WriteEndObject();
        }).ConfigureAwait(false);
    }

    private static void Write(Utf8JsonWriter writer, CatalogModel model)
    {
        writer.WriteStartObject();
        writer.WriteString("id", model.Id);
        writer.WriteString("object", "model");
        writer.WriteNumber("created", model.Created.ToUnixTimeSeconds());
        writer.WriteString("owned_by", model.OwnedBy);
        writer.WriteEndObject();
    }

    private static CatalogModel Named(HttpContext context)
    {
        string id = (string)context.Request.RouteValues["id"]!;
        return Catalog(context).Find(id) ?? throw ApiException.NoModel(id);
    }

    private static ModelCatalog Catalog(HttpContext context) => context.RequestServices.GetRequiredService<ModelCatalog>();
}
