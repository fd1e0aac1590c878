using Foretell.Tensors.Files;

namespace Foretell.Cli;

/// <summary>The key of encrypted weights, for every command that reads a model.</summary>
internal static class WeightKeys
{
    /// <summary>Names the file of the key.</summary>
    public const string Variable = "FORETELL_KEY_FILE";

    /// <summary>The key that <see cref="Variable"/> names; null where it is not set.</summary>
    /// <exception cref="IOException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It holds no key.</exception>
    public static WeightKey? FromEnvironment() =>
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } file ? WeightKey.Read(file) : null;
}
