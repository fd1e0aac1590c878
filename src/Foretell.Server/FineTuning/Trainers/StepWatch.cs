namespace Foretell.Server.FineTuning.Trainers;

/// <summary>Passes progress on at once, on the training's own thread (<see cref="Progress{T}"/> would queue it).</summary>
internal sealed class StepWatch<T>(Action<T> report) : IProgress<T>
{
    public void Report(T value) => report(value);
}
