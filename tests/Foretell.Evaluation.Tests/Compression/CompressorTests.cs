using System.Text;
using Foretell.Evaluation.Compression;
using Foretell.Tokenizers;

namespace Foretell.Evaluation.Tests.Compression;

public sealed class CompressorTests : IDisposable
{
    private static readonly PieceTokenizer Pieces = new("th", "the", " a", "ing", "é", "\n\n");

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0, 16)]
    [InlineData(1, 16)]
    [InlineData(15, 16)]
    [InlineData(16, 16)]
    [InlineData(17, 16)]
    [InlineData(25, 16)]
    [InlineData(26, 16)]
    [InlineData(1000, 16)]
    [InlineData(1000, 1)]
    [InlineData(1000, 7)]
    [InlineData(1000, 4096)]
    public void Decompress_RandomBytes_GivesThemBack(int length, int contextLength)
    {
        byte[] bytes = RandomBytes(length, seed: length);
        var predictor = new RecurrentPredictor(Pieces.VocabularySize, contextLength, sharpness: 5);
        byte[] compressed = Compress(bytes, predictor);
        Assert.Equal(bytes, Decompress(compressed, predictor));
        if (length > contextLength && predictor.LeastContextOfLaterWindows != int.MaxValue)
        {
            Assert.True(predictor.LeastContextOfLaterWindows >= (contextLength + 1) / 2);
        }
    }

    [Fact]
    public void Decompress_Text_GivesItBackWithinAThousandthOfTheModelsBits()
    {
        string text = Text(60_000);
        var predictor = Learned(text);
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        var output = new MemoryStream();
        CompressionResult result = new Compressor(predictor, Pieces).Compress(new MemoryStream(bytes), output, cancellation: Cancellation);
        Assert.Equal(bytes, Decompress(output.ToArray(), predictor));

        LanguageModelScore score = new LanguageModelEvaluator(predictor, Pieces).Evaluate(new MemoryStream(bytes), cancellation: Cancellation);
        Assert.Equal(bytes.Length, score.Bytes);
        Assert.Equal(Pieces.Encode(text).Length, score.Tokens);
        double bits = score.BitsPerByte * bytes.Length;
        Assert.InRange(result.CodedBytes * 8.0, bits * 0.9999, bits * 1.001);
        Assert.True(result.FileBytes < bytes.Length * 0.55, $"{result.FileBytes} of {bytes.Length} bytes: the predictions aren't used");
        Assert.Equal(output.Length, result.FileBytes);
        Assert.InRange(result.FileBytes - result.CodedBytes, 80, 110);
    }

    [Fact]
    public void Evaluate_Text_AgreesWithThePlainSoftmax()
    {
        string text = Text(3000);
        const int Context = 32;
        var predictor = new RecurrentPredictor(Pieces.VocabularySize, Context, sharpness: 4);
        int[] tokens = [Pieces.EndOfTextId!.Value, .. Pieces.Encode(text)];
        // The rule written out once more, from positions alone: window k of C inputs starts half a context before its first new target.
        double nats = 0;
        int target = 1;
        while (target < tokens.Length)
        {
            int start = target == 1 ? 0 : target - Context / 2;
            int inputs = Math.Min(Context, tokens.Length - 1 - start);
            predictor.PredictAll(tokens.AsSpan(start, inputs), target - 1 - start, (position, logits) =>
            {
                double sum = 0;
                foreach (float logit in logits)
                {
                    sum += Math.Exp(logit);
                }
                nats += Math.Log(sum) - logits[tokens[start + position + 1]];
            });
            target = start + inputs + 1;
        }
        LanguageModelScore score = new LanguageModelEvaluator(predictor, Pieces).Evaluate(new MemoryStream(Encoding.UTF8.GetBytes(text)), cancellation: Cancellation);
        Assert.Equal(nats, score.Nats, 1e-4);
        Assert.Equal(nats / (tokens.Length - 1), score.NatsPerToken, 1e-7);
        Assert.Equal(Math.Exp(score.NatsPerToken), score.Perplexity, 1e-7);
        Assert.Equal(nats / Math.Log(2) / Encoding.UTF8.GetByteCount(text), score.BitsPerByte, 1e-7);
    }

    [Fact]
    public void Decompress_MoreThanABlock_GivesItBack()
    {
        // The cut after 1 MiB falls between the two bytes of an é.
        byte[] text = Encoding.UTF8.GetBytes("x" + string.Concat(Enumerable.Repeat("é", TokenBlocks.BlockBytes / 2)) + Text(5000));
        var tokenizer = new PieceTokenizer("éééééééééééééééé", "the");
        var predictor = new RecurrentPredictor(tokenizer.VocabularySize, 64);
        var output = new MemoryStream();
        new Compressor(predictor, tokenizer).Compress(new MemoryStream(text), output, cancellation: Cancellation);
        var restored = new MemoryStream();
        output.Position = 0;
        Assert.Equal(text.Length, new Compressor(predictor, tokenizer).Decompress(output, restored, cancellation: Cancellation));
        Assert.True(text.AsSpan().SequenceEqual(restored.GetBuffer().AsSpan(0, (int)restored.Length)));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Decompress_AMillionRandomBytes_GivesThemBackAtTheModelsSize()
    {
        byte[] bytes = RandomBytes(1_000_000, seed: 12);
        var predictor = new RecurrentPredictor(Pieces.VocabularySize, 256);
        byte[] compressed = Compress(bytes, predictor);
        Assert.True(bytes.AsSpan().SequenceEqual(Decompress(compressed, predictor)));
        LanguageModelScore score = new LanguageModelEvaluator(predictor, Pieces).Evaluate(new MemoryStream(bytes), cancellation: Cancellation);
        Assert.InRange(compressed.Length / (score.BitsPerByte / 8 * bytes.Length), 0.9999, 1.001);
    }

    [Fact]
    public void Decompress_AnyFlippedBitOrTruncation_IsRefusedBeforeAnythingIsWritten()
    {
        var predictor = new RecurrentPredictor(Pieces.VocabularySize, 16);
        byte[] compressed = Compress(RandomBytes(100, seed: 3), predictor);
        for (int at = 0; at < compressed.Length; at++)
        {
            for (int bit = 0; bit < 8; bit++)
            {
                byte[] damaged = [.. compressed];
                damaged[at] ^= (byte)(1 << bit);
                AssertRefused(damaged, predictor);
            }
            AssertRefused(compressed[..at], predictor);
        }
        AssertRefused([.. compressed, 0], predictor);
    }

    [Fact]
    public void Decompress_OtherModelTokenizerOrNumerics_IsRefusedBeforeAnythingIsWritten()
    {
        var predictor = new RecurrentPredictor(Pieces.VocabularySize, 16);
        byte[] compressed = Compress(RandomBytes(100, seed: 4), predictor);
        Assert.Contains("with the model", AssertRefused(compressed, new RecurrentPredictor(Pieces.VocabularySize, 16, seed: 2)));
        Assert.Contains("\"test/float32\"", AssertRefused(compressed, new RecurrentPredictor(Pieces.VocabularySize, 16) { Numerics = "other" }));
        Assert.Contains("with the tokenizer", AssertRefused(compressed, predictor, new PieceTokenizer("th", "the", " a", "ing", "é", "\n")));
        Assert.Contains("FTLZ", AssertRefused("not a compressed file"u8.ToArray(), predictor));
    }

    [Fact]
    public void Decompress_ModelThatLiesAboutItsIdentity_IsFoundOut()
    {
        var predictor = new RecurrentPredictor(Pieces.VocabularySize, 16);
        byte[] compressed = Compress(RandomBytes(100, seed: 5), predictor);
        string input = Save("in.ftl", compressed);
        var liar = new RecurrentPredictor(Pieces.VocabularySize, 16, seed: 2) { Identity = predictor.Identity };
        var error = Assert.Throws<InvalidDataException>(() => new Compressor(liar, Pieces).DecompressFile(input, _folder.File("out"), cancellation: Cancellation));
        Assert.Contains("does not predict as it did", error.Message);
        Assert.Equal([input], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void CompressFile_ThenDecompressFile_LeavesTheInputsAndReportsProgress()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Text(4000));
        string input = Save("in.txt", bytes);
        var compressor = new Compressor(new RecurrentPredictor(Pieces.VocabularySize, 64), Pieces);
        var steps = new Steps();
        CompressionResult result = compressor.CompressFile(input, _folder.File("in.ftl"), steps, Cancellation);
        Assert.Equal(bytes.Length, result.OriginalBytes);
        Assert.Equal(new FileInfo(_folder.File("in.ftl")).Length, result.FileBytes);
        Assert.Equal((bytes.Length, bytes.Length), (steps.Reports[^1].OriginalBytes, steps.Reports[^1].OriginalLength));
        Assert.True(steps.Reports.Count > 10);

        steps.Reports.Clear();
        Assert.Equal(bytes.Length, compressor.DecompressFile(_folder.File("in.ftl"), _folder.File("out.txt"), steps, Cancellation));
        Assert.Equal(bytes, File.ReadAllBytes(_folder.File("out.txt")));
        Assert.Equal(bytes, File.ReadAllBytes(input));
        Assert.Equal(bytes.Length, steps.Reports[^1].OriginalBytes);
        Assert.Equal(3, Directory.GetFiles(_folder.Path).Length);
    }

    [Fact]
    public void CompressFile_Cancelled_LeavesNothingBehind()
    {
        string input = Save("in.txt", RandomBytes(5000, seed: 6));
        string compressed = Save("old.ftl", [1, 2, 3]);
        using var cancellation = new CancellationTokenSource();
        var compressor = new Compressor(new RecurrentPredictor(Pieces.VocabularySize, 64), Pieces);
        Assert.Throws<OperationCanceledException>(() => compressor.CompressFile(input, compressed, new Steps { Then = cancellation.Cancel }, cancellation.Token));
        Assert.Equal([1, 2, 3], File.ReadAllBytes(compressed));
        Assert.Equal(2, Directory.GetFiles(_folder.Path).Length);
    }

    [Fact]
    public void CompressFile_OntoItself_IsRefusedAlsoThroughLinks()
    {
        string input = Save("in.txt", [1, 2, 3]);
        File.CreateSymbolicLink(_folder.File("link"), input);
        Directory.CreateSymbolicLink(_folder.File("loop"), _folder.Path);
        var compressor = new Compressor(new RecurrentPredictor(Pieces.VocabularySize, 64), Pieces);
        foreach (string output in new[] { input, _folder.File("link"), Path.Combine(_folder.File("loop"), "in.txt") })
        {
            Assert.Throws<ArgumentException>(() => compressor.CompressFile(input, output, cancellation: Cancellation));
            Assert.Throws<ArgumentException>(() => compressor.DecompressFile(output, input, cancellation: Cancellation));
        }
        Assert.Equal([1, 2, 3], File.ReadAllBytes(input));
    }

    [Fact]
    public void CompressFile_MissingInput_NamesIt()
    {
        var compressor = new Compressor(new RecurrentPredictor(Pieces.VocabularySize, 64), Pieces);
        Assert.Contains("gone.txt", Assert.Throws<FileNotFoundException>(() => compressor.CompressFile(_folder.File("gone.txt"), _folder.File("out"), cancellation: Cancellation)).Message);
    }

    [Fact]
    public void Constructor_BadPartners_AreRefused()
    {
        Assert.Contains("predicts 10", Assert.Throws<ArgumentException>(() => new Compressor(new RecurrentPredictor(10, 4), Pieces)).Message);
        Assert.Contains("64 hexadecimal", Assert.Throws<ArgumentException>(() => new Compressor(new RecurrentPredictor(300, 4) { Identity = "abc" }, Pieces)).Message);
    }

    [Fact]
    public void Compress_TokenizerThatLosesBytes_IsRefused()
    {
        var predictor = new RecurrentPredictor(300, 16);
        var compressor = new Compressor(predictor, new LosingTokenizer());
        Assert.Throws<InvalidDataException>(() => compressor.Compress(new MemoryStream("a b"u8.ToArray()), new MemoryStream(), cancellation: Cancellation));
    }

    private static RecurrentPredictor Learned(string text) => new(Pieces.VocabularySize, 128, learnFrom: Pieces.Encode(text), sharpness: 0.1f);

    private byte[] Compress(byte[] bytes, ITokenPredictor predictor)
    {
        var output = new MemoryStream();
        new Compressor(predictor, Pieces).Compress(new MemoryStream(bytes), output, cancellation: Cancellation);
        return output.ToArray();
    }

    private static byte[] Decompress(byte[] compressed, ITokenPredictor predictor)
    {
        var output = new MemoryStream();
        new Compressor(predictor, Pieces).Decompress(new MemoryStream(compressed), output, cancellation: Cancellation);
        return output.ToArray();
    }

    private static string AssertRefused(byte[] compressed, ITokenPredictor predictor, Tokenizer? tokenizer = null)
    {
        var output = new MemoryStream();
        string message = Assert.Throws<InvalidDataException>(() => new Compressor(predictor, tokenizer ?? Pieces).Decompress(new MemoryStream(compressed), output, cancellation: Cancellation)).Message;
        Assert.Equal(0, output.Length);
        Assert.DoesNotContain('\n', message);
        return message;
    }

    private string Save(string name, byte[] bytes)
    {
        File.WriteAllBytes(_folder.File(name), bytes);
        return _folder.File(name);
    }

    private static byte[] RandomBytes(int length, int seed)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static string Text(int length)
    {
        var random = new Random(9);
        string[] words = ["the", "thing", "a", "singing", "cat", "café", "was", "and", "then", "looked", "at", "him", "\n\n", "house", "with", "nothing"];
        var text = new StringBuilder();
        while (text.Length < length)
        {
            text.Append(words[random.Next(words.Length) * random.Next(2)]).Append(' ');
        }
        return text.ToString();
    }

    private sealed class Steps : IProgress<CompressionProgress>
    {
        public List<CompressionProgress> Reports { get; } = [];
        public Action? Then { get; init; }

        public void Report(CompressionProgress value)
        {
            Reports.Add(value);
            Then?.Invoke();
        }
    }

    private sealed class LosingTokenizer : Tokenizer
    {
        public override int VocabularySize => 256;
        public override int? EndOfTextId => null;
        public override string Fingerprint => new('0', 64);
        public override void Encode(ReadOnlySpan<byte> utf8, List<int> ids)
        {
            foreach (byte value in utf8)
            {
                if (value != ' ')
                {
                    ids.Add(value);
                }
            }
        }
        public override ReadOnlySpan<byte> TokenBytes(int id) => new byte[] { (byte)id };
        public override bool IsSpecial(int id) => false;
        public override void Save(string folder) => throw new NotSupportedException();
    }
}
