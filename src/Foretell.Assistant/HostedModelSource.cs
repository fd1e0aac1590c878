using Foretell.Inference;

namespace Foretell.Assistant;

/// <summary>The models of a host: a request may name any of them, and holds it while it runs.</summary>
internal sealed class HostedModelSource(ModelHost<ForetellModel> host, string defaultModel) : IModelSource
{
    public string ModelId => defaultModel;

    /// <summary>Never: a model may leave at any time while no request holds it.</summary>
    public ForetellModel? Loaded => null;

    public async ValueTask<HeldModel> AcquireAsync(string? modelId, CancellationToken cancellation)
    {
        ModelLease<ForetellModel> lease = await host.AcquireAsync(modelId ?? defaultModel, cancellation).ConfigureAwait(false);
        return new HeldModel(lease.Model, lease);
    }

    public void Dispose()
    {
    }

    /// <exception cref="ArgumentException">The host has no such model.</exception>
    public static HostedModelSource Of(ModelHost<ForetellModel> host, string defaultModel) =>
        host.Names.Contains(defaultModel) ? new HostedModelSource(host, defaultModel) : throw new UnknownModelException(defaultModel, host.Names);
}
