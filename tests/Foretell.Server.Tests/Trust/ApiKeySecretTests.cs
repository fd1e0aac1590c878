using Foretell.Server.Trust;

namespace Foretell.Server.Tests.Trust;

public sealed class ApiKeySecretTests
{
    [Fact]
    public void Create_ManyTimes_GivesWellFormedKeysThatDiffer()
    {
        var keys = Enumerable.Range(0, 200).Select(_ => ApiKeySecret.Create()).ToHashSet();
        Assert.Equal(200, keys.Count);
        Assert.All(keys, key => Assert.True(ApiKeySecret.IsWellFormed(key)));
        Assert.All(keys, key => Assert.Matches("^fk-[0-9A-Za-z]{49}$", key));
    }

    [Fact]
    public void IsWellFormed_AnyCharacterChanged_IsFalse()
    {
        string key = ApiKeySecret.Create(Enumerable.Range(0, 32).Select(i => (byte)(255 - i)).ToArray());
        for (int at = 0; at < key.Length; at++)
        {
            char other = key[at] == 'a' ? 'b' : 'a';
            Assert.False(ApiKeySecret.IsWellFormed(key[..at] + other + key[(at + 1)..]));
        }
        Assert.False(ApiKeySecret.IsWellFormed(null));
        Assert.False(ApiKeySecret.IsWellFormed(key[..^1]));
        Assert.False(ApiKeySecret.IsWellFormed(key + "0"));
    }

    [Fact]
    public void Create_ExtremeBytes_KeepTheLength()
    {
        Assert.Equal(ApiKeySecret.Length, ApiKeySecret.Create(new byte[32]).Length);
        byte[] ones = new byte[32];
        Array.Fill(ones, byte.MaxValue);
        Assert.True(ApiKeySecret.IsWellFormed(ApiKeySecret.Create(ones)));
    }
}
