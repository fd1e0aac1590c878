using Foretell.Server.Catalog;
using Foretell.Server.Storage;
using Foretell.Tensors.Files;
using Microsoft.Extensions.Logging;

namespace Foretell.Server.FineTuning;

/// <summary>The models that jobs made, offered by name from the moment they are made and at every start.</summary>
internal sealed partial class FineTunedModels(ModelCatalog catalog, Database database, DataFolder data, ServerOptions options, ILogger<FineTunedModels> logger)
{
    /// <summary>Offers all of them.</summary>
    public async Task OfferAllAsync(CancellationToken cancellation)
    {
        foreach (FineTunedModel model in await database.FineTuning.ModelsAsync(cancellation).ConfigureAwait(false))
        {
            Offer(model);
        }
    }

    /// <summary>Offers one; says in the log when it can't be.</summary>
    public void Offer(FineTunedModel model)
    {
        if (catalog.Find(model.Id) is not null)
        {
            return;
        }
        string path = Path.Combine(data.Path, model.Path);
        try
        {
            Encrypt(path);
            catalog.Add(new CatalogModel(model.Id, path, model.Created) { OwnedBy = "user", DeleteAsync = cancellation => DeleteAsync(model, path, cancellation) });
        }
        catch (Exception wrong) when (wrong is IOException or ArgumentException)
        {
            LogMissing(logger, model.Id, wrong.Message);
        }
    }

    /// <summary>Encrypts the weights where a key is given; those of before the key was given, too.</summary>
    private void Encrypt(string path)
    {
        if (options.Trust.WeightKey is WeightKey key && Directory.Exists(path))
        {
            foreach (string file in Directory.EnumerateFiles(path, "*.safetensors"))
            {
                EncryptedFile.EncryptInPlace(file, key);
            }
        }
    }

    private async Task DeleteAsync(FineTunedModel model, string path, CancellationToken cancellation)
    {
        await database.FineTuning.DeleteModelAsync(model.Id, cancellation).ConfigureAwait(false);
        JobFolder.Delete(path);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The fine-tuned model {Model} can't be offered: {Reason}")]
    private static partial void LogMissing(ILogger logger, string model, string reason);
}
