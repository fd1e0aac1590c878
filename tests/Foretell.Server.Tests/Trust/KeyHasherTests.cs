using Foretell.Server.Trust;

namespace Foretell.Server.Tests.Trust;

public sealed class KeyHasherTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Open_Twice_HashesAlike()
    {
        string secret = ApiKeySecret.Create();
        string hash = KeyHasher.Open(_folder.Path).Hash(secret);
        Assert.True(KeyHasher.Open(_folder.Path).Matches(secret, hash));
        Assert.False(KeyHasher.Open(_folder.Path).Matches(ApiKeySecret.Create(), hash));
        Assert.DoesNotContain(secret[3..], hash);
    }

    [Fact]
    public void Open_AnotherFolder_HashesOtherwise()
    {
        string secret = ApiKeySecret.Create();
        Assert.NotEqual(KeyHasher.Open(_folder.File("a")).Hash(secret), KeyHasher.Open(_folder.File("b")).Hash(secret));
    }

    [Fact]
    public void Open_ItsFile_IsTheOwnersAlone()
    {
        KeyHasher.Open(_folder.Path);
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no file modes.");
            return;
        }
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder.File(KeyHasher.FileName)));
    }

    [Fact]
    public void Open_ADamagedFile_IsRefused()
    {
        File.WriteAllBytes(_folder.File(KeyHasher.FileName), [1, 2, 3]);
        Assert.Contains("3 bytes", Assert.Throws<InvalidDataException>(() => KeyHasher.Open(_folder.Path)).Message);
    }

    public void Dispose() => _folder.Dispose();
}
