using System.Globalization;
using System.Text;

namespace Foretell.Tokenizers;

public sealed partial record GgmlVocabulary
{
    /// <summary>The score of tokens that are never made by merging.</summary>
    private const float NeverMerged = -1_000_000_000;

    /// <summary>A tokenizer's description, without the ids that begin and end texts.</summary>
    /// <param name="tokenizer">One that was loaded from a published file or trained here.</param>
    /// <param name="count">Ids of the model, at least as many as the tokenizer's: those above are described as unused.</param>
    /// <exception cref="ArgumentException">GGUF files have no way to say what the tokenizer does.</exception>
    public static GgmlVocabulary Of(Tokenizer tokenizer, int count) => tokenizer switch
    {
        ByteTokenizer bytes => OfBytePairs(bytes.AsBytePairs, count),
        BytePairEncoding pairs => OfBytePairs(pairs, count),
        SentencePieceEncoding pieces => OfPieces(pieces, count),
        CharacterTokenizer characters => OfCharacters(characters, count),
        _ => throw new ArgumentException($"GGUF files have no way to describe a {tokenizer.GetType().Name}."),
    };

    private static GgmlVocabulary OfBytePairs(BytePairEncoding tokenizer, int count)
    {
        GgmlSplitPattern pattern = GgmlSplitPattern.Of(tokenizer.Rules, tokenizer.MergeCount > 0)
            ?? throw new ArgumentException($"GGUF files have no name for the split pattern {tokenizer.PreTokenizer.Pattern} with normalization {tokenizer.Normalization} and ignore_merges {tokenizer.Rules.IgnoresMerges}; those that have one: {GgmlSplitPattern.Names}.");
        (string[] tokens, int[] types) = Spell(count, tokenizer.AddedTokens, id => tokenizer.Tokens.Contains(id) ? ByteAlphabet.Spell(tokenizer.Tokens[id]) : null);
        string[] merges = new string[tokenizer.MergeCount];
        for (int index = 0; index < merges.Length; index++)
        {
            Merge merge = tokenizer.Merges.InOrder[index];
            merges[index] = $"{ByteAlphabet.Spell(tokenizer.Tokens[merge.Left])} {ByteAlphabet.Spell(tokenizer.Tokens[merge.Right])}";
        }
        return new GgmlVocabulary
        {
            Model = BytePairs,
            Pre = pattern.Name,
            Tokens = tokens,
            Types = types,
            Merges = merges,
            AddsBegin = tokenizer.BeginOfTextId is not null,
        };
    }

    private static GgmlVocabulary OfPieces(SentencePieceEncoding tokenizer, int count)
    {
        TokenTable pieces = tokenizer.Pieces;
        (string[] tokens, int[] types) = Spell(count, tokenizer.Rules.AddedTokens, id => pieces.Contains(id) ? Encoding.UTF8.GetString(pieces[id]) : null);
        float[] scores = new float[count];
        if (tokenizer.Rules.Scores is IReadOnlyList<float> given)
        {
            Array.Fill(scores, NeverMerged);
            for (int id = 0; id < Math.Min(count, given.Count); id++)
            {
                scores[id] = given[id];
            }
        }
        else
        {
            // A token's turn is that of its first merge; what no merge makes must not be made by its score either.
            bool[] isMade = new bool[count];
            for (int index = 0; index < tokenizer.Merges.InOrder.Length; index++)
            {
                int result = tokenizer.Merges.InOrder[index].Result;
                scores[result] = isMade[result] ? scores[result] : -index;
                isMade[result] = true;
            }
            for (int id = 0; id < count; id++)
            {
                scores[id] = isMade[id] || types[id] == (int)GgmlTokenType.Byte ? scores[id] : NeverMerged;
            }
        }
        return new GgmlVocabulary
        {
            Model = Pieces,
            Pre = "default",
            Tokens = tokens,
            Types = types,
            Scores = scores,
            // Scores let every pair make its token; where the merges do not, they are written as well, which readers may prefer.
            Merges = tokenizer.Rules.Scores is null && !SameMerges(tokenizer.Merges, MergesOf(Ordinary(pieces, types), scores)) ? Spell(tokenizer.Merges, pieces) : null,
            AddsBegin = tokenizer.BeginOfTextId is not null,
            AddsSpacePrefix = tokenizer.Rules.Prefix != SpacePrefix.Never,
            UnknownId = Array.IndexOf(types, (int)GgmlTokenType.Unknown) is int unknown and >= 0 ? unknown : null,
        };
    }

    /// <summary>Characters as pieces that nothing merges; a space is spelled ▁, as these vocabularies have it.</summary>
    private static GgmlVocabulary OfCharacters(CharacterTokenizer tokenizer, int count)
    {
        Dictionary<int, string> spellings = tokenizer.Vocabulary().ToDictionary(token => token.Id, token => token.Spelling == " " ? "▁" : token.Spelling);
        if (spellings.Values.Count(spelling => spelling == "▁") > 1)
        {
            throw new ArgumentException("The vocabulary of characters has both a space and ▁, which GGUF files cannot tell apart.");
        }
        (string[] tokens, int[] types) = Spell(count, tokenizer.AddedTokens, spellings.GetValueOrDefault);
        return new GgmlVocabulary
        {
            Model = Pieces,
            Pre = "default",
            Tokens = tokens,
            Types = types,
            Scores = new float[count],
            AddsBegin = tokenizer.BeginOfTextId is not null,
            AddsSpacePrefix = false,
        };
    }

    /// <summary>The spelling and type of every id.</summary>
    /// <param name="spell">An id's spelling where no added token has it; null for an id without a token.</param>
    private static (string[] Tokens, int[] Types) Spell(int count, IReadOnlyList<AddedToken> added, Func<int, string?> spell)
    {
        Dictionary<int, AddedToken> byId = added.ToDictionary(token => token.Id);
        string[] tokens = new string[count];
        int[] types = new int[count];
        for (int id = 0; id < count; id++)
        {
            byId.TryGetValue(id, out AddedToken? token);
            string? spelling = token?.Content ?? spell(id);
            tokens[id] = spelling ?? string.Create(CultureInfo.InvariantCulture, $"[PAD{id}]");
            types[id] = (int)(spelling is null ? GgmlTokenType.Unused
                : token is { Content: "<unk>", IsSpecial: true } ? GgmlTokenType.Unknown
                : token is { IsSpecial: true } ? GgmlTokenType.Control
                : token is not null ? GgmlTokenType.UserDefined
                : CharacterTokenizer.ByteOf(spelling) is not null ? GgmlTokenType.Byte
                : GgmlTokenType.Normal);
        }
        return (tokens, types);
    }

    private static TokenTable Ordinary(TokenTable pieces, int[] types)
    {
        var ordinary = new TokenTable();
        for (int id = 0; id < pieces.Count; id++)
        {
            if (pieces.Contains(id) && (GgmlTokenType)types[id] is GgmlTokenType.Normal or GgmlTokenType.Byte)
            {
                ordinary.Add(id, pieces[id]);
            }
        }
        return ordinary;
    }

    /// <summary>Whether both have the same pairs, and make the tokens in the same order.</summary>
    private static bool SameMerges(MergeTable left, MergeTable right)
    {
        if (left.InOrder.Length != right.InOrder.Length)
        {
            return false;
        }
        for (int index = 0; index < left.InOrder.Length; index++)
        {
            Merge merge = left.InOrder[index];
            if (merge.Result != right.InOrder[index].Result || right.Rank(merge.Left, merge.Right) == MergeTable.NoRank)
            {
                return false;
            }
        }
        return true;
    }

    private static string[] Spell(MergeTable merges, TokenTable pieces)
    {
        string[] spelled = new string[merges.InOrder.Length];
        for (int index = 0; index < spelled.Length; index++)
        {
            Merge merge = merges.InOrder[index];
            spelled[index] = $"{Encoding.UTF8.GetString(pieces[merge.Left])} {Encoding.UTF8.GetString(pieces[merge.Right])}";
        }
        return spelled;
    }
}
