namespace Foretell.Models;

/// <summary>A linear map of a model that an adapter can stand beside.</summary>
/// <param name="Name">As "model.layers.0.self_attn.q_proj".</param>
public sealed record ProjectionSite(string Name, int Outputs, int Inputs)
{
    /// <summary>The last part of the name, as "q_proj".</summary>
    public string Kind => Name[(Name.LastIndexOf('.') + 1)..];
}
