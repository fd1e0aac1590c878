using Foretell.Server.Trust;

namespace Foretell.Server.Tests.Trust;

public sealed class KeyScopesTests
{
    [Fact]
    public void Parse_OfFormat_IsTheSame()
    {
        for (int bits = 1; bits < 32; bits++)
        {
            Assert.Equal((KeyScopes)bits, KeyScopeNames.Parse(KeyScopeNames.Format((KeyScopes)bits)));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("inference,everything")]
    public void Parse_NoScopeOrAnUnknownOne_SaysWhichThereAre(string text) =>
        Assert.Contains("inference, files, fine-tuning, admin, metrics", Assert.Throws<FormatException>(() => KeyScopeNames.Parse(text)).Message);

    [Fact]
    public void Allows_AnotherScope_OnlyForAdmin()
    {
        Assert.True(KeyScopes.Admin.Allows(KeyScopes.Files));
        Assert.True(KeyScopes.Inference.Allows(KeyScopes.Inference));
        Assert.False((KeyScopes.Inference | KeyScopes.Files).Allows(KeyScopes.Admin));
        Assert.False(KeyScopes.None.Allows(KeyScopes.Inference));
    }
}
