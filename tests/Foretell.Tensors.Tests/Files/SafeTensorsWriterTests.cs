using Foretell.Tensors.Files;

namespace Foretell.Tensors.Tests.Files;

public sealed class SafeTensorsWriterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Write_ThenOpen_GivesEveryTensorBackAligned()
    {
        string path = _folder.File("model.safetensors");
        SafeTensorsWriter.Write(
            path,
            [Source("é\"\\\n", "U8", [3]), Source("b", "BF16", [2, 3]), Source("a", "F32", [4]), Source("long", "I64", []), Source("none", "F32", [0])],
            new Dictionary<string, string> { ["k<>"] = "v\u0001" });
        using var file = SafeTensorsFile.Open(path);
        Assert.Equal(["long", "a", "none", "b", "é\"\\\n"], file.Tensors.Select(tensor => tensor.Name));
        Assert.Equal("v\u0001", file.Metadata["k<>"]);
        foreach (SafeTensorInfo tensor in file.Tensors)
        {
            Assert.Equal(Pattern(tensor.Name, tensor.ByteCount), file.Bytes(tensor.Name).ToArray());
        }
        Assert.Equal(0, (new FileInfo(path).Length - file.Tensors.Sum(tensor => tensor.ByteCount)) % 8);
    }

    [Fact]
    public void Write_NoTensors_OpensEmpty()
    {
        string path = _folder.File("model.safetensors");
        SafeTensorsWriter.Write(path, []);
        using var file = SafeTensorsFile.Open(path);
        Assert.Empty(file.Tensors);
        Assert.Empty(file.Metadata);
    }

    [Theory]
    [InlineData("__metadata__", "F32", 1L, "reserved")]
    [InlineData("a", "F32", 1L, "twice")]
    [InlineData("b", "FLOAT", 1L, "unknown element type")]
    [InlineData("b", "F32", -1L, "negative")]
    [InlineData("b", "F32", long.MaxValue, "more than any file")]
    public void Write_BadTensor_IsRefusedAndTheOldFileStands(string name, string dtype, long extent, string because)
    {
        string path = _folder.File("model.safetensors");
        File.WriteAllText(path, "old");
        var error = Assert.Throws<ArgumentException>(() => SafeTensorsWriter.Write(path, [Source("a", "F32", [1]), new SafeTensorSource(name, dtype, [extent], Array.Empty<byte>())]));
        Assert.Contains(because, error.Message);
        AssertOnlyOldFile(path);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    public void Write_SourceOfTheWrongLength_IsRefusedAndTheOldFileStands(int bytes)
    {
        string path = _folder.File("model.safetensors");
        File.WriteAllText(path, "old");
        var error = Assert.Throws<InvalidOperationException>(() => SafeTensorsWriter.Write(path, [new SafeTensorSource("a", "F32", [1], new byte[bytes])]));
        Assert.Contains("4 bytes", error.Message);
        AssertOnlyOldFile(path);
    }

    [Fact]
    public void Write_DiskFullHalfway_LeavesTheOldFile()
    {
        string path = _folder.File("model.safetensors");
        File.WriteAllText(path, "old");
        Assert.Throws<IOException>(() => SafeTensorsWriter.Write(path, [Source("a", "F32", [100]), new SafeTensorSource("b", "F32", [1], _ => throw new IOException("No space left on device"))]));
        AssertOnlyOldFile(path);
    }

    [Fact]
    public void Write_PartialFileOfAKilledProcess_IsOverwritten()
    {
        string path = _folder.File("model.safetensors");
        File.WriteAllBytes(path + ".partial", new byte[100_000]);
        SafeTensorsWriter.Write(path, [Source("a", "F32", [1])]);
        using var file = SafeTensorsFile.Open(path);
        Assert.Equal(4, file.Info("a").ByteCount);
        Assert.Single(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Open_FolderWithIndex_JoinsTheShards()
    {
        SafeTensorsWriter.Write(_folder.File("one.safetensors"), [Source("a", "F32", [1]), Source("extra", "F32", [1])]);
        SafeTensorsWriter.Write(_folder.File("two.safetensors"), [Source("b", "BF16", [3])]);
        File.WriteAllText(_folder.File(SafeTensors.IndexName), """{"metadata":{"total_size":10},"weight_map":{"b":"two.safetensors","a":"one.safetensors"}}""");
        using ISafeTensors model = SafeTensors.Open(_folder.Path);
        Assert.Equal(["a", "b"], model.Tensors.Select(tensor => tensor.Name));
        Assert.Equal(Pattern("b", 6), model.Bytes("b").ToArray());
        Assert.Equal(Pattern("b", 6)[2..5], model.Bytes("b", 2, 3).ToArray());
        Assert.False(model.Contains("extra"));
        Assert.Throws<KeyNotFoundException>(() => model.Info("extra"));
    }

    [Theory]
    [InlineData("""{"weight_map":{"a":"../one.safetensors"}}""", "not the name of a file beside it")]
    [InlineData("""{"weight_map":{"a":"/etc/passwd"}}""", "not the name of a file beside it")]
    [InlineData("""{"weight_map":{"a":7}}""", "not the name of a file beside it")]
    [InlineData("""{"weight_map":{"z":"one.safetensors"}}""", "does not have it")]
    [InlineData("""{"weight_map":{"a":"one.safetensors","a":"one.safetensors"}}""", "twice")]
    [InlineData("""{"weight_map":[]}""", "weight_map")]
    [InlineData("""{"weight""", "not valid JSON")]
    public void Open_BrokenIndex_IsRefusedInOneSentence(string index, string because)
    {
        SafeTensorsWriter.Write(_folder.File("one.safetensors"), [Source("a", "F32", [1])]);
        string path = _folder.File(SafeTensors.IndexName);
        File.WriteAllText(path, index);
        string message = Assert.Throws<InvalidDataException>(() => SafeTensors.Open(path)).Message;
        Assert.Contains(because, message);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void Open_MissingFiles_NamesThem()
    {
        Assert.Contains(SafeTensors.IndexName, Assert.Throws<FileNotFoundException>(() => SafeTensors.Open(_folder.Path)).Message);
        File.WriteAllText(_folder.File(SafeTensors.IndexName), """{"weight_map":{"a":"gone.safetensors"}}""");
        Assert.Contains("gone.safetensors", Assert.Throws<FileNotFoundException>(() => SafeTensors.Open(_folder.Path)).Message);
    }

    private void AssertOnlyOldFile(string path)
    {
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(_folder.Path));
    }

    private static SafeTensorSource Source(string name, string dtype, long[] shape)
    {
        long bytes = shape.Aggregate(1L, (product, extent) => product * extent) * SafeTensorInfo.BitsOf(dtype)!.Value / 8;
        return new SafeTensorSource(name, dtype, shape, Pattern(name, bytes));
    }

    private static byte[] Pattern(string name, long bytes) => [.. Enumerable.Range(0, (int)bytes).Select(index => (byte)(name.Length * 31 + name[0] + index * 7))];
}
