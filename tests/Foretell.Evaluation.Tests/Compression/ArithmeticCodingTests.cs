using Foretell.Evaluation.Compression;

namespace Foretell.Evaluation.Tests.Compression;

public class ArithmeticCodingTests
{
    [Theory]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    [InlineData(256, 3)]
    [InlineData(1L << 36, 4)]
    [InlineData((1L << 36) - 5, 5)]
    [InlineData(1L << 40, 6)]
    public void Decode_WhatWasEncoded_AtTheEntropy(long total, int seed)
    {
        var random = new Random(seed);
        var symbols = new List<(long Start, long Length)>();
        double bits = 0;
        for (int count = 0; count < 20_000; count++)
        {
            long length = random.Next(3) == 0 ? 1 : random.NextInt64(1, total + 1);
            long start = random.Next(4) == 0 ? total - length : random.NextInt64(0, total - length + 1);
            symbols.Add((start, length));
            bits += Math.Log2((double)total / length);
        }
        byte[] coded = Encode(symbols, total);
        Assert.InRange(coded.Length * 8, bits, bits + 16 + symbols.Count * 1e-3);
        AssertDecodes(coded, symbols, total);
    }

    [Fact]
    public void Encode_RunsThatCarry_RippleThroughHeldBytes()
    {
        // The top of the interval again and again holds bytes of 0xFF back, and what follows sends a carry through them or not.
        const long Total = 1L << 40;
        var random = new Random(7);
        for (int round = 0; round < 300; round++)
        {
            var symbols = new List<(long Start, long Length)>();
            for (int run = random.Next(1, 6); run > 0; run--)
            {
                symbols.Add((random.NextInt64(Total - 2), 2));
                for (int ones = random.Next(30); ones > 0; ones--)
                {
                    symbols.Add((Total / 2 - 1, 2));
                }
                symbols.Add(random.Next(2) == 0 ? (Total - 1, 1) : (0, 1));
            }
            AssertDecodes(Encode(symbols, Total), symbols, Total);
        }
    }

    [Fact]
    public void Encode_LowAtAllOnes_CarriesIntoTheFirstByte()
    {
        // Hand-made: half of the interval, then nearly all of its upper part, so that 0x7F 0xFF 0xFF ... becomes 0x80 0x00 ...
        var symbols = new List<(long Start, long Length)> { (127, 1), (255, 1), (255, 1), (255, 1), (255, 1), (255, 1), (255, 1), (255, 1), (255, 1), (255, 1) };
        AssertDecodes(Encode(symbols, 256), symbols, 256);
    }

    [Fact]
    public void Decode_Garbage_StaysInRange()
    {
        var random = new Random(8);
        byte[] garbage = new byte[1000];
        random.NextBytes(garbage);
        var decoder = new ArithmeticDecoder(new MemoryStream(garbage), garbage.Length);
        for (int count = 0; count < 2000; count++)
        {
            long target = decoder.Target(1000);
            Assert.InRange(target, 0, 999);
            decoder.Consume(target, 1, 1000);
        }
    }

    [Theory]
    [InlineData(0, 0, 10)]
    [InlineData(-1, 1, 10)]
    [InlineData(9, 2, 10)]
    [InlineData(0, 1, (1L << 40) + 1)]
    public void Encode_ImpossiblePart_IsRefused(long start, long length, long total)
    {
        var encoder = new ArithmeticEncoder(new MemoryStream());
        Assert.Throws<ArgumentOutOfRangeException>(() => encoder.Encode(start, length, total));
    }

    private static byte[] Encode(List<(long Start, long Length)> symbols, long total)
    {
        var output = new MemoryStream();
        var encoder = new ArithmeticEncoder(output);
        symbols.ForEach(symbol => encoder.Encode(symbol.Start, symbol.Length, total));
        encoder.Finish();
        return output.ToArray();
    }

    private static void AssertDecodes(byte[] coded, List<(long Start, long Length)> symbols, long total)
    {
        // Bytes after the coded ones must not matter.
        var decoder = new ArithmeticDecoder(new MemoryStream([.. coded, 0xA5, 0x5A, 0xFF]), coded.Length);
        foreach ((long start, long length) in symbols)
        {
            long target = decoder.Target(total);
            if (target < start || target >= start + length)
            {
                Assert.Fail($"{target} is not in [{start}, {start + length})");
            }
            decoder.Consume(start, length, total);
        }
    }
}
