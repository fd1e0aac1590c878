using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Foretell.Models;
using Foretell.Tensors.Files;
using Foretell.Tokenizers;

namespace Foretell.Training;

/// <summary>
/// What the reference, the model as it was before the first step, gives each answer's tokens: computed once, kept with the
/// run, so that no second model is held while training. A cache of other answers, weights or kernels is not taken, and the
/// first answer is computed again and compared bit by bit.
/// </summary>
internal sealed class ReferenceLogProbabilities
{
    private const string FileName = "reference.safetensors";
    private const string TensorName = "log_probabilities";
    private const string IdentityName = "identity";

    private readonly Dictionary<AnswerTokens, float[]> _byAnswer = new(ReferenceEqualityComparer.Instance);

    private ReferenceLogProbabilities()
    {
    }

    /// <summary>The log-probabilities, in nats, of an answer's tokens, its end of turn included: <see cref="AnswerTokens.Length"/> numbers.</summary>
    public float[] this[AnswerTokens answer] => _byAnswer[answer];

    /// <summary>Reads a run's cache, or computes it and writes it.</summary>
    /// <param name="reference">The model before the first step, not as a checkpoint left it.</param>
    /// <param name="fingerprint">Of its weights.</param>
    /// <param name="answers">In an order that the run's data and recipe fix.</param>
    /// <exception cref="InvalidDataException">The cache says other bits than the model.</exception>
    public static ReferenceLogProbabilities For(Transformer reference, string fingerprint, IReadOnlyList<AnswerTokens> answers, string folder, int tokensAtOnce)
    {
        var result = new ReferenceLogProbabilities();
        string path = Path.Combine(folder, FileName);
        string identity = Identity(fingerprint, reference.Device.Name, answers);
        if (Read(path, identity) is float[] known)
        {
            int start = 0;
            foreach (AnswerTokens answer in answers)
            {
                result._byAnswer[answer] = known[start..(start += answer.Length)];
            }
            float[] again = Of(reference, [answers[0]], tokensAtOnce)[0];
            return again.AsSpan().SequenceEqual(result[answers[0]])
                ? result
                : throw new InvalidDataException($"{path} holds other log-probabilities than the reference gives now; remove it, and choose another --out if the run has begun.");
        }
        IReadOnlyList<float[]> computed = Of(reference, answers, tokensAtOnce);
        for (int i = 0; i < answers.Count; i++)
        {
            result._byAnswer[answers[i]] = computed[i];
        }
        float[] whole = [.. computed.SelectMany(values => values)];
        Directory.CreateDirectory(folder);
        SafeTensorsWriter.Write(path, [new SafeTensorSource(TensorName, "F32", [whole.Length], stream => stream.Write(MemoryMarshal.AsBytes(whole.AsSpan())))], new Dictionary<string, string> { [IdentityName] = identity });
        return result;
    }

    /// <summary>The log-probabilities of answers' own tokens under a model.</summary>
    public static IReadOnlyList<float[]> Of(Transformer model, IReadOnlyList<AnswerTokens> answers, int tokensAtOnce) =>
        [.. SequenceGradient.LogProbabilities(model, [.. answers.Select(answer => answer.Ids)], tokensAtOnce).Select((values, i) => values[(answers[i].Start - 1)..])];

    private static float[]? Read(string path, string identity)
    {
        if (!File.Exists(path))
        {
            return null;
        }
        using ISafeTensors file = SafeTensors.Open(path);
        return file.Metadata.GetValueOrDefault(IdentityName) == identity ? MemoryMarshal.Cast<byte, float>(file.Bytes(TensorName)).ToArray() : null;
    }

    private static string Identity(string fingerprint, string numerics, IReadOnlyList<AnswerTokens> answers)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{fingerprint} {numerics}"));
        foreach (AnswerTokens answer in answers)
        {
            hash.AppendData(MemoryMarshal.AsBytes<int>(new[] { answer.Start, answer.Ids.Length }));
            hash.AppendData(MemoryMarshal.AsBytes<int>(answer.Ids));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
