using System.Globalization;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;
using Microsoft.Extensions.Options;

namespace Foretell.Assistant;

/// <summary>Says of every option that is out of its range what it is and what was expected.</summary>
internal sealed class ForetellOptionsValidator : IValidateOptions<ForetellOptions>
{
    public ValidateOptionsResult Validate(string? name, ForetellOptions options)
    {
        string[] complaints = [.. Complaints(options)];
        return complaints.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(complaints);
    }

    /// <exception cref="ArgumentException">An option is out of its range; the message names all that are.</exception>
    public static void Require(ForetellOptions options)
    {
        string[] complaints = [.. Complaints(options)];
        if (complaints.Length > 0)
        {
            throw new ArgumentException(string.Join(" ", complaints), nameof(options));
        }
    }

    public static IEnumerable<string> Complaints(ForetellOptions options)
    {
        if (string.IsNullOrWhiteSpace(options.Path))
        {
            yield return "foretell: Path is empty; name a Hugging Face folder, a GGUF file or a run's folder.";
        }
        else if (!File.Exists(options.Path) && !Directory.Exists(options.Path))
        {
            yield return $"foretell: Path is {options.Path}, and nothing is there; name a Hugging Face folder, a GGUF file or a run's folder.";
        }
        if (options.ModelId is not null && string.IsNullOrWhiteSpace(options.ModelId))
        {
            yield return "foretell: ModelId is blank; give a name or leave it null.";
        }
        if (options.Threads < 0)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"foretell: Threads is {options.Threads}; expected 0 (one a core) or more.");
        }
        if (options.Kernels is string kernels && !CpuDevice.AvailableKernels.Contains(kernels))
        {
            yield return $"foretell: Kernels is \"{kernels}\"; this machine has {string.Join(", ", CpuDevice.AvailableKernels)}.";
        }
        if (options.Precision is not (DType.Float32 or DType.BFloat16))
        {
            yield return $"foretell: Precision is {options.Precision}; expected Float32 or BFloat16.";
        }
        if (options.EmbeddingBatchTokens < 1)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"foretell: EmbeddingBatchTokens is {options.EmbeddingBatchTokens}; expected at least 1.");
        }
        if (EngineComplaint(options) is string complaint)
        {
            yield return complaint;
        }
    }

    private static string? EngineComplaint(ForetellOptions options)
    {
        try
        {
            options.Engine.Validate();
            return null;
        }
        catch (ArgumentException error)
        {
            return error.Message;
        }
    }
}
