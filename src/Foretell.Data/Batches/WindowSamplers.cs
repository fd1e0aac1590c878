namespace Foretell.Data;

/// <summary><see cref="SamplingMode.RandomWindows"/>.</summary>
internal sealed class RandomWindowSampler(TokenSplit split, SamplerOptions options) : TokenSequenceSampler(split, options)
{
    public override double RowsPerEpoch => (double)Split.TokenCount / Options.ContextLength;

    private protected override void AddRow(long row, BatchBuilder batch)
    {
        var random = new SplitMix64(SplitMix64.Mix(Options.Seed, (ulong)row));
        batch.AddWindow(random.Below(Split.TokenCount - Options.ContextLength), Options.ContextLength);
    }
}

/// <summary><see cref="SamplingMode.StridedWindows"/>; what is left behind the last whole window is not used.</summary>
internal sealed class StridedWindowSampler : TokenSequenceSampler
{
    private readonly int _stride;
    private readonly long _windows;

    public StridedWindowSampler(TokenSplit split, SamplerOptions options)
        : base(split, options)
    {
        _stride = options.Stride ?? options.ContextLength;
        _windows = ((split.TokenCount - 1 - options.ContextLength) / _stride) + 1;
    }

    public override double RowsPerEpoch => _windows;

    private protected override void AddRow(long row, BatchBuilder batch)
    {
        var order = new FeistelPermutation(_windows, SplitMix64.Mix(Options.Seed, (ulong)(row / _windows)));
        batch.AddWindow(order[row % _windows] * _stride, Options.ContextLength);
    }
}
