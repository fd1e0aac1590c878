using System.Security.Cryptography;
using System.Text;
using Foretell.Models;
using Foretell.Nn;
using Foretell.Tensors;
using Foretell.Tensors.Autograd;
using Foretell.Tokenizers;

namespace Foretell.Evaluation;

/// <summary>A transformer as what compression and bits per byte ask: whole windows at once, or step by step over a key-value cache, to the same bits.</summary>
public sealed class TransformerPredictor(Transformer model, Tokenizer tokenizer) : ITokenPredictor
{
    /// <summary>A longer context is not used, so that a window's memory and time stay bounded.</summary>
    public const int LongestContext = 4096;

    /// <summary>Logits held at once, in numbers.</summary>
    private const int LogitsAtOnce = 4 << 20;

    private readonly Lazy<string> _identity = new(() => Hash(model, tokenizer));

    public int VocabularySize => model.Config.VocabularySize;

    public int ContextLength => Math.Min(model.Config.ContextLength, LongestContext);

    public string Identity => _identity.Value;

    public string Numerics => model.Device.Name;

    public void PredictAll(ReadOnlySpan<int> tokens, int firstPosition, LogitsConsumer receive)
    {
        using var tape = new Tape(model.Device, recording: false);
        Tensor hidden = model.Hidden(tape, TokenBatch.Single(tokens));
        int chunk = Math.Max(1, LogitsAtOnce / VocabularySize);
        for (int start = firstPosition; start < tokens.Length; start += chunk)
        {
            int count = Math.Min(chunk, tokens.Length - start);
            using var part = new Tape(model.Device, recording: false);
            ReadOnlySpan<float> logits = model.Logits(part, part.Slice(hidden, 0, start, count)).Span<float>();
            for (int i = 0; i < count; i++)
            {
                receive(start + i, logits.Slice(i * VocabularySize, VocabularySize));
            }
        }
    }

    public ITokenStepper Begin() => new Stepper(model, ContextLength);

    private static string Hash(Transformer model, Tokenizer tokenizer)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{model.Config}|{tokenizer.Fingerprint}|"));
        foreach (Parameter parameter in model.Parameters.All)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{parameter.Name}{parameter.Value.Shape}{parameter.Value.Type}"));
            hash.AppendData(parameter.Value.Bytes());
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
