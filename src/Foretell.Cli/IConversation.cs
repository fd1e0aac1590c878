namespace Foretell.Cli;

/// <summary>Something that a person talks to, line by line.</summary>
internal interface IConversation
{
    /// <summary>Said before the first line.</summary>
    string Greeting { get; }

    /// <summary>Forgets what was said.</summary>
    void Reset();

    /// <summary>Sets what the model is told before all else, or nothing of the kind; starts over.</summary>
    /// <returns>A notice for the person.</returns>
    string Instruct(string instructions);

    /// <summary>Adds a line of the person's and lets the model answer.</summary>
    /// <param name="write">Receives the answer as it comes, a closing line break, and notices in brackets.</param>
    /// <param name="cancellation">Stops the answer; what was written of it stays said.</param>
    void Continue(string line, Action<string> write, CancellationToken cancellation);
}
