using System.Text.Json.Nodes;

namespace Foretell.Tokenizers.Tests;

public class CanonicalCompositionTests
{
    [Fact]
    public void Normalize_OfRandomText_GivesTheFormOfAnotherImplementation()
    {
        int changed = 0;
        foreach (JsonNode? pair in GoldenFiles.Read("composed.json").AsArray())
        {
            byte[] text = Convert.FromHexString((string)pair![0]!);
            string composed = (string)pair[1]!;
            Assert.Equal(composed, Convert.ToHexStringLower(CanonicalComposition.Normalize(text)));
            changed += (string)pair[0]! != composed ? 1 : 0;
        }
        Assert.True(changed > 100, $"only {changed} texts changed");
    }

    [Fact]
    public void Normalize_OfBytesThatAreNotUtf8_KeepsThem()
    {
        byte[] bytes = [(byte)'e', 0xCC, 0x81, 0xFF, 0xCC, 0x81, 0xED, 0xA0, 0x80, (byte)'e', 0xCC];
        Assert.Equal([0xC3, 0xA9, 0xFF, 0xCC, 0x81, 0xED, 0xA0, 0x80, (byte)'e', 0xCC], CanonicalComposition.Normalize(bytes).ToArray());
    }

    [Fact]
    public void Normalize_OfItsOwnResult_ChangesNothing()
    {
        var random = new RandomText(5);
        for (int round = 0; round < 500; round++)
        {
            byte[] once = CanonicalComposition.Normalize(random.Bytes(20)).ToArray();
            Assert.Equal(once, CanonicalComposition.Normalize(once).ToArray());
        }
    }
}
