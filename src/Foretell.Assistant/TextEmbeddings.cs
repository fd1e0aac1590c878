using System.Globalization;

namespace Foretell.Assistant;

/// <summary>
/// Texts of token ids as vectors: the mean of a text's last hidden states (after the final norm), scaled to length 1. A
/// text's vector has the same bits whichever stand beside it. Passes of one model take turns.
/// </summary>
public static class TextEmbeddings
{
    /// <summary>One vector a text, in order.</summary>
    /// <param name="texts">Ids as the tokenizer gives them, each text at least one; what texts of the vocabulary begin with is put before them.</param>
    /// <param name="dimensions">Only the first so many numbers of the mean, scaled to length 1 after the cut; null for all.</param>
    /// <returns>The vectors, [texts][dimensions], and the tokens that were read.</returns>
    /// <exception cref="ArgumentException">A text is empty or holds an id that the model does not know, or the dimensions are out of range.</exception>
    /// <exception cref="TextTooLongException">A text has more tokens than the model's context.</exception>
    /// <exception cref="ObjectDisposedException">The model has been disposed.</exception>
    public static async Task<(float[][] Vectors, long Tokens)> EmbedAsync(ForetellModel model, IReadOnlyList<int[]> texts, int? dimensions = null, CancellationToken cancellation = default)
    {
        int channels = model.Transformer.Config.Channels;
        int width = dimensions switch
        {
            null => channels,
            int given when given >= 1 && given <= channels => given,
            int given => throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"embeddings: Dimensions is {given}; this model's vectors have {channels}, of which the first 1 to {channels} can be asked for."), nameof(dimensions)),
        };
        int[] leading = model.Generation is { AddsBegin: true, BeginId: int begin } ? [begin] : [];
        int[][] whole = [.. texts.Select((ids, index) => Checked(model, [.. leading, .. ids], leading.Length, index))];
        float[][] vectors = await model.ReadInTurnAsync(
            (transformer, ending) => new TextEmbedder(transformer, model.EmbeddingBatchTokens).Embed(whole, leading.Length, width, ending), cancellation).ConfigureAwait(false);
        return (vectors, whole.Sum(text => (long)text.Length));
    }

    private static int[] Checked(ForetellModel model, int[] ids, int leading, int index)
    {
        int context = model.Transformer.Config.ContextLength;
        int vocabulary = model.Transformer.Config.VocabularySize;
        return ids.Length == leading ? throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"embeddings: text {index} is empty; give a text of at least one character."), "texts")
            : ids.Length > context ? throw new TextTooLongException(index, ids.Length, context)
            : Array.FindIndex(ids, id => (uint)id >= (uint)vocabulary) is >= 0 and int wrong ? throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"embeddings: text {index} holds token {ids[wrong]}; the model's ids are 0 to {vocabulary - 1}."), "texts")
            : ids;
    }
}
