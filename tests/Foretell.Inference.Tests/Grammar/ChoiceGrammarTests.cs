using System.Text;
using Foretell.Tensors;

namespace Foretell.Inference.Tests;

public class ChoiceGrammarTests
{
    private static readonly string[] Choices = ["yes", "no", "no way", "été", "🦊", "\"quoted\"", "The fox said"];

    [Fact]
    public void Compile_ManyRandomWriters_EveryChoiceAndNothingElseComesOut()
    {
        Grammar grammar = ChoiceGrammar.Compile(Choices);
        foreach (TokenVocabulary vocabulary in new[] { Vocabularies.Bytes, Vocabularies.Trained })
        {
            var written = new HashSet<string>();
            for (ulong seed = 0; seed < 300; seed++)
            {
                written.Add(Encoding.UTF8.GetString(Writer.Write(grammar, vocabulary, new SeededRandom(seed))!));
            }
            Assert.Equal(Choices.Order(StringComparer.Ordinal), written.Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void Mask_AtEveryStep_IsExactlyTheTokensThatContinueAChoice()
    {
        Grammar grammar = ChoiceGrammar.Compile(Choices);
        TokenVocabulary vocabulary = Vocabularies.Trained;
        byte[][] texts = [.. Choices.Select(Encoding.UTF8.GetBytes)];
        var mask = new ulong[vocabulary.MaskWords];
        for (ulong seed = 0; seed < 40; seed++)
        {
            var random = new SeededRandom(seed);
            ITokenConstraint constraint = grammar.Start(vocabulary);
            byte[] written = [];
            while (true)
            {
                constraint.Mask(mask);
                List<int> expected = [.. Enumerable.Range(0, vocabulary.Size).Where(id => vocabulary.IsEnd(id)
                    ? texts.Any(text => text.AsSpan().SequenceEqual(written))
                    : vocabulary.Bytes(id) is { Length: > 0 } bytes && texts.Any(text => text.AsSpan().StartsWith((byte[])[.. written, .. bytes])))];
                Assert.Equal(expected, Writer.Ids(mask));
                int id = expected[random.NextInt(expected.Count)];
                constraint.Accept(id);
                if (vocabulary.IsEnd(id))
                {
                    break;
                }
                written = [.. written, .. vocabulary.Bytes(id)!];
            }
            constraint.Mask(mask);
            Assert.Equal(vocabulary.EndIds.ToArray(), Writer.Ids(mask));
        }
    }

    [Fact]
    public void ForcedText_WhereOneWayIsLeft_IsIt()
    {
        ITokenConstraint constraint = ChoiceGrammar.Compile(["north-east", "north-west"]).Start(Vocabularies.Bytes);
        Assert.Equal("north-", Encoding.UTF8.GetString(constraint.ForcedText()));
        foreach (byte value in "north-"u8)
        {
            constraint.Accept(value);
        }
        ITokenConstraint fork = constraint.Fork();
        constraint.Accept('e');
        fork.Accept('w');
        Assert.Equal("ast", Encoding.UTF8.GetString(constraint.ForcedText()));
        Assert.Equal("est", Encoding.UTF8.GetString(fork.ForcedText()));
        Assert.False(fork.MustEnd);
    }

    [Fact]
    public void Accept_ATokenThatIsNotAllowed_ThrowsAndLeavesTheConstraintAsItWas()
    {
        ITokenConstraint constraint = ChoiceGrammar.Compile(["ab"]).Start(Vocabularies.Bytes);
        constraint.Accept('a');
        Assert.Contains("98", Assert.Throws<InvalidOperationException>(() => { constraint.Accept('b'); constraint.Accept('b'); }).Message);
        Assert.True(constraint.IsComplete);
        Assert.True(constraint.MustEnd);
        constraint.Accept(256);
        Assert.Throws<InvalidOperationException>(() => constraint.Accept('a'));
    }

    [Fact]
    public void Compile_BadLists_AreRefusedInOneSentence()
    {
        Assert.Contains("at least one", Assert.Throws<GrammarException>(() => ChoiceGrammar.Compile([])).Message);
        Assert.Contains("Choice 2 of 2", Assert.Throws<GrammarException>(() => ChoiceGrammar.Compile(["a", ""])).Message);
        Assert.Contains("surrogate", Assert.Throws<GrammarException>(() => ChoiceGrammar.Compile(["\ud800"])).Message);
        Assert.Contains("characters", Assert.Throws<GrammarException>(() => ChoiceGrammar.Compile([new string('a', 2_000_000)])).Message);
    }
}
