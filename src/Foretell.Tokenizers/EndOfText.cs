namespace Foretell.Tokenizers;

/// <summary>Which of a vocabulary's tokens ends a document.</summary>
internal static class EndOfText
{
    private static readonly string[] Names = ["<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>", "<|eos|>", "<｜end▁of▁sentence｜>", "<|im_end|>"];

    public static int? Find(IReadOnlyList<AddedToken> tokens)
    {
        foreach (string name in Names)
        {
            if (tokens.FirstOrDefault(token => token.Content == name) is AddedToken token)
            {
                return token.Id;
            }
        }
        return null;
    }
}
