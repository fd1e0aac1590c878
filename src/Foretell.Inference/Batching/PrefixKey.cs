namespace Foretell.Inference;

/// <summary>What a full block holds: its tokens, behind all that its parent stands for. Equal exactly when the tokens are.</summary>
internal sealed class PrefixKey(long parent, int[] tokens) : IEquatable<PrefixKey>
{
    private readonly long _parent = parent;
    private readonly int[] _tokens = tokens;

    public bool Equals(PrefixKey? other) => other is not null && _parent == other._parent && _tokens.AsSpan().SequenceEqual(other._tokens);

    public override bool Equals(object? obj) => Equals(obj as PrefixKey);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(_parent);
        hash.AddBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(_tokens.AsSpan()));
        return hash.ToHashCode();
    }
}
