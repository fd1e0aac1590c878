namespace Foretell.Server.Storage;

internal sealed class LabelStore(Database database) : ILabelStore
{
    public Task AddAsync(PreferenceLabel label, CancellationToken cancellation) => database.WriteAsync(
        session => session.ExecuteAsync(
            """
            INSERT INTO labels (id, time, key_id, model_a, model_b, prompt, answer_a, answer_b, choice)
            VALUES (@id, @time, @key, @modelA, @modelB, @prompt, @answerA, @answerB, @choice)
            """,
            ("id", label.Id), ("time", label.Time), ("key", label.Key), ("modelA", label.ModelA), ("modelB", label.ModelB),
            ("prompt", label.Prompt), ("answerA", label.AnswerA), ("answerB", label.AnswerB), ("choice", label.Choice)),
        cancellation);

    public Task<Page<PreferenceLabel>> ListAsync(PageRequest page, CancellationToken cancellation) => database.ReadAsync(
        session => session.PageAsync(
            row => new PreferenceLabel(row.Text(0), row.Time(1), row.OptionalText(2), row.Text(3), row.Text(4), row.Text(5), row.Text(6), row.Text(7), row.Text(8)),
            "SELECT id, time, key_id, model_a, model_b, prompt, answer_a, answer_b, choice FROM labels", page, []),
        cancellation);

    public Task<bool> DeleteAsync(string id, CancellationToken cancellation) => database.WriteAsync(
        async session => await session.ExecuteAsync("DELETE FROM labels WHERE id = @id", ("id", id)).ConfigureAwait(false) > 0, cancellation);
}
