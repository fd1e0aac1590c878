using System.Text.Json.Nodes;

namespace Foretell.Tokenizers.Tests;

/// <summary>Reference results under golden/tokenizers; the scripts beside them made them.</summary>
internal static class GoldenFiles
{
    public static JsonNode Read(string name)
    {
        DirectoryInfo folder = new(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Foretell.slnx")))
        {
            folder = folder.Parent ?? throw new DirectoryNotFoundException("not run from inside a checkout");
        }
        return JsonNode.Parse(File.ReadAllText(Path.Combine(folder.FullName, "golden", "tokenizers", name)))!;
    }

    public static int[] Integers(this JsonNode node) => [.. node.AsArray().Select(value => (int)value!)];
}
