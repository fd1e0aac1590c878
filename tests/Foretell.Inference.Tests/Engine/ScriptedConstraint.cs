namespace Foretell.Inference.Tests;

/// <summary>A constraint that does as a test says.</summary>
internal sealed class ScriptedConstraint(Func<int, IEnumerable<int>?> allowed, int endId = 256, int position = 0) : ITokenConstraint
{
    private int _position = position;

    public bool IsComplete => allowed(_position) is null;

    public bool MustEnd => IsComplete;

    public void Mask(Span<ulong> bits)
    {
        bits.Clear();
        foreach (int id in allowed(_position) ?? [endId])
        {
            bits[id / 64] |= 1UL << (id % 64);
        }
    }

    public void Accept(int id) => _position++;

    public byte[] ForcedText() => [];

    public ITokenConstraint Fork() => new ScriptedConstraint(allowed, endId, _position);
}
