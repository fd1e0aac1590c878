using Foretell.Data;
using Foretell.Models;
using Foretell.Tensors;
using Foretell.Tensors.Kernels.Cpu;
using Foretell.Tokenizers;
using Foretell.Training;

namespace Foretell.Cli;

/// <summary>Shows conversations token by token as fine-tuning reads them: in the file's order, with each token's weight.</summary>
internal static class ConversationPrinter
{
    /// <param name="context">Tokens of a row; null for the model's.</param>
    /// <param name="rows">Rows of a batch.</param>
    /// <param name="number">Which batch, from 0.</param>
    public static void Print(string file, string model, bool addMarkers, int? context, int rows, long number, bool json)
    {
        using Device device = CpuDevice.Create(threads: 1);
        using PretrainedModel published = PretrainedModel.Load(model, device, WeightKeys.FromEnvironment());
        Tokenizer tokenizer = addMarkers ? ChatMarkers.AddTo(published.Tokenizer) : published.Tokenizer;
        var encoder = new ChatEncoder(tokenizer, TrainedModel.OwnTemplate(published) ?? ChatTemplate.Default(tokenizer));
        int length = context ?? published.Transformer.Config.ContextLength;
        ChatDataset dataset = ChatDataset.Encode(ChatForms.Read([file]), encoder, length);
        var batches = new ChatBatches(dataset.Examples, new ChatBatchOptions { ContextLength = length, Rows = rows, Packing = PackingOrder.InOrder, Shuffles = false, Meaningless = tokenizer.EndOfTextId ?? 0 });
        if (number < 0 || number >= batches.Steps(1))
        {
            throw new FormatException(FormattableString.Invariant($"--batch {number}: {file} makes batches 0 to {batches.Steps(1) - 1} of {rows} rows."));
        }
        if (dataset.LeftOut(length) is string left)
        {
            Console.Error.WriteLine(left);
        }
        Batch batch = batches.At(number);
        if (!json)
        {
            BatchPrinter.WriteTable(batch, tokenizer, Console.Out);
            return;
        }
        using (Stream output = Console.OpenStandardOutput())
        {
            BatchPrinter.WriteJson(batch, tokenizer, output);
        }
        Console.WriteLine();
    }
}
