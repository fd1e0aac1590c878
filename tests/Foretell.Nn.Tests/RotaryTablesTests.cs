using Foretell.Tensors;
using Foretell.Tensors.Kernels.Reference;

namespace Foretell.Nn.Tests;

public class RotaryTablesTests
{
    [Theory]
    [InlineData(64, 10_000.0)]
    [InlineData(6, 1_000_000.0)]
    public void Tables_OfAPosition_AreCosineAndSineOfPositionOverBaseToTheShare(int headSize, double frequencyBase)
    {
        (float[] cosines, float[] sines) = Build(300, headSize, frequencyBase, null);
        for (int position = 0; position < 300; position++)
        {
            for (int i = 0; i < headSize / 2; i++)
            {
                double angle = position / Math.Pow(frequencyBase, 2.0 * i / headSize);
                Assert.Equal(Math.Cos(angle), cosines[position * headSize / 2 + i], 1e-6);
                Assert.Equal(Math.Sin(angle), sines[position * headSize / 2 + i], 1e-6);
            }
        }
    }

    /// <summary>The three cases of Llama 3.1's rule, by wavelength: long ones slowed by the factor, short ones kept, between them both in proportion.</summary>
    [Fact]
    public void Tables_StretchedAsLlama3_FollowThePublishedRule()
    {
        const int HeadSize = 128, Context = 8192;
        const double Factor = 8, Low = 1, High = 4;
        (float[] cosines, float[] sines) = Build(2, HeadSize, 500_000, new Llama3RotaryScaling(Factor, Low, High, Context));
        int slowed = 0, kept = 0, between = 0;
        for (int i = 0; i < HeadSize / 2; i++)
        {
            double frequency = Math.Pow(500_000, -2.0 * i / HeadSize);
            double wavelength = 2 * Math.PI / frequency;
            double expected;
            if (wavelength < Context / High)
            {
                expected = frequency;
                kept++;
            }
            else if (wavelength > Context / Low)
            {
                expected = frequency / Factor;
                slowed++;
            }
            else
            {
                double smooth = (Context / wavelength - Low) / (High - Low);
                expected = (1 - smooth) * frequency / Factor + smooth * frequency;
                between++;
            }
            Assert.Equal(Math.Sin(expected), sines[HeadSize / 2 + i], Math.Abs(expected) * 1e-6);
            Assert.Equal(Math.Cos(expected), cosines[HeadSize / 2 + i], 1e-6);
        }
        Assert.True(slowed > 0 && kept > 0 && between > 0, "the sizes must reach all three cases");
    }

    private static (float[] Cosines, float[] Sines) Build(int positions, int headSize, double frequencyBase, Llama3RotaryScaling? scaling)
    {
        using var device = new Device(new ReferenceBackend());
        using var scope = new TensorScope(device);
        var tables = new RotaryTables(scope, positions, headSize, frequencyBase, scaling);
        RotaryTable table = tables.Covering(positions);
        return (table.Cosines.ToArray(), table.Sines.ToArray());
    }
}
