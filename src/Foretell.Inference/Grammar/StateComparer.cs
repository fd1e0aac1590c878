namespace Foretell.Inference;

/// <summary>Two states are equal when they are made the same way of the same parts.</summary>
internal sealed class StateComparer : IEqualityComparer<State>
{
    public bool Equals(State? a, State? b) =>
        a!.Kind == b!.Kind && a.First == b.First && a.Second == b.Second && a.Number == b.Number && a.Maximum == b.Maximum
        && ReferenceEquals(a.Source, b.Source) && a.Set == b.Set && a.Alternatives.AsSpan().SequenceEqual(b.Alternatives);

    public int GetHashCode(State state)
    {
        var hash = new HashCode();
        hash.Add(state.Kind);
        hash.Add(state.First?.Id ?? -1);
        hash.Add(state.Second?.Id ?? -1);
        hash.Add(state.Number);
        hash.Add(state.Maximum);
        hash.Add(state.Source is null ? 0 : System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(state.Source));
        hash.Add(state.Set);
        foreach (State alternative in state.Alternatives)
        {
            hash.Add(alternative.Id);
        }
        return hash.ToHashCode();
    }
}
