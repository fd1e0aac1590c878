using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Autograd;
using Foretell.Tensors.Kernels;

namespace Foretell.Models;

/// <summary>
/// The decoder-only transformer (Vaswani et al. 2017; Radford et al. 2019) of which GPT-2, Llama, Qwen2 and Qwen3 are
/// configurations. One definition serves training, rollouts and serving: what was trained is what is served, to the bit.
/// Parameters are named as Hugging Face names Llama's and Qwen's.
/// </summary>
public sealed class Transformer : IDisposable
{
    private readonly Tensor _embedding;
    private readonly Tensor? _positionEmbedding;
    private readonly Block[] _blocks;
    private readonly Norm _finalNorm;
    private readonly Tensor _head;
    private readonly TensorScope _constants;
    private readonly RotaryTables? _rotary;

    /// <param name="training">Whether parameters have gradients.</param>
    /// <param name="type">How weights are kept: Float32, BFloat16 for inference, or Float64 to check gradients on the reference kernels.</param>
    public Transformer(TransformerConfig config, Device device, bool training, DType type = DType.Float32)
    {
        config.Validate();
        Config = config;
        Parameters = new ParameterStore(device, training, type);
        _constants = new TensorScope(device);
        _embedding = Parameters.Create("model.embed_tokens.weight", ParameterKind.Embedding, [config.VocabularySize, config.Channels]);
        if (config.Positions == PositionKind.Learned)
        {
            _positionEmbedding = Parameters.Create("model.embed_positions.weight", ParameterKind.Embedding, [config.ContextLength, config.Channels]);
        }
        else
        {
            _rotary = new RotaryTables(_constants, config.ContextLength, config.HeadSize, config.RotaryBase, config.RotaryScaling);
        }
        _blocks = new Block[config.Layers];
        for (int layer = 0; layer < config.Layers; layer++)
        {
            _blocks[layer] = new Block(this, layer);
        }
        _finalNorm = new Norm(this, "model.norm", config.Channels);
        _head = config.TiedHead ? Parameters.SecondUse(_embedding) : Parameters.Create("lm_head.weight", ParameterKind.Embedding, [config.VocabularySize, config.Channels]);
    }

    public TransformerConfig Config { get; }

    public ParameterStore Parameters { get; }

    public Device Device => Parameters.Device;

    /// <summary>A cache for one sequence of up to <paramref name="capacity"/> tokens (default: the context length).</summary>
    public KeyValueCache NewCache(int? capacity = null) => new(Device, Config.Layers, Math.Min(capacity ?? Config.ContextLength, Config.ContextLength), Config.KeyValueHeads * Config.HeadSize);

    /// <summary>
    /// Draws the first values: embeddings normal with deviation 0.02; matrices that feed a block's inside normal with
    /// deviation 1 / sqrt(inputs) (GPT-2: 0.02); matrices that write back to the residual stream zero (GPT-2: 0.02 /
    /// sqrt(2 layers)), so that training starts from the identity; gains 1; biases 0.
    /// </summary>
    public void Initialize(ulong seed)
    {
        bool gpt2 = Config.Architecture == "gpt2";
        foreach (Parameter parameter in Parameters.All)
        {
            bool writesBack = parameter.Name.EndsWith("o_proj.weight", StringComparison.Ordinal) || parameter.Name.EndsWith("down_proj.weight", StringComparison.Ordinal);
            if (parameter.Kind == ParameterKind.Vector)
            {
                Initialization.Constant(parameter, parameter.Name.EndsWith("bias", StringComparison.Ordinal) ? 0 : 1);
            }
            else if (parameter.Kind == ParameterKind.Embedding)
            {
                Initialization.Normal(parameter, 0.02, seed);
            }
            else if (writesBack)
            {
                Initialization.Normal(parameter, gpt2 ? 0.02 / Math.Sqrt(2 * Config.Layers) : 0, seed);
            }
            else
            {
                Initialization.Normal(parameter, gpt2 ? 0.02 : 1 / Math.Sqrt(parameter.Value.Shape[1]), seed);
            }
        }
    }

    /// <summary>Runs the blocks and the last norm over a batch.</summary>
    /// <param name="cache">What the (single) sequence's earlier tokens left, extended by this batch; null for whole sequences.</param>
    /// <param name="dropout">What this pass's dropout is drawn from while training; null while not.</param>
    /// <returns>[tokens, channels].</returns>
    public Tensor Hidden(Tape tape, TokenBatch batch, KeyValueCache? cache = null, DropoutDraw? dropout = null) => Run(tape, batch, cache, dropout, null);

    /// <summary>The part of the model that is the first to give something not finite for a batch of whole sequences: "the embedding", "layer 3", "the last norm" or "the head"; null when all is finite.</summary>
    public string? FirstNonFinite(Tape tape, TokenBatch batch)
    {
        string? found = null;
        void Look(string part, Tensor output)
        {
            if (found is null && !double.IsFinite(Device.SquaredNorm(output)))
            {
                found = part;
            }
        }
        Tensor hidden = Run(tape, batch, null, null, Look);
        Look("the head", Logits(tape, hidden));
        return found;
    }

    private Tensor Run(Tape tape, TokenBatch batch, KeyValueCache? cache, DropoutDraw? dropout, Action<string, Tensor>? observe)
    {
        if (cache is not null && batch.Segments.Count != 1)
        {
            throw new ArgumentException($"A cache belongs to one sequence; the batch has {batch.Segments.Count}.");
        }
        Tensor positions = tape.Scope.From(batch.Positions, [batch.Positions.Length]);
        Tensor x = tape.Embedding(tape.Scope.From(batch.Ids, [batch.Ids.Length]), _embedding);
        if (_positionEmbedding is not null)
        {
            x = tape.Add(x, tape.Embedding(positions, _positionEmbedding));
        }
        observe?.Invoke("the embedding", x);
        AttentionSegment[] segments = cache is null
            ? batch.SelfAttention()
            : [new AttentionSegment(0, batch.Ids.Length, 0, cache.Length + batch.Ids.Length)];
        var plan = new AttentionPlan(segments, Config.Heads, Config.KeyValueHeads, Config.HeadSize, 1 / MathF.Sqrt(Config.HeadSize));
        for (int layer = 0; layer < _blocks.Length; layer++)
        {
            x = _blocks[layer].Forward(tape, x, positions, plan, cache, dropout);
            observe?.Invoke(FormattableString.Invariant($"layer {layer}"), x);
        }
        cache?.Advance(batch.Ids.Length);
        x = _finalNorm.Forward(tape, x);
        observe?.Invoke("the last norm", x);
        return x;
    }

    /// <summary>The head: scores of the next token for each row of <see cref="Hidden"/>'s result.</summary>
    /// <returns>[rows, vocabulary].</returns>
    public Tensor Logits(Tape tape, Tensor hidden) => tape.Linear(hidden, _head);

    /// <summary>Scaled sum of the weighted nats of the targets, and each token's nats; see <see cref="Tape.HeadCrossEntropy"/>.</summary>
    public (Tensor Loss, Tensor Nats) Loss(Tape tape, TokenBatch batch, int[] targets, float[] weights, float scale, DropoutDraw? dropout = null)
    {
        Tensor hidden = Hidden(tape, batch, dropout: dropout);
        return tape.HeadCrossEntropy(hidden, _head, tape.Scope.From(targets, [targets.Length]), tape.Scope.From(weights, [weights.Length]), scale);
    }

    public void Dispose()
    {
        Parameters.Dispose();
        _constants.Dispose();
    }

    /// <summary>A linear map of the model with an optional bias.</summary>
    private sealed class Projection
    {
        private readonly Tensor _weight;
        private readonly Tensor? _bias;

        public Projection(Transformer model, string name, int outputs, int inputs, bool bias)
        {
            _weight = model.Parameters.Create($"{name}.weight", ParameterKind.Matrix, [outputs, inputs]);
            _bias = bias ? model.Parameters.Create($"{name}.bias", ParameterKind.Vector, [outputs]) : null;
        }

        public Tensor Forward(Tape tape, Tensor x) => tape.Linear(x, _weight, _bias);
    }

    private sealed class Norm
    {
        private readonly Tensor _gain;
        private readonly Tensor? _bias;
        private readonly float _epsilon;

        public Norm(Transformer model, string name, int channels)
        {
            _epsilon = model.Config.NormEpsilon;
            _gain = model.Parameters.Create($"{name}.weight", ParameterKind.Vector, [channels]);
            _bias = model.Config.Norm == NormKind.LayerNorm ? model.Parameters.Create($"{name}.bias", ParameterKind.Vector, [channels]) : null;
        }

        public Tensor Forward(Tape tape, Tensor x) => _bias is null ? tape.RmsNorm(x, _gain, _epsilon) : tape.LayerNorm(x, _gain, _bias, _epsilon);
    }

    /// <summary>x + attention(norm(x)), then x + feed-forward(norm(x)).</summary>
    private sealed class Block
    {
        private readonly Transformer _model;
        private readonly int _layer;
        private readonly Norm _attentionNorm;
        private readonly Norm _feedForwardNorm;
        private readonly Projection _query;
        private readonly Projection _key;
        private readonly Projection _value;
        private readonly Projection _output;
        private readonly Tensor? _queryGain;
        private readonly Tensor? _keyGain;
        private readonly Projection? _gate;
        private readonly Projection _up;
        private readonly Projection _down;

        public Block(Transformer model, int layer)
        {
            _model = model;
            _layer = layer;
            TransformerConfig config = model.Config;
            string name = $"model.layers.{layer}";
            int queries = config.Heads * config.HeadSize;
            int keys = config.KeyValueHeads * config.HeadSize;
            _attentionNorm = new Norm(model, $"{name}.input_layernorm", config.Channels);
            _query = new Projection(model, $"{name}.self_attn.q_proj", queries, config.Channels, config.AttentionBias);
            _key = new Projection(model, $"{name}.self_attn.k_proj", keys, config.Channels, config.AttentionBias);
            _value = new Projection(model, $"{name}.self_attn.v_proj", keys, config.Channels, config.AttentionBias);
            _output = new Projection(model, $"{name}.self_attn.o_proj", config.Channels, queries, config.ProjectionBias);
            if (config.QueryKeyNorm)
            {
                _queryGain = model.Parameters.Create($"{name}.self_attn.q_norm.weight", ParameterKind.Vector, [config.HeadSize]);
                _keyGain = model.Parameters.Create($"{name}.self_attn.k_norm.weight", ParameterKind.Vector, [config.HeadSize]);
            }
            _feedForwardNorm = new Norm(model, $"{name}.post_attention_layernorm", config.Channels);
            _gate = config.Gated ? new Projection(model, $"{name}.mlp.gate_proj", config.HiddenChannels, config.Channels, config.ProjectionBias) : null;
            _up = new Projection(model, $"{name}.mlp.up_proj", config.HiddenChannels, config.Channels, config.ProjectionBias);
            _down = new Projection(model, $"{name}.mlp.down_proj", config.Channels, config.HiddenChannels, config.ProjectionBias);
        }

        public Tensor Forward(Tape tape, Tensor x, Tensor positions, AttentionPlan plan, KeyValueCache? cache, DropoutDraw? draw)
        {
            float dropout = draw is null ? 0 : _model.Config.Dropout;
            DropoutDraw drawn = draw ?? default;
            x = tape.Add(x, tape.Dropout(Attend(tape, _attentionNorm.Forward(tape, x), positions, plan, cache), dropout, drawn.At(2 * _layer)));
            return tape.Add(x, tape.Dropout(FeedForward(tape, _feedForwardNorm.Forward(tape, x)), dropout, drawn.At(2 * _layer + 1)));
        }

        private Tensor Attend(Tape tape, Tensor x, Tensor positions, AttentionPlan plan, KeyValueCache? cache)
        {
            Tensor q = Place(tape, _query.Forward(tape, x), _queryGain, positions);
            Tensor k = Place(tape, _key.Forward(tape, x), _keyGain, positions);
            Tensor v = _value.Forward(tape, x);
            if (cache is not null)
            {
                (k, v) = cache.Append(tape, _layer, k, v);
            }
            return _output.Forward(tape, tape.Attention(q, k, v, plan));
        }

        /// <summary>Normalises (where configured) and rotates queries or keys.</summary>
        private Tensor Place(Tape tape, Tensor x, Tensor? gain, Tensor positions)
        {
            if (gain is not null)
            {
                x = tape.RmsNorm(x, gain, _model.Config.NormEpsilon);
            }
            return _model._rotary is RotaryTables rotary
                ? tape.Rotary(x, positions, rotary.Cosines, rotary.Sines, _model.Config.Positions == PositionKind.RotaryInterleaved)
                : x;
        }

        private Tensor FeedForward(Tape tape, Tensor x) => _down.Forward(tape, _gate is null
            ? tape.Map(_model.Config.Activation, _up.Forward(tape, x))
            : tape.SwiGlu(_gate.Forward(tape, x), _up.Forward(tape, x)));
    }
}
