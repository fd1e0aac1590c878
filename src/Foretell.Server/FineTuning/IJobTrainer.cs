using System.Text.Json;
using System.Text.Json.Nodes;

namespace Foretell.Server.FineTuning;

/// <summary>One method of fine-tuning as the service runs it: what it accepts and how it trains.</summary>
public interface IJobTrainer
{
    /// <summary>The method's name in the API: <c>supervised</c>, <c>dpo</c>, <c>reinforcement</c>.</summary>
    string Method { get; }

    /// <summary>Whether it measures on a validation file. Default: yes.</summary>
    bool TakesValidationFile => true;

    /// <summary>Checks the method's settings and fills in what was left out.</summary>
    /// <param name="settings">The object under the method's name in the request: hyperparameters, grader.</param>
    /// <returns>What is kept with the job and shown.</returns>
    /// <exception cref="ApiException">One sentence that names the parameter.</exception>
    JsonObject CheckSettings(JsonObject settings);

    /// <summary>Checks one example of a file, without a model.</summary>
    /// <param name="example">A line's JSON object.</param>
    /// <param name="settings">As <see cref="CheckSettings"/> returned them.</param>
    /// <exception cref="FormatException">One sentence that says what is wrong; the line's number is put before it.</exception>
    void CheckExample(JsonElement example, JsonObject settings);

    /// <summary>
    /// Trains on the calling thread until the last step, from the newest checkpoint in the task's folder where there is one.
    /// Killed at any moment and called again with the same task it ends in the same model.
    /// </summary>
    /// <param name="watcher">Told of each step, on the calling thread.</param>
    /// <param name="cancellation">Ends it within a step; what a later call needs to go on is then in the folder.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="FormatException">The data can't be used with this model, in one sentence.</exception>
    JobOutcome Train(JobTask task, IJobWatcher watcher, CancellationToken cancellation);
}

/// <summary>What a trainer is to do.</summary>
/// <param name="Folder">The run's own: config.json, metrics.jsonl, checkpoints, the finished model.</param>
/// <param name="BaseModel">Where the model is that is trained further.</param>
/// <param name="TrainingFile">JSON lines, checked.</param>
/// <param name="ValidationFile">JSON lines, checked; null for none.</param>
/// <param name="Settings">As <see cref="IJobTrainer.CheckSettings"/> returned them.</param>
/// <param name="Threads">How many to compute on; at least 1.</param>
public sealed record JobTask(string Folder, string BaseModel, string TrainingFile, string? ValidationFile, JsonObject Settings, ulong Seed, int Threads);

/// <summary>What a trainer made.</summary>
/// <param name="ModelPath">The finished model's folder, within the task's.</param>
/// <param name="TrainedTokens">Tokens trained on, epochs counted.</param>
public sealed record JobOutcome(string ModelPath, long TrainedTokens);

/// <summary>Watches a job's training.</summary>
public interface IJobWatcher
{
    /// <summary>A step was made.</summary>
    /// <param name="step">Steps made, this one included.</param>
    /// <param name="steps">Steps of the whole job.</param>
    /// <param name="metrics">By the API's names: train_loss, train_mean_token_accuracy, valid_loss, valid_mean_token_accuracy and the method's own.</param>
    void Stepped(long step, long steps, IReadOnlyDictionary<string, double> metrics);

    /// <summary>Something to tell people: a dead signal, a skipped step.</summary>
    void Told(string message, bool isWarning = false);

    /// <summary>A model as it is at a step is on the disk, whole, and stays there.</summary>
    /// <param name="modelPath">Its folder, within the task's.</param>
    /// <param name="metrics">As for <see cref="Stepped"/>.</param>
    void Checkpointed(long step, string modelPath, IReadOnlyDictionary<string, double> metrics);
}
