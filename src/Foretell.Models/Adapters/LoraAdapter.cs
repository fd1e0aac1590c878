using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Autograd;
using Foretell.Tensors.Kernels;

namespace Foretell.Models;

/// <summary>
/// Low-rank adaptation (Hu et al. 2021, <see href="https://arxiv.org/abs/2106.09685"/>): beside a frozen projection W runs a
/// small one, y = W x + (alpha / rank) · B A x, with A [rank, in] and B [out, rank]. B begins as zeros, so that training
/// begins from the model as it is.
/// </summary>
public sealed class LoraAdapter : IDisposable
{
    private readonly (Tensor A, Tensor B)?[] _pairs;
    private readonly IReadOnlyList<ProjectionSite> _sites;

    /// <summary>An adapter that changes nothing until it is trained or filled.</summary>
    /// <param name="name">What it is called beside others on the model.</param>
    /// <param name="sites">The model's <see cref="Transformer.Projections"/>.</param>
    /// <param name="training">Whether its parameters have gradients.</param>
    /// <param name="targets">Names of the sites to adapt; null for those that the options' targets choose.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or a target is no projection of the model.</exception>
    public LoraAdapter(string name, LoraOptions options, IReadOnlyList<ProjectionSite> sites, Device device, bool training, IReadOnlySet<string>? targets = null)
    {
        if (options.Rank < 1 || !(options.Alpha > 0) || options.Dropout is not (>= 0 and < 1))
        {
            throw new ArgumentException($"A LoRA adapter needs a rank of at least 1, an alpha above 0 and a dropout in [0, 1); they are {options}.");
        }
        (Name, Options, _sites) = (name, options, sites);
        if (options.Targets.FirstOrDefault(target => !sites.Any(site => site.Kind == target)) is string unknown)
        {
            throw new ArgumentException($"The LoRA target \"{unknown}\" is no projection of the model; there are {string.Join(", ", sites.Select(site => site.Kind).Distinct())}.");
        }
        Parameters = new ParameterStore(device, training);
        _pairs = new (Tensor, Tensor)?[sites.Count];
        for (int i = 0; i < sites.Count; i++)
        {
            ProjectionSite site = sites[i];
            if (targets?.Contains(site.Name) ?? (options.Targets.Count == 0 || options.Targets.Contains(site.Kind)))
            {
                _pairs[i] = (
                    Parameters.Create($"{site.Name}.lora_A.weight", ParameterKind.Matrix, [options.Rank, site.Inputs]),
                    Parameters.Create($"{site.Name}.lora_B.weight", ParameterKind.Matrix, [site.Outputs, options.Rank]));
            }
        }
    }

    public string Name { get; }

    public LoraOptions Options { get; }

    /// <summary>The factors: "model.layers.0.self_attn.q_proj.lora_A.weight" [rank, in], "….lora_B.weight" [out, rank].</summary>
    public ParameterStore Parameters { get; }

    /// <summary>The projections that it adapts.</summary>
    public IEnumerable<ProjectionSite> Adapted => _sites.Where((_, i) => _pairs[i] is not null);

    /// <summary>Draws A: normal with deviation 1 / √(3 in), the variance of PEFT's uniform draw. B stays zero.</summary>
    public void Initialize(ulong seed)
    {
        foreach (Parameter parameter in Parameters.All)
        {
            bool isDown = parameter.Name.EndsWith("lora_A.weight", StringComparison.Ordinal);
            Initialization.Normal(parameter, isDown ? 1 / Math.Sqrt(3.0 * parameter.Value.Shape[1]) : 0, seed);
        }
    }

    /// <summary>A projection's result with the adapter's part.</summary>
    /// <param name="site">The projection's index.</param>
    /// <param name="x">[tokens, in].</param>
    /// <param name="y">[tokens, out], what the frozen projection gave.</param>
    internal Tensor Add(Tape tape, int site, Tensor x, Tensor y, DropoutDraw? draw)
    {
        if (_pairs[site] is not (Tensor a, Tensor b))
        {
            return y;
        }
        Tensor kept = draw is DropoutDraw drawn ? tape.Dropout(x, Options.Dropout, drawn.At(Place(site))) : x;
        return tape.Add(y, tape.Scale(tape.Linear(tape.Linear(kept, a), b), Options.Scale));
    }

    /// <summary>Adds the adapter to a model's own weights: W += scale · B A. The model then says without it what it said with it, up to rounding.</summary>
    /// <param name="model">Of the same shape as the one that it was trained on, with its weights in single precision in memory of their own.</param>
    /// <exception cref="ArgumentException">The weights are mapped from a file or of another type.</exception>
    public void MergeInto(Transformer model)
    {
        for (int i = 0; i < _pairs.Length; i++)
        {
            if (_pairs[i] is not (Tensor a, Tensor b))
            {
                continue;
            }
            Tensor weight = model.Parameters.Find($"{_sites[i].Name}.weight")!.Value;
            if (weight.Type != DType.Float32)
            {
                throw new ArgumentException($"An adapter merges into weights in single precision; {_sites[i].Name} is {weight.Type}. Load the model for training instead.");
            }
            weight.CopyFrom(Merged(weight.ToArray(), a.ToArray(), b.ToArray(), _sites[i].Inputs));
        }
    }

    public void Dispose() => Parameters.Dispose();

    private float[] Merged(float[] weight, float[] a, float[] b, int inputs)
    {
        double[] row = new double[inputs];
        for (int output = 0; output < weight.Length / inputs; output++)
        {
            Array.Clear(row);
            for (int r = 0; r < Options.Rank; r++)
            {
                double factor = b[output * Options.Rank + r];
                for (int input = 0; input < inputs; input++)
                {
                    row[input] += factor * a[r * inputs + input];
                }
            }
            for (int input = 0; input < inputs; input++)
            {
                weight[output * inputs + input] += (float)(Options.Scale * row[input]);
            }
        }
        return weight;
    }

    /// <summary>Where a site's dropout is drawn; blocks' own dropout takes the places from 0 up.</summary>
    private static int Place(int site) => -1 - site;
}
