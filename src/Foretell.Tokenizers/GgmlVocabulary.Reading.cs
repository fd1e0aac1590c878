using System.Text;

namespace Foretell.Tokenizers;

public sealed partial record GgmlVocabulary
{
    /// <summary>Longer pieces are looked up as they are and not taken apart: no published one is longer, and it bounds the work on hostile files.</summary>
    private const int LongestMergedPiece = 256;

    /// <summary>The tokenizer that this describes.</summary>
    /// <exception cref="FormatException">It contradicts itself, or is of a kind that is not supported; the message says what and where.</exception>
    public Tokenizer ToTokenizer()
    {
        Check();
        AddedToken[] added = [.. Enumerable.Range(0, Tokens.Count).Where(id => IsAdded(TypeOf(id))).Select(id => new AddedToken(id, Tokens[id], TypeOf(id) != GgmlTokenType.UserDefined))];
        try
        {
            return Model switch
            {
                BytePairs => ToBytePairs(added),
                Pieces => ToPieces(added),
                _ => throw new FormatException($"The tokenizer is of the kind \"{Model}\"; {BytePairs} and {Pieces} are supported."),
            };
        }
        catch (ArgumentException error)
        {
            throw new FormatException($"The tokenizer's tokens do not fit together ({error.Message}).", error);
        }
    }

    private BytePairEncoding ToBytePairs(AddedToken[] added)
    {
        GgmlSplitPattern pattern = GgmlSplitPattern.Find(Pre ?? "default")
            ?? throw new FormatException($"The split pattern \"{Pre}\" (tokenizer.ggml.pre) is not known; those that are: {GgmlSplitPattern.Names}.");
        var tokens = new TokenTable();
        byte[] bytes = new byte[256];
        for (int id = 0; id < Tokens.Count; id++)
        {
            if (TypeOf(id) is not (GgmlTokenType.Normal or GgmlTokenType.Byte))
            {
                continue;
            }
            byte[] spelling = Encoding.UTF8.GetBytes(Tokens[id]);
            bytes = bytes.Length < spelling.Length ? new byte[spelling.Length] : bytes;
            int count = ByteAlphabet.Read(spelling, bytes);
            tokens.Add(id, count < 0 ? spelling : bytes.AsSpan(0, count), searchable: count >= 0);
        }
        var merges = new MergeReader(tokens, Merges?.Count ?? 0);
        foreach (string merge in Merges ?? throw new FormatException("The tokenizer has no merges (tokenizer.ggml.merges)."))
        {
            merges.AddLine(Encoding.UTF8.GetBytes(merge));
        }
        int? begin = AddsBeginOrUsual ? BeginId : null;
        return new BytePairEncoding(tokens, merges.ToTable(), new BytePairRules
        {
            PreTokenizer = pattern.PreTokenizer,
            Normalization = pattern.Normalization,
            IgnoresMerges = pattern.IsLlama3,
            AddedTokens = added,
            BeginOfTextId = begin,
            EndOfTextId = EndId,
            PostProcessorJson = TokenizerJson.BeginTemplate(added, begin),
        });
    }

    private SentencePieceEncoding ToPieces(AddedToken[] added)
    {
        var pieces = new TokenTable();
        for (int id = 0; id < Tokens.Count; id++)
        {
            if (TypeOf(id) is GgmlTokenType.Normal or GgmlTokenType.Byte)
            {
                pieces.Add(id, Encoding.UTF8.GetBytes(Tokens[id]));
            }
        }
        MergeTable merges;
        if (Merges is null)
        {
            merges = MergesOf(pieces, Scores ?? throw new FormatException("The tokenizer has neither scores (tokenizer.ggml.scores) nor merges."));
        }
        else
        {
            var reader = new MergeReader(pieces, Merges.Count, byteLevel: false);
            foreach (string merge in Merges)
            {
                reader.AddLine(Encoding.UTF8.GetBytes(merge));
            }
            merges = reader.ToTable();
        }
        return new SentencePieceEncoding(pieces, merges, new SentencePieceRules(AddsSpacePrefix == false ? SpacePrefix.Never : SpacePrefix.Always)
        {
            AddedTokens = added,
            BeginOfTextId = AddsBeginOrUsual ? BeginId : null,
            EndOfTextId = EndId,
            Scores = Merges is null ? Scores : null,
        }, json: null);
    }

    /// <summary>
    /// Scores as merges: every way in which two pieces make a third, in the order of the thirds' scores, those of equal score
    /// at once, which leaves the leftmost first as SentencePiece does.
    /// </summary>
    internal static MergeTable MergesOf(TokenTable pieces, IReadOnlyList<float> scores)
    {
        var found = new List<(float Score, Merge Merge)>();
        for (int id = 0; id < pieces.Count; id++)
        {
            if (!pieces.Contains(id) || pieces[id].Length > LongestMergedPiece)
            {
                continue;
            }
            ReadOnlySpan<byte> piece = pieces[id];
            for (int cut = 1; cut < piece.Length; cut++)
            {
                // Only between characters: the others are never found side by side.
                if ((piece[cut] & 0xC0) != 0x80 && pieces.Find(piece[..cut]) is int left and >= 0 && pieces.Find(piece[cut..]) is int right and >= 0)
                {
                    found.Add((scores[id], new Merge(left, right, id)));
                }
            }
        }
        Merge[] ordered = new Merge[found.Count];
        int[] ranks = new int[found.Count];
        int index = 0;
        foreach ((float score, Merge merge) in found.OrderByDescending(pair => pair.Score))
        {
            ordered[index] = merge;
            ranks[index] = index > 0 && score == scores[ordered[index - 1].Result] ? ranks[index - 1] : index;
            index++;
        }
        return new MergeTable(ordered, ranks);
    }

    private GgmlTokenType TypeOf(int id) => Types is null ? GgmlTokenType.Normal : (GgmlTokenType)Types[id];

    private static bool IsAdded(GgmlTokenType type) => type is GgmlTokenType.Control or GgmlTokenType.Unknown or GgmlTokenType.UserDefined;

    private void Check()
    {
        if (Tokens.Count is 0 or > TokenTable.MaximumId)
        {
            throw new FormatException($"The tokenizer has {Tokens.Count} tokens (tokenizer.ggml.tokens); from 1 to {TokenTable.MaximumId} are possible.");
        }
        if ((Types?.Count ?? Tokens.Count) != Tokens.Count || (Scores?.Count ?? Tokens.Count) != Tokens.Count)
        {
            throw new FormatException($"The tokenizer has {Tokens.Count} tokens, but {Types?.Count} types and {Scores?.Count} scores; there must be one for each.");
        }
        for (int id = 0; id < Tokens.Count; id++)
        {
            if (TypeOf(id) is < GgmlTokenType.Normal or > GgmlTokenType.Byte)
            {
                throw new FormatException($"The token {id} is of the type {(int)TypeOf(id)}; types are from 1 to 6.");
            }
            if (Scores is not null && !float.IsFinite(Scores[id]))
            {
                throw new FormatException($"The token {id} has a score that is no number.");
            }
        }
        foreach ((string name, int? id) in new[] { ("bos", BeginId), ("eos", EndId), ("eot", EndOfTurnId), ("eom", EndOfMessageId), ("unknown", UnknownId), ("padding", PaddingId) })
        {
            if (id < 0 || id >= Tokens.Count)
            {
                throw new FormatException($"The {name} token has the id {id}, and the tokenizer ids from 0 to {Tokens.Count - 1}.");
            }
        }
    }
}
