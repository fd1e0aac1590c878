using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Foretell.Models;
using Foretell.Nn;

namespace Foretell.Training;

/// <summary>Identity of a model's weights, so that a run is not resumed over others.</summary>
public static class ModelFingerprint
{
    /// <summary>SHA-256 of names and values (in single precision), lower-case hexadecimal.</summary>
    public static string Of(Transformer model)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (Parameter parameter in model.Parameters.All)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(parameter.Name));
            hash.AppendData(MemoryMarshal.AsBytes(parameter.Value.ToArray().AsSpan()));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
