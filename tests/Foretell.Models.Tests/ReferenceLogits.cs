using Foretell.Tensors.Autograd;

namespace Foretell.Models.Tests;

internal static class ReferenceLogits
{
    /// <summary>The logits after each token of one sequence, [tokens × vocabulary].</summary>
    public static float[] Of(Transformer model, int[] ids)
    {
        using var tape = new Tape(model.Device, recording: false);
        return model.Logits(tape, model.Hidden(tape, TokenBatch.Single(ids))).ToArray();
    }
}
