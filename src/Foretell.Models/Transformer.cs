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
    private readonly List<ProjectionSite> _projections = [];

    /// <param name="training">Whether parameters have gradients.</param>
    /// <param name="type">How weights are kept: Float32, BFloat16 for inference, or Float64 to check gradients on the reference kernels.</param>
    public Transformer(TransformerConfig config, Device device, bool training, DType type = DType.Float32)
        : this(config, new ParameterStore(device, training, type))
    {
    }

    /// <param name="parameters">Makes or finds the parameters; disposed with the model, and when this throws.</param>
    /// <exception cref="InvalidDataException">The parameters' source lacks one, or has it in another shape.</exception>
    public Transformer(TransformerConfig config, ParameterStore parameters)
    {
        Config = config;
        Parameters = parameters;
        _constants = new TensorScope(Device);
        try
        {
            config.Validate();
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
        catch
        {
            Dispose();
            throw;
        }
    }

    public TransformerConfig Config { get; }

    public ParameterStore Parameters { get; }

    /// <summary>The blocks' linear maps, in the order of a pass.</summary>
    public IReadOnlyList<ProjectionSite> Projections => _projections;

    /// <summary>Low-rank adapters beside the projections; none unless added.</summary>
    public LoraAdapters Adapters { get; } = new();

    public Device Device => Parameters.Device;

    /// <summary>A cache for one sequence of up to <paramref name="capacity"/> tokens (default: the context length).</summary>
    public KeyValueCache NewCache(int? capacity = null) =>
        new(Device, Config.Layers, Math.Min(capacity ?? Config.ContextLength, Config.ContextLength), Config.KeyValueHeads, Config.HeadSize, CacheType);

    /// <summary>Blocks of keys and values for many sequences; <see cref="CacheBytesPerToken"/> says how many fit into a given memory.</summary>
    /// <param name="blocks">Number of blocks of <see cref="KeyValuePool.BlockTokens"/> tokens.</param>
    public KeyValuePool NewPool(int blocks) => new(Device, Config.Layers, blocks, Config.KeyValueHeads, Config.HeadSize, CacheType);

    /// <summary>Bytes that a cached token takes on this model's device, in all layers.</summary>
    public long CacheBytesPerToken => KeyValuePool.BytesPerToken(Device, Config.Layers, Config.KeyValueHeads, Config.HeadSize, CacheType);

    private DType CacheType => _embedding.Type == DType.Float64 ? DType.Float64 : DType.Float32;

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

    /// <summary>Runs the blocks and the last norm over a batch of whole sequences.</summary>
    /// <param name="dropout">What this pass's dropout is drawn from while training; null while not.</param>
    /// <returns>[tokens, channels].</returns>
    public Tensor Hidden(Tape tape, TokenBatch batch, DropoutDraw? dropout = null) => Run(tape, batch, null, dropout, null);

    /// <summary>The same for one sequence whose earlier tokens are in a cache, which this batch extends.</summary>
    /// <param name="batch">One segment; its positions go on from the cache's length.</param>
    /// <param name="cache">Null for a whole sequence.</param>
    /// <returns>[tokens, channels].</returns>
    /// <exception cref="InvalidOperationException">The tokens do not fit into the cache.</exception>
    public Tensor Hidden(Tape tape, TokenBatch batch, KeyValueCache? cache)
    {
        if (cache is null)
        {
            return Run(tape, batch, null, null, null);
        }
        if (batch.Ids.Length > cache.Capacity - cache.Length)
        {
            throw new InvalidOperationException($"The cache holds {cache.Capacity} tokens; {cache.Length} are in it and {batch.Ids.Length} more do not fit.");
        }
        return Hidden(tape, batch, cache.Pool, [cache.Table]);
    }

    /// <summary>
    /// The same for many sequences whose earlier tokens are in a pool: prompts, parts of prompts and single tokens side by
    /// side. Each token's result has the bits that it has in its whole sequence alone.
    /// </summary>
    /// <param name="batch">Segment i is the next tokens of sequence i: positions go on from its table's length.</param>
    /// <param name="pool">Of this model's layers and heads, on its device.</param>
    /// <param name="tables">One a segment, with blocks enough; each is advanced by its segment's tokens. Blocks that this pass writes, from a table's length on, are in no other table.</param>
    /// <returns>[tokens, channels].</returns>
    /// <exception cref="ArgumentException">Tables, segments, positions or blocks do not fit.</exception>
    /// <exception cref="InvalidOperationException">A table has too few blocks.</exception>
    public Tensor Hidden(Tape tape, TokenBatch batch, KeyValuePool pool, IReadOnlyList<BlockTable> tables)
    {
        if (tables.Count != batch.Segments.Count)
        {
            throw new ArgumentException($"A pass takes one block table a segment; the batch has {batch.Segments.Count} segments and {tables.Count} tables were given.");
        }
        if (pool.Device != Device || pool.Layers != Config.Layers || pool.KeyValueHeads != Config.KeyValueHeads || pool.HeadSize != Config.HeadSize)
        {
            throw new ArgumentException($"The pool holds {pool.Layers} layers of {pool.KeyValueHeads} heads of size {pool.HeadSize}; this model has {Config.Layers} of {Config.KeyValueHeads} of size {Config.HeadSize}. Make it by NewPool.");
        }
        var segments = new PagedSegment[tables.Count];
        for (int i = 0; i < segments.Length; i++)
        {
            (int start, int length) = batch.Segments[i];
            if (length > 0 && batch.Positions[start] != tables[i].Length)
            {
                throw new ArgumentException($"Segment {i} begins at position {batch.Positions[start]}; its sequence has {tables[i].Length} tokens, so it must begin there.");
            }
            segments[i] = tables[i].Segment(start, length);
        }
        var cached = new CachedPass(pool, new PagedAttentionPlan(segments, Config.Heads, Config.KeyValueHeads, Config.HeadSize, 1 / MathF.Sqrt(Config.HeadSize)));
        Tensor hidden = Run(tape, batch, cached, null, null);
        for (int i = 0; i < segments.Length; i++)
        {
            tables[i].Advance(segments[i].QueryCount);
        }
        return hidden;
    }

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

    private Tensor Run(Tape tape, TokenBatch batch, CachedPass? cached, DropoutDraw? dropout, Action<string, Tensor>? observe)
    {
        Tensor positions = tape.Scope.From(batch.Positions, [batch.Positions.Length]);
        var places = new Places(positions, _rotary?.Covering(1 + Enumerable.Max(batch.Positions)));
        Tensor x = tape.Embedding(tape.Scope.From(batch.Ids, [batch.Ids.Length]), _embedding);
        if (_positionEmbedding is not null)
        {
            x = tape.Add(x, tape.Embedding(positions, _positionEmbedding));
        }
        observe?.Invoke("the embedding", x);
        AttentionSegment[] segments = cached is null ? batch.SelfAttention() : [];
        var plan = new AttentionPlan(segments, Config.Heads, Config.KeyValueHeads, Config.HeadSize, 1 / MathF.Sqrt(Config.HeadSize));
        for (int layer = 0; layer < _blocks.Length; layer++)
        {
            x = _blocks[layer].Forward(tape, x, places, plan, cached, dropout);
            observe?.Invoke(FormattableString.Invariant($"layer {layer}"), x);
        }
        x = _finalNorm.Forward(tape, x);
        observe?.Invoke("the last norm", x);
        return x;
    }

    /// <summary>The head: scores of the next token for each row of <see cref="Hidden(Tape, TokenBatch, DropoutDraw?)"/>'s result.</summary>
    /// <returns>[rows, vocabulary].</returns>
    public Tensor Logits(Tape tape, Tensor hidden) => tape.Linear(hidden, _head);

    /// <summary>Scaled sum of the weighted nats of the targets, and each token's nats; see <see cref="Tape.HeadCrossEntropy"/>.</summary>
    public (Tensor Loss, Tensor Nats) Loss(Tape tape, TokenBatch batch, int[] targets, float[] weights, float scale, DropoutDraw? dropout = null)
        => Loss(tape, Hidden(tape, batch, dropout: dropout), targets, weights, scale);

    /// <summary>The same over the result of <see cref="Hidden(Tape, TokenBatch, DropoutDraw?)"/>, [tokens, channels].</summary>
    public (Tensor Loss, Tensor Nats) Loss(Tape tape, Tensor hidden, int[] targets, float[] weights, float scale) =>
        tape.HeadCrossEntropy(hidden, _head, tape.Scope.From(targets, [targets.Length]), tape.Scope.From(weights, [weights.Length]), scale);

    public void Dispose()
    {
        Adapters.Dispose();
        Parameters.Dispose();
        _constants.Dispose();
    }

    /// <summary>Where a pass finds and leaves its sequences' keys and values.</summary>
    private sealed record CachedPass(KeyValuePool Pool, PagedAttentionPlan Plan);

    /// <summary>Where a pass's tokens stand: [tokens] positions, and the table that rotates by them (null for learned positions).</summary>
    private readonly record struct Places(Tensor Positions, RotaryTable? Rotary);

    /// <summary>A linear map of the model with an optional bias, and what the active adapter adds.</summary>
    private sealed class Projection
    {
        private readonly Transformer _model;
        private readonly int _site;
        private readonly Tensor _weight;
        private readonly Tensor? _bias;

        public Projection(Transformer model, string name, int outputs, int inputs, bool bias)
        {
            (_model, _site) = (model, model._projections.Count);
            model._projections.Add(new ProjectionSite(name, outputs, inputs));
            _weight = model.Parameters.Create($"{name}.weight", ParameterKind.Matrix, [outputs, inputs]);
            _bias = bias ? model.Parameters.Create($"{name}.bias", ParameterKind.Vector, [outputs]) : null;
        }

        public Tensor Forward(Tape tape, Tensor x, DropoutDraw? draw)
        {
            Tensor y = tape.Linear(x, _weight, _bias);
            return _model.Adapters.Active?.Add(tape, _site, x, y, draw) ?? y;
        }
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

        public Tensor Forward(Tape tape, Tensor x, Places places, AttentionPlan plan, CachedPass? cached, DropoutDraw? draw)
        {
            float dropout = draw is null ? 0 : _model.Config.Dropout;
            DropoutDraw drawn = draw ?? default;
            x = tape.Add(x, tape.Dropout(Attend(tape, _attentionNorm.Forward(tape, x), places, plan, cached, draw), dropout, drawn.At(2 * _layer)));
            return tape.Add(x, tape.Dropout(FeedForward(tape, _feedForwardNorm.Forward(tape, x), draw), dropout, drawn.At(2 * _layer + 1)));
        }

        private Tensor Attend(Tape tape, Tensor x, Places places, AttentionPlan plan, CachedPass? cached, DropoutDraw? draw)
        {
            Tensor q = Place(tape, _query.Forward(tape, x, draw), _queryGain, places);
            Tensor k = Place(tape, _key.Forward(tape, x, draw), _keyGain, places);
            Tensor v = _value.Forward(tape, x, draw);
            Tensor attended = cached is null
                ? tape.Attention(q, k, v, plan)
                : tape.PagedAttention(q, k, v, cached.Pool.Memory, _layer, cached.Plan);
            return _output.Forward(tape, attended, draw);
        }

        /// <summary>Normalises (where configured) and rotates queries or keys.</summary>
        private Tensor Place(Tape tape, Tensor x, Tensor? gain, Places places)
        {
            if (gain is not null)
            {
                x = tape.RmsNorm(x, gain, _model.Config.NormEpsilon);
            }
            return places.Rotary is RotaryTable rotary
                ? tape.Rotary(x, places.Positions, rotary.Cosines, rotary.Sines, _model.Config.Positions == PositionKind.RotaryInterleaved)
                : x;
        }

        private Tensor FeedForward(Tape tape, Tensor x, DropoutDraw? draw) => _down.Forward(tape, _gate is null
            ? tape.Map(_model.Config.Activation, _up.Forward(tape, x, draw))
            : tape.SwiGlu(_gate.Forward(tape, x, draw), _up.Forward(tape, x, draw)), draw);
    }
}
