using System.Buffers.Binary;
using System.Text;
using Foretell.Tensors.Files;

namespace Foretell.Tensors.Tests.Files;

public sealed class SafeTensorsFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_FileByHand_GivesNamesShapesBytesAndMetadata()
    {
        string path = Save("""{"__metadata__":{"format":"pt"},"b":{"dtype":"BF16","shape":[2,1],"data_offsets":[8,12]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"scalar":{"dtype":"U8","shape":[],"data_offsets":[12,13]},"empty":{"dtype":"I64","shape":[0,7],"data_offsets":[13,13]}}   """, dataLength: 13);
        using var file = SafeTensorsFile.Open(path);
        Assert.Equal(["a", "b", "scalar", "empty"], file.Tensors.Select(tensor => tensor.Name));
        Assert.Equal("BF16", file.Info("b").DType);
        Assert.Equal([2L, 1L], file.Info("b").Shape);
        Assert.Equal([8, 9, 10, 11], file.Bytes("b").ToArray());
        Assert.Equal([9, 10], file.Bytes("b", 1, 2).ToArray());
        Assert.Equal([12], file.Bytes("scalar").ToArray());
        Assert.True(file.Bytes("empty").IsEmpty);
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.False(file.Contains("c"));
        Assert.Contains("\"c\"", Assert.Throws<KeyNotFoundException>(() => file.Info("c")).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Bytes("b", 1, 4).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Bytes("b", -1, 1).Length);
    }

    [Fact]
    public void Bytes_AfterDispose_Throws()
    {
        var file = SafeTensorsFile.Open(Save("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 1));
        file.Dispose();
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Bytes("a").Length);
    }

    [Theory]
    [InlineData("", 0, "does not start with '{'")]
    [InlineData(" {}", 0, "does not start with '{'")]
    [InlineData("[]", 0, "does not start with '{'")]
    [InlineData("{", 0, "not valid JSON")]
    [InlineData("{}x", 0, "not valid JSON")]
    [InlineData("{}", 1, "something follows")]
    [InlineData("""{"a":1}""", 0, "not described by an object")]
    [InlineData("""{"a":{}}""", 0, "needs a dtype")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}""", 4, "needs a dtype")]
    [InlineData("""{"a":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}}""", 4, "unknown element type \"F33\"")]
    [InlineData("""{"a":{"dtype":3,"shape":[1],"data_offsets":[0,4]}}""", 4, "dtype that is not a text")]
    [InlineData("""{"a":{"dtype":"F32","shape":1,"data_offsets":[0,4]}}""", 4, "shape that is not a list")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4, "whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}""", 4, "whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,99999999999999999999]}}""", 4, "whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4, "needs 8 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", 4, "needs 4 bytes")]
    [InlineData("""{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}}""", 2, "whole byte")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}""", 0, "more than any file can hold")]
    [InlineData("""{"a":{"dtype":"F32","shape":[9223372036854775807,9223372036854775807,0],"data_offsets":[0,0]}}""", 0, "more than any file can hold")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}""", 3, "overlaps")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", 2, "overlaps")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[3,5]}}""", 5, "hole")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}""", 3, "hole")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", 1, "truncated")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2],"data_offsets":[9223372036854775805,9223372036854775807]}}""", 1, "hole")]
    [InlineData("""{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}""", 0, "occurs twice")]
    [InlineData("""{"a":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}}""", 0, "two fields \"dtype\"")]
    [InlineData("""{"__metadata__":3}""", 0, "not an object of texts")]
    [InlineData("""{"__metadata__":{"a":3}}""", 0, "not a text")]
    [InlineData("""{"__metadata__":{"a":"b","a":"b"}}""", 0, "occurs twice")]
    [InlineData("""{"\ud800":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}""", 0, "surrogate")]
    public void Open_BrokenHeader_IsRefusedInOneSentence(string header, int dataLength, string because)
    {
        string path = Save(header, dataLength);
        string message = Assert.Throws<InvalidDataException>(() => SafeTensorsFile.Open(path)).Message;
        Assert.Contains(because, message);
        Assert.StartsWith(path, message);
        Assert.EndsWith(".", message);
        Assert.DoesNotContain('\n', message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public void Open_ShorterThanTheLength_IsRefused(int length)
    {
        string path = _folder.File("short");
        File.WriteAllBytes(path, new byte[length]);
        Assert.Contains("8", Assert.Throws<InvalidDataException>(() => SafeTensorsFile.Open(path)).Message);
    }

    [Theory]
    [InlineData(ulong.MaxValue, "the format allows 100000000")]
    [InlineData(100_000_001, "the format allows 100000000")]
    [InlineData(100_000_000, "truncated")]
    [InlineData(3, "truncated")]
    public void Open_ImpossibleHeaderLength_IsRefused(ulong announced, string because)
    {
        string path = _folder.File("length");
        byte[] bytes = [.. new byte[8], (byte)'{', (byte)'}'];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, announced);
        File.WriteAllBytes(path, bytes);
        Assert.Contains(because, Assert.Throws<InvalidDataException>(() => SafeTensorsFile.Open(path)).Message);
    }

    [Fact]
    public void Open_EveryTruncation_IsRefused()
    {
        byte[] whole = Sample();
        string path = _folder.File("truncated");
        for (int length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(path, whole[..length]);
            Assert.Throws<InvalidDataException>(() => SafeTensorsFile.Open(path));
        }
    }

    [Fact]
    public void Open_FourThousandMutations_AreRefusedOrWithinBounds()
    {
        byte[] whole = Sample();
        int headerEnd = 8 + (int)BinaryPrimitives.ReadUInt64LittleEndian(whole);
        var random = new Random(20);
        string path = _folder.File("mutated");
        int accepted = 0, refused = 0;
        for (int round = 0; round < 4000; round++)
        {
            var bytes = new List<byte>(whole);
            for (int edits = random.Next(1, 4); edits > 0 && bytes.Count > 0; edits--)
            {
                // Most edits hit the length and the header, where they can do harm.
                int at = random.Next(Math.Min(bytes.Count, random.Next(8) == 0 ? whole.Length : headerEnd));
                switch (random.Next(5))
                {
                    case 0:
                        bytes[at] ^= (byte)(1 << random.Next(8));
                        break;
                    case 1:
                        bytes[at] = (byte)"0123456789[]{},:\"-e.u\\ "[random.Next(23)];
                        break;
                    case 2:
                        bytes.Insert(at, (byte)"0123456789"[random.Next(10)]);
                        break;
                    case 3:
                        bytes.RemoveAt(at);
                        break;
                    default:
                        bytes.RemoveRange(at, random.Next(bytes.Count - at));
                        break;
                }
            }
            // Half of the time the announced length is made to agree again, so that the JSON is reached.
            if (bytes.Count >= 8 && random.Next(2) == 0)
            {
                int brace = bytes.LastIndexOf((byte)'}');
                BinaryPrimitives.WriteUInt64LittleEndian(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(bytes), (ulong)Math.Max(0, brace - 7));
            }
            File.WriteAllBytes(path, [.. bytes]);
            try
            {
                using var file = SafeTensorsFile.Open(path);
                long sum = 0;
                foreach (SafeTensorInfo tensor in file.Tensors)
                {
                    ReadOnlySpan<byte> data = file.Bytes(tensor.Name);
                    Assert.Equal(tensor.ByteCount, data.Length);
                    sum += data.Length;
                }
                Assert.True(sum <= bytes.Count - 10);
                accepted++;
            }
            catch (InvalidDataException)
            {
                refused++;
            }
        }
        Assert.True(accepted > 20, $"only {accepted} mutations were harmless: the fuzzing doesn't reach the tensors");
        Assert.True(refused > 1000, $"only {refused} mutations were refused");
    }

    [Fact]
    public void Open_PublishedModel_HasItsTensors()
    {
        using ISafeTensors model = SafeTensors.Open(SharedData.Path("models/stories260K/hf"));
        Assert.Equal("F32", model.Info("model.embed_tokens.weight").DType);
        Assert.Equal([512L, 64L], model.Info("model.embed_tokens.weight").Shape);
        Assert.Equal("pt", model.Metadata["format"]);
    }

    [Fact]
    public void Write_PublishedModelAgain_GivesTheSameBytes()
    {
        string published = Path.Combine(SharedData.Path("models/stories260K/hf"), SafeTensors.FileName);
        string rewritten = _folder.File("again.safetensors");
        using (var model = SafeTensorsFile.Open(published))
        {
            SafeTensorsWriter.Write(rewritten, model.Tensors.Reverse().Select(info => new SafeTensorSource(info.Name, info.DType, info.Shape, stream => stream.Write(model.Bytes(info.Name)))), model.Metadata);
        }
        Assert.Equal(File.ReadAllBytes(published), File.ReadAllBytes(rewritten));
    }

    private byte[] Sample()
    {
        string path = _folder.File("sample");
        SafeTensorsWriter.Write(
            path,
            [
                new SafeTensorSource("model.weight", "F32", [3, 2], new byte[24]),
                new SafeTensorSource("model.bias", "BF16", [3], new byte[6]),
                new SafeTensorSource("mask", "BOOL", [5], new byte[5]),
                new SafeTensorSource("nothing", "I64", [0], Array.Empty<byte>()),
            ],
            new Dictionary<string, string> { ["format"] = "pt" });
        return File.ReadAllBytes(path);
    }

    private string Save(string header, int dataLength)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        byte[] length = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)json.Length);
        string path = _folder.File("model.safetensors");
        File.WriteAllBytes(path, [.. length, .. json, .. Enumerable.Range(0, dataLength).Select(value => (byte)value)]);
        return path;
    }
}
