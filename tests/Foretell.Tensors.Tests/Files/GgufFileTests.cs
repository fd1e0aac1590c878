using System.Buffers.Binary;
using System.Text;
using Foretell.Tensors.Files;
using Foretell.Tensors.Kernels.Reference;

namespace Foretell.Tensors.Tests.Files;

public sealed class GgufFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_OfWhatWasWritten_GivesItBack()
    {
        string path = _folder.File("model.gguf");
        var metadata = new GgufMetadata();
        object[] values =
        [
            (byte)200, (sbyte)-5, (ushort)60_000, (short)-30_000, 4_000_000_000u, -7, ulong.MaxValue, long.MinValue, 1.5f, -2.5, true, "häuser",
            new byte[] { 1, 2 }, new sbyte[] { -1 }, new ushort[] { 3 }, new short[] { -4 }, new uint[] { 5 }, new[] { -6, 7 }, new[] { 8UL }, new[] { -9L }, new[] { 1.25f }, new[] { 2.5 }, new[] { true, false }, new[] { "a", "", "ü" },
        ];
        for (int i = 0; i < values.Length; i++)
        {
            metadata.Add($"key.{i}", values[i]);
        }
        float[] numbers = [.. Enumerable.Range(0, 96).Select(i => i - 40f)];
        byte[] blocks = new byte[DType.Q8_0.Bytes(96)];
        QuantizedBlocks.Quantize(DType.Q8_0, numbers, blocks);
        GgufWriter.Write(path, metadata,
        [
            new GgufTensorSource("vector", DType.Float32, [3], stream => stream.Write(new byte[] { 0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64 })),
            new GgufTensorSource("blocks", DType.Q8_0, [3, 32], stream => stream.Write(blocks)),
        ]);
        using var file = GgufFile.Open(path);
        Assert.Equal(3, file.Version);
        Assert.Equal(values.Select((_, i) => $"key.{i}"), file.Metadata.Keys);
        for (int i = 0; i < values.Length; i++)
        {
            Assert.Equal(values[i].GetType(), file.Metadata[$"key.{i}"].GetType());
            Assert.Equal(values[i], file.Metadata[$"key.{i}"]);
        }
        Assert.Equal([3L, 32L], file.ShapeOf("blocks"));
        Assert.All(file.Tensors, tensor => Assert.Equal(0, tensor.Offset % 32));
        using var device = new Device(new ReferenceBackend());
        using var scope = new TensorScope(device);
        Assert.Equal([1, 2, 3], file.Map("vector", scope).ToArray());
        Assert.True(file.Map("blocks", scope).Storage.IsReadOnly);
        float[] dequantized = new float[32];
        QuantizedBlocks.Dequantize(DType.Q8_0, blocks.AsSpan(34, 34), dequantized);
        Assert.Equal(dequantized, file.Map("blocks", scope, firstRow: 1, rows: 1).ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Map("blocks", scope, firstRow: 2, rows: 2));
        Assert.Throws<KeyNotFoundException>(() => file.TypeOf("missing"));
    }

    [Theory]
    [InlineData("GGML", "does not begin with \"GGUF\"")]
    [InlineData("version 1", "of version 1")]
    [InlineData("version 0x03000000", "big-endian")]
    [InlineData("many tensors", "announces 9223372036854775807 tensors")]
    [InlineData("many keys", "announces 18446744073709551615 keys")]
    [InlineData("long text", "is truncated")]
    [InlineData("longer text", "possible")]
    [InlineData("long list", "elements of the key \"k\"")]
    [InlineData("list of lists", "list of lists")]
    [InlineData("unknown value", "unknown type 13")]
    [InlineData("bool 2", "true (1) or false (0)")]
    [InlineData("not UTF-8", "not valid UTF-8")]
    [InlineData("twice a key", "key \"k\" occurs twice")]
    [InlineData("twice a tensor", "tensor \"t\" occurs twice")]
    [InlineData("five axes", "has 5 axes")]
    [InlineData("no axes", "has 0 axes")]
    [InlineData("empty", "makes it empty")]
    [InlineData("huge", "larger than any file")]
    [InlineData("part of a block", "not whole blocks of 32, as Q8_0 has them")]
    [InlineData("unknown type", "of the unknown type 99")]
    [InlineData("unaligned", "not aligned to 32")]
    [InlineData("overlap", "inside the tensor before it")]
    [InlineData("outside", "so it is truncated")]
    [InlineData("far outside", "is not aligned")]
    [InlineData("alignment 24", "no power of two")]
    [InlineData("alignment text", "must be a whole number")]
    public void Open_OfABrokenFile_IsRefusedInOneSentence(string fault, string because)
    {
        string path = _folder.File("broken.gguf");
        File.WriteAllBytes(path, Broken(fault));
        string message = Assert.Throws<InvalidDataException>(() => GgufFile.Open(path)).Message;
        Assert.Contains(because, message);
        Assert.StartsWith(path, message);
        Assert.EndsWith(".", message);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void Open_OfVersion2_ReadsIt()
    {
        string path = _folder.File("two.gguf");
        File.WriteAllBytes(path, new Parts().Build(version: 2));
        using var file = GgufFile.Open(path);
        Assert.Equal(2, file.Version);
        Assert.Equal("t", Assert.Single(file.Tensors).Name);
    }

    [Fact]
    public void Map_OfATypeThatIsNotComputedWith_NamesIt()
    {
        string path = _folder.File("q5.gguf");
        Parts parts = new();
        parts.Tensors = [("t", [256], 13, 0)];
        parts.Data = new byte[176];
        File.WriteAllBytes(path, parts.Build());
        using var file = GgufFile.Open(path);
        using var device = new Device(new ReferenceBackend());
        using var scope = new TensorScope(device);
        Assert.Contains("\"t\" is of type Q5_K", Assert.Throws<InvalidDataException>(() => file.Map("t", scope)).Message);
    }

    [Fact]
    public void Metadata_OfAnotherType_IsRefusedByName()
    {
        GgufMetadata metadata = new GgufMetadata("m.gguf").Add("n", -3).Add("t", "text").Add("l", new[] { 1, 2 }).Add("f", float.NaN);
        Assert.Equal("m.gguf: the metadata \"n\" must be a whole number from 0 to 2147483647; it is -3.", Assert.Throws<InvalidDataException>(() => metadata.Integer("n")).Message);
        Assert.Throws<InvalidDataException>(() => metadata.Integer("t"));
        Assert.Throws<InvalidDataException>(() => metadata.Real("f"));
        Assert.Throws<InvalidDataException>(() => metadata.Flag("t"));
        Assert.Throws<InvalidDataException>(() => metadata.Text("n"));
        Assert.Throws<InvalidDataException>(() => metadata.List<uint>("l"));
        Assert.Null(metadata.Integer("missing"));
        Assert.Throws<ArgumentException>(() => metadata.Add("d", 1m));
        Assert.Throws<ArgumentException>(() => metadata.Add("n", 1));
    }

    [Fact]
    public void Write_OfATensorThatDoesNotFit_WritesNothing()
    {
        string path = _folder.File("none.gguf");
        Assert.Throws<InvalidOperationException>(() => GgufWriter.Write(path, new GgufMetadata(), [new GgufTensorSource("t", DType.Float32, [2], stream => stream.WriteByte(0))]));
        Assert.Throws<ArgumentException>(() => GgufWriter.Write(path, new GgufMetadata(), [new GgufTensorSource("t", DType.Q4_0, [33], _ => { })]));
        Assert.Throws<ArgumentException>(() => GgufWriter.Write(path, new GgufMetadata(), [new GgufTensorSource(new string('x', 64), DType.Float32, [2], _ => { })]));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Open_OfFourThousandMutations_IsRefusedOrWithinBounds()
    {
        string path = _folder.File("mutated.gguf");
        GgufWriter.Write(
            path,
            new GgufMetadata().Add("general.architecture", "llama").Add("general.alignment", 32u).Add("scores", new[] { 1f, 2f }).Add("tokens", new[] { "a", "bc" }).Add("flag", true),
            [
                new GgufTensorSource("model.weight", DType.Float32, [3, 2], stream => stream.Write(new byte[24])),
                new GgufTensorSource("model.blocks", DType.Q8_0, [2, 32], stream => stream.Write(new byte[68])),
                new GgufTensorSource("model.bias", DType.BFloat16, [3], stream => stream.Write(new byte[6])),
            ]);
        byte[] whole = File.ReadAllBytes(path);
        var mutator = new FileMutator(whole, sensitive: whole.Length - 128, seed: 21);
        using var device = new Device(new ReferenceBackend());
        int accepted = 0, refused = 0;
        for (int round = 0; round < 4000; round++)
        {
            byte[] bytes = mutator.Next();
            File.WriteAllBytes(path, bytes);
            try
            {
                using var file = GgufFile.Open(path);
                using var scope = new TensorScope(device);
                long sum = 0;
                foreach (GgufTensorInfo tensor in file.Tensors.Where(tensor => tensor.Type.Type is not null))
                {
                    sum += file.Map(tensor.Name, scope).ToArray().Length;
                    Assert.InRange(tensor.Offset + tensor.ByteCount, 0, bytes.Length);
                }
                accepted++;
            }
            catch (InvalidDataException error)
            {
                Assert.DoesNotContain('\n', error.Message);
                refused++;
            }
        }
        Assert.True(accepted > 100, $"only {accepted} mutations were harmless: the fuzzing doesn't reach the tensors");
        Assert.True(refused > 1000, $"only {refused} mutations were refused");
    }

    [Theory]
    [InlineData(DType.Float32)]
    [InlineData(DType.Float16)]
    [InlineData(DType.BFloat16)]
    [InlineData(DType.Q8_0)]
    [InlineData(DType.Q4_0)]
    [InlineData(DType.Q4_K)]
    [InlineData(DType.Q6_K)]
    public void ScaleCheck_OfEveryPlaceThatMayBeNaN_FindsIt(DType type)
    {
        const int Elements = 1024;
        float[] values = [.. Enumerable.Range(0, Elements).Select(i => MathF.Sin(i))];
        byte[] bytes = new byte[type.Bytes(Elements)];
        ElementConversion.FromSingle(type, values, bytes);
        Assert.True(ScaleCheck.AllFinite(type, bytes));
        float[] decoded = new float[Elements];
        int found = 0;
        for (int at = 0; at + 1 < bytes.Length; at += type.IsQuantized() ? 1 : type.Size())
        {
            byte[] damaged = [.. bytes];
            if (type == DType.Float32)
            {
                BinaryPrimitives.WriteSingleLittleEndian(damaged.AsSpan(at), at % 8 == 0 ? float.NaN : float.NegativeInfinity);
            }
            else
            {
                BinaryPrimitives.WriteUInt16LittleEndian(damaged.AsSpan(at), type == DType.BFloat16 ? (ushort)0x7F81 : (ushort)0xFC00);
            }
            ElementConversion.ToSingle(type, damaged, decoded);
            bool isDamaged = !decoded.All(float.IsFinite);
            Assert.Equal(!isDamaged, ScaleCheck.AllFinite(type, damaged));
            found += isDamaged ? 1 : 0;
        }
        Assert.True(found >= Elements / type.BlockLength());
    }

    private static byte[] Broken(string fault)
    {
        Parts parts = new();
        switch (fault)
        {
            case "GGML":
                return [.. "GGML"u8, .. parts.Build()[4..]];
            case "version 1":
                return parts.Build(version: 1);
            case "version 0x03000000":
                return parts.Build(version: 0x03000000);
            case "many tensors":
                return parts.Build(tensorCount: long.MaxValue);
            case "many keys":
                return parts.Build(keyCount: ulong.MaxValue);
            case "long text":
                parts.Keys = [("k", Value(8, 1_000_000_000UL))];
                break;
            case "longer text":
                parts.Keys = [("k", Value(8, ulong.MaxValue))];
                break;
            case "long list":
                parts.Keys = [("k", [.. Value(9, 6u), .. BitConverter.GetBytes(1UL << 61)])];
                break;
            case "list of lists":
                parts.Keys = [("k", [.. Value(9, 9u), .. BitConverter.GetBytes(1UL)])];
                break;
            case "unknown value":
                parts.Keys = [("k", Value(13, 0u))];
                break;
            case "bool 2":
                parts.Keys = [("k", [.. BitConverter.GetBytes(7), 2])];
                break;
            case "not UTF-8":
                parts.Keys = [("k", [.. Value(8, 1UL), 0xFF])];
                break;
            case "twice a key":
                parts.Keys = [("k", Value(4, 1u)), ("k", Value(4, 2u))];
                break;
            case "twice a tensor":
                parts.Tensors = [("t", [8], 0, 0), ("t", [8], 0, 32)];
                break;
            case "five axes":
                parts.Tensors = [("t", [1, 1, 1, 1, 8], 0, 0)];
                break;
            case "no axes":
                parts.Tensors = [("t", [], 0, 0)];
                break;
            case "empty":
                parts.Tensors = [("t", [8, 0], 0, 0)];
                break;
            case "huge":
                parts.Tensors = [("t", [1UL << 32, 1UL << 32], 0, 0)];
                break;
            case "part of a block":
                parts.Tensors = [("t", [8], 8, 0)];
                break;
            case "unknown type":
                parts.Tensors = [("t", [8], 99, 0)];
                break;
            case "unaligned":
                parts.Tensors = [("t", [1], 0, 4)];
                break;
            case "overlap":
                parts.Tensors = [("t", [9], 0, 0), ("u", [4], 0, 32)];
                parts.Data = new byte[96];
                break;
            case "outside":
                parts.Tensors = [("t", [9], 0, 0)];
                break;
            case "far outside":
                parts.Tensors = [("t", [8], 0, ulong.MaxValue - 31)];
                break;
            case "alignment 24":
                parts.Keys = [(GgufMetadata.Alignment, Value(4, 24u))];
                break;
            case "alignment text":
                parts.Keys = [(GgufMetadata.Alignment, [.. Value(8, 1UL), (byte)'x'])];
                break;
            default:
                throw new ArgumentException(fault);
        }
        return parts.Build();
    }

    private static byte[] Value(int type, uint value) => [.. BitConverter.GetBytes(type), .. BitConverter.GetBytes(value)];

    private static byte[] Value(int type, ulong value) => [.. BitConverter.GetBytes(type), .. BitConverter.GetBytes(value)];

}

/// <summary>A GGUF file put together by hand.</summary>
internal sealed class Parts
{
    /// <summary>Names and the bytes of their types and values.</summary>
    public (string Name, byte[] Value)[] Keys { get; set; } = [("k", [4, 0, 0, 0, 1, 0, 0, 0])];

    /// <summary>Extents in the file's order.</summary>
    public (string Name, ulong[] Extents, uint Type, ulong Offset)[] Tensors { get; set; } = [("t", [8], 0, 0)];

    public byte[] Data { get; set; } = new byte[32];

    public byte[] Build(int version = 3, ulong? tensorCount = null, ulong? keyCount = null)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write("GGUF"u8);
        writer.Write(version);
        writer.Write(tensorCount ?? (ulong)Tensors.Length);
        writer.Write(keyCount ?? (ulong)Keys.Length);
        foreach ((string name, byte[] value) in Keys)
        {
            WriteText(writer, name);
            writer.Write(value);
        }
        foreach ((string name, ulong[] extents, uint type, ulong offset) in Tensors)
        {
            WriteText(writer, name);
            writer.Write(extents.Length);
            foreach (ulong extent in extents)
            {
                writer.Write(extent);
            }
            writer.Write(type);
            writer.Write(offset);
        }
        writer.Write(new byte[(32 - stream.Position % 32) % 32]);
        writer.Write(Data);
        return stream.ToArray();
    }

    private static void WriteText(BinaryWriter writer, string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)utf8.Length);
        writer.Write(utf8);
    }
}
