using System.Diagnostics.Metrics;
using Foretell.Assistant;
using Foretell.Inference;
using Foretell.Server.Catalog;

namespace Foretell.Server.Telemetry;

/// <summary>What the engines of the loaded models hold and have done, by model; read only when someone looks.</summary>
internal static class EngineGauges
{
    public static void Create(Meter meter, ModelCatalog catalog)
    {
        meter.CreateObservableGauge("foretell.models.loaded", () => catalog.Loaded.Count, "{model}", "Models in memory.");
        Gauge("foretell.engine.sequences.running", "{sequence}", "Answers that are being written.", statistics => statistics.RunningSequences);
        Gauge("foretell.engine.sequences.waiting", "{sequence}", "Answers that wait for a place in the cache.", statistics => statistics.WaitingSequences);
        Gauge("foretell.engine.cache.blocks", "{block}", "Blocks of the cache of keys and values.", statistics => statistics.Blocks);
        Gauge("foretell.engine.cache.blocks.free", "{block}", "Of them, those that no answer holds.", statistics => statistics.FreeBlocks);
        Total("foretell.engine.steps", "{step}", "Passes of the model.", statistics => statistics.Steps);
        Total("foretell.engine.tokens.generated", "{token}", "Tokens drawn.", statistics => statistics.GeneratedTokens);
        Total("foretell.engine.tokens.prompt", "{token}", "Prompt tokens of the requests that are over.", statistics => statistics.PromptTokens);
        Total("foretell.engine.tokens.prompt.cached", "{token}", "Of them, found in the prefix cache.", statistics => statistics.CachedPromptTokens);
        Total("foretell.engine.preemptions", "{preemption}", "Times that an answer gave up its place in the cache for others.", statistics => statistics.Preemptions);

        void Gauge(string name, string unit, string help, Func<EngineStatistics, int> read) =>
            meter.CreateObservableGauge(name, () => Measure<int>(catalog, read), unit, help);

        void Total(string name, string unit, string help, Func<EngineStatistics, long> read) =>
            meter.CreateObservableCounter(name, () => Measure<long>(catalog, read), unit, help);
    }

    private static IEnumerable<Measurement<T>> Measure<T>(ModelCatalog catalog, Func<EngineStatistics, T> read)
        where T : struct
    {
        foreach (ForetellModel model in catalog.LoadedModels)
        {
            yield return new Measurement<T>(read(model.Engine.Statistics), new KeyValuePair<string, object?>("model", model.Id));
        }
    }
}
