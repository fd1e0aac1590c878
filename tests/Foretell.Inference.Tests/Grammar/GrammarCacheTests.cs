using System.Text.Json;

namespace Foretell.Inference.Tests;

public class GrammarCacheTests
{
    [Fact]
    public void GetOrCompile_SameSource_IsTheSameGrammar()
    {
        var cache = new GrammarCache();
        JsonElement schema = JsonDocument.Parse("""{"type":"integer"}""").RootElement;
        Assert.Same(cache.JsonSchema(schema), cache.JsonSchema(schema));
        Assert.NotSame(cache.JsonSchema(schema), cache.JsonSchema(schema, new JsonGrammarOptions { Separators = JsonSeparators.Compact }));
        Assert.Same(cache.Regex("a"), cache.Regex("a"));
        Assert.NotSame(cache.Choice(["a", "b"]), cache.Choice(["a1:b"]));
        Assert.Same(cache.ToolCalls([new("f", schema)], ToolCallEnvelope.Hermes), cache.ToolCalls([new("f", schema)], ToolCallEnvelope.Hermes));
        Assert.NotSame(cache.ToolCalls([new("f", schema)], ToolCallEnvelope.Hermes), cache.ToolCalls([new("f", schema)], ToolCallEnvelope.Hermes, new ToolCallOptions { Choice = ToolChoice.Required }));
    }

    [Fact]
    public void GetOrCompile_BeyondItsCapacity_ForgetsTheLeastRecentlyUsed()
    {
        var cache = new GrammarCache(2);
        Grammar a = cache.Regex("a");
        Grammar b = cache.Regex("b");
        Assert.Same(a, cache.Regex("a"));
        cache.Regex("c");
        Assert.Equal(2, cache.Count);
        Assert.Same(a, cache.Regex("a"));
        Assert.NotSame(b, cache.Regex("b"));
        Assert.Throws<GrammarException>(() => cache.Regex("("));
        Assert.Equal(2, cache.Count);
        Assert.Throws<ArgumentOutOfRangeException>(() => new GrammarCache(0));
    }
}
