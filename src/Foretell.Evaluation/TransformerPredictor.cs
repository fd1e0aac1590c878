using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Foretell.Models;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Autograd;
using Foretell.Tokenizers;

namespace Foretell.Evaluation;

/// <summary>A transformer that foretells: whole windows in one pass, or token by token with a key-value cache, with the same bits.</summary>
public sealed class TransformerPredictor : ITokenPredictor
{
    /// <summary>A longer context is not used, so that memory and the time of a window stay bounded.</summary>
    public const int LongestContext = 4096;

    private const int HeldLogits = 1 << 22;

    private readonly Transformer _model;
    private readonly Lazy<string> _identity;

    /// <param name="model">Stays its owner's.</param>
    /// <param name="tokenizer">The one that the model was trained with; part of the identity.</param>
    public TransformerPredictor(Transformer model, Tokenizer tokenizer)
    {
        _model = model;
        ContextLength = Math.Min(model.Config.ContextLength, LongestContext);
        _identity = new Lazy<string>(() => Hash(model, tokenizer));
    }

    /// <inheritdoc/>
    public int VocabularySize => _model.Config.VocabularySize;

    /// <inheritdoc/>
    public int ContextLength { get; }

    /// <inheritdoc/>
    public string Identity => _identity.Value;

    /// <inheritdoc/>
    public string Numerics => _model.Device.Name;

    /// <inheritdoc/>
    public void PredictAll(ReadOnlySpan<int> tokens, int firstPosition, LogitsConsumer receive)
    {
        using var pass = new Tape(_model.Device, recording: false);
        Tensor hidden = _model.Hidden(pass, TokenBatch.Single(tokens));
        int most = Math.Max(1, HeldLogits / VocabularySize);
        for (int start = firstPosition; start < tokens.Length; start += most)
        {
            int rows = Math.Min(most, tokens.Length - start);
            using var head = new Tape(_model.Device, recording: false);
            // [rows, vocabulary]
            Tensor logits = _model.Logits(head, head.Slice(hidden, 0, start, rows));
            for (int row = 0; row < rows; row++)
            {
                receive(start + row, logits.Span<float>().Slice(row * VocabularySize, VocabularySize));
            }
        }
    }

    /// <inheritdoc/>
    public ITokenStepper Begin() => new Stepper(_model, ContextLength);

    private static string Hash(Transformer model, Tokenizer tokenizer)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(ConfigJson.Write(model.Config, tokenizer.EndOfTextId));
        hash.AppendData(Encoding.UTF8.GetBytes(tokenizer.Fingerprint));
        foreach (Parameter parameter in model.Parameters.All)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{parameter.Name} {parameter.Value};")));
            hash.AppendData(parameter.Value.Type == DType.Float32
                ? MemoryMarshal.AsBytes(parameter.Value.Span<float>())
                : MemoryMarshal.AsBytes(parameter.Value.Span<ushort>()));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private sealed class Stepper(Transformer model, int contextLength) : ITokenStepper
    {
        private readonly KeyValueCache _cache = model.NewCache(contextLength);
        private readonly float[] _logits = new float[model.Config.VocabularySize];

        public ReadOnlySpan<float> Append(scoped ReadOnlySpan<int> tokens)
        {
            using var tape = new Tape(model.Device, recording: false);
            Tensor hidden = model.Hidden(tape, TokenBatch.Single(tokens, _cache.Length), _cache);
            model.Logits(tape, tape.Slice(hidden, 0, tokens.Length - 1, 1)).Span<float>().CopyTo(_logits);
            return _logits;
        }

        public void Dispose() => _cache.Dispose();
    }
}
