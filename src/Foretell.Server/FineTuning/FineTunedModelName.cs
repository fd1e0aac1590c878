namespace Foretell.Server.FineTuning;

/// <summary>Names of fine-tuned models: <c>ft:BASE:SUFFIX:ID</c>, the suffix empty where none was given, and <c>:ckpt-step-N</c> behind it for a checkpoint.</summary>
internal static class FineTunedModelName
{
    private const string Prefix = "ft:";
    private const int TailLength = 8;

    public static string Of(string root, string? suffix, string tail, string? checkpoint) =>
        $"{Prefix}{root}:{suffix}:{tail}{(checkpoint is null ? "" : ":" + checkpoint)}";

    /// <summary>The model at the beginning: a fine-tuned model that is tuned again keeps the name of its own base.</summary>
    public static string Root(string model)
    {
        string[] parts = model.StartsWith(Prefix, StringComparison.Ordinal) ? model[Prefix.Length..].Split(':') : [];
        return parts.Length >= 3 ? parts[0] : model;
    }

    /// <summary>The last, random letters of the job's identifier.</summary>
    public static string Tail(string job) => job[^TailLength..];
}
