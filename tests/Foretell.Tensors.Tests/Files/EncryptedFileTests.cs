using System.Security.Cryptography;
using System.Text;
using Foretell.Tensors.Files;
using Foretell.Tensors.Kernels;

namespace Foretell.Tensors.Tests.Files;

public sealed class EncryptedFileTests : IDisposable
{
    private const int Chunk = 1 << 20;
    private readonly TemporaryFolder _folder = new();
    private readonly WeightKey _key = new(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray());

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Chunk - 1)]
    [InlineData(Chunk)]
    [InlineData(Chunk + 1)]
    [InlineData(2 * Chunk)]
    public void Write_AnyLength_IsReadBackByTheKey(int length)
    {
        byte[] plain = new byte[length];
        new Random(1).NextBytes(plain);
        string path = Write(plain);
        Assert.True(EncryptedFile.Looks(path));
        using MappedFile file = MappedFile.Open(path, _key);
        Assert.Equal(length, file.Length);
        Assert.True(length == 0 || file.Bytes(0, length).SequenceEqual(plain));
    }

    [Fact]
    public void Write_TheSameContentTwice_GivesOtherBytesWithoutATrace()
    {
        byte[] plain = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("a secret weight ", 100)));
        byte[] first = File.ReadAllBytes(Write(plain));
        byte[] second = File.ReadAllBytes(Write(plain));
        Assert.False(first.AsSpan(80).SequenceEqual(second.AsSpan(80)));
        Assert.True(first.AsSpan().IndexOf("secret"u8) < 0);
    }

    [Fact]
    public void Open_WithoutAKeyOrWithAnother_SaysSo()
    {
        string path = Write([1, 2, 3]);
        Assert.Contains("is encrypted", Assert.Throws<InvalidDataException>(() => MappedFile.Open(path)).Message);
        Assert.Contains("another key", Assert.Throws<InvalidDataException>(() => MappedFile.Open(path, new WeightKey(new byte[32]))).Message);
    }

    [Fact]
    public void Open_AnyByteChanged_IsRefused()
    {
        byte[] whole = File.ReadAllBytes(Write(new byte[100]));
        string path = _folder.File("changed");
        for (int at = 0; at < whole.Length; at++)
        {
            byte[] changed = [.. whole];
            changed[at] ^= 0x10;
            File.WriteAllBytes(path, changed);
            // Without its magic a file is a plain one, which its format's reader refuses.
            if (at >= 8)
            {
                Assert.Throws<InvalidDataException>(() => MappedFile.Open(path, _key).Dispose());
            }
            else
            {
                Assert.Throws<InvalidDataException>(() => SafeTensorsFile.Open(path, _key).Dispose());
            }
        }
    }

    [Fact]
    public void Open_CutAtAChunkOrReordered_IsRefused()
    {
        byte[] plain = new byte[3 * Chunk];
        new Random(2).NextBytes(plain);
        byte[] whole = File.ReadAllBytes(Write(plain));
        const int Sealed = Chunk + 16;
        byte[] swapped = [.. whole[..80], .. whole[(80 + Sealed)..(80 + 2 * Sealed)], .. whole[80..(80 + Sealed)], .. whole[(80 + 2 * Sealed)..]];
        byte[][] damaged = [whole[..(80 + 2 * Sealed)], whole[..80], whole[..^1], [.. whole, 0], swapped, [.. whole, .. whole[80..(80 + Sealed)]]];
        string path = _folder.File("damaged");
        foreach (byte[] content in damaged)
        {
            File.WriteAllBytes(path, content);
            Assert.Contains("changed or cut short", Assert.Throws<InvalidDataException>(() => MappedFile.Open(path, _key).Dispose()).Message);
        }
    }

    [Fact]
    public void EncryptInPlace_APlainFile_KeepsItsContentAndIsDoneOnce()
    {
        string path = _folder.File("plain");
        File.WriteAllBytes(path, [5, 6, 7]);
        EncryptedFile.EncryptInPlace(path, _key);
        byte[] once = File.ReadAllBytes(path);
        EncryptedFile.EncryptInPlace(path, _key);
        Assert.Equal(once, File.ReadAllBytes(path));
        using MappedFile file = MappedFile.Open(path, _key);
        Assert.Equal([5, 6, 7], file.Bytes(0, 3).ToArray());
    }

    [Fact]
    public void Read_EveryFormOfAKey_IsTheSameKey()
    {
        byte[] secret = RandomNumberGenerator.GetBytes(32);
        var forms = new Dictionary<string, byte[]>
        {
            ["raw"] = secret,
            ["hex"] = Encoding.ASCII.GetBytes(Convert.ToHexStringLower(secret) + "\n"),
            ["base64"] = Encoding.ASCII.GetBytes(Convert.ToBase64String(secret) + "\n"),
        };
        string path = _folder.File("by-secret");
        EncryptedFile.Write(path, new WeightKey(secret), stream => stream.WriteByte(9));
        foreach ((string name, byte[] content) in forms)
        {
            File.WriteAllBytes(_folder.File(name), content);
            using MappedFile file = MappedFile.Open(path, WeightKey.Read(_folder.File(name)));
            Assert.Equal(9, file.Bytes(0, 1)[0]);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("password")]
    [InlineData("zz0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")]
    public void Read_NoKey_IsRefusedInOneSentence(string content)
    {
        File.WriteAllText(_folder.File("key"), content);
        Assert.Contains("holds no key", Assert.Throws<InvalidDataException>(() => WeightKey.Read(_folder.File("key"))).Message);
    }

    public void Dispose() => _folder.Dispose();

    private string Write(byte[] plain)
    {
        string path = _folder.File(Path.GetRandomFileName());
        EncryptedFile.Write(path, _key, stream => stream.Write(plain));
        return path;
    }
}
