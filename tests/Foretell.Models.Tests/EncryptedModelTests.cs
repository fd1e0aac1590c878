using Foretell.Tensors;
using Foretell.Tensors.Files;
using Foretell.Tensors.Kernels.Cpu;

namespace Foretell.Models.Tests;

public sealed class EncryptedModelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Device _device = CpuDevice.Create(threads: 2, precision: DType.Float32);
    private readonly WeightKey _key = new(Enumerable.Repeat((byte)7, 32).ToArray());

    [Theory]
    [InlineData("folder")]
    [InlineData("model.gguf")]
    public void Convert_WithAKey_GivesAModelThatSaysTheSameByThatKeyAlone(string name)
    {
        string original = _folder.File("original"), locked = _folder.File(name), open = _folder.File("open");
        LittleModels.Save(original, "qwen3", _device);
        ConversionReport report = ModelConversion.Convert(original, locked, new ConversionOptions { OutputKey = _key }, _device);
        Assert.True(report.Check.AreEqual);
        Assert.Contains("is encrypted", Assert.Throws<InvalidDataException>(() => PretrainedModel.Load(locked, _device)).Message);
        Assert.Contains("another key", Assert.Throws<InvalidDataException>(() => PretrainedModel.Load(locked, _device, new WeightKey(new byte[32]))).Message);
        ModelConversion.Convert(locked, open, new ConversionOptions { InputKey = _key }, _device);
        Assert.Equal(File.ReadAllBytes(Path.Combine(original, SafeTensors.FileName)), File.ReadAllBytes(Path.Combine(open, SafeTensors.FileName)));
    }

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }
}
