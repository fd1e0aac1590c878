using System.Text;
using Foretell.Tensors;

namespace Foretell.Inference.Tests;

public class TextStreamTests
{
    private const string Mixed = "a é ß 中文 🙂 👩‍👩‍👧‍👦 🇩🇪 e\u0301 שלום العربية \u0000\uFFFD 𝔘!";

    [Fact]
    public void Append_SplitAtEveryByte_GivesTheWholeInWholeCharacters()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Mixed);
        for (int cut = 0; cut <= bytes.Length; cut++)
        {
            AssertPieces(Mixed, [], [bytes[..cut], bytes[cut..]]);
            for (int second = cut; second <= bytes.Length; second += 3)
            {
                AssertPieces(Mixed, [], [bytes[..cut], bytes[cut..second], bytes[second..]]);
            }
        }
        AssertPieces(Mixed, [], [.. bytes.Select(b => (byte[])[b])]);
    }

    [Fact]
    public void Append_OfAWholeCharacter_IsNotHeldBack()
    {
        var stream = new TextStream([]);
        byte[] smile = Encoding.UTF8.GetBytes("🙂");
        Assert.Equal("", stream.Append(smile.AsSpan(0, 3)));
        Assert.Equal("🙂", stream.Append(smile.AsSpan(3)));
        Assert.Equal("x", stream.Append("x"u8));
    }

    /// <summary>The same replacements as the framework's own decoder, however the bytes are cut.</summary>
    [Fact]
    public void Append_BytesThatAreNotUtf8_BecomeReplacementCharacters()
    {
        var random = new SeededRandom(12);
        byte[] choices = [0x41, 0x80, 0xBF, 0xC0, 0xC3, 0xA9, 0xE2, 0x82, 0xAC, 0xED, 0xA0, 0xF0, 0x9F, 0x99, 0xF4, 0x90, 0xFF, 0x20];
        for (int trial = 0; trial < 2000; trial++)
        {
            byte[] bytes = new byte[random.NextInt(14)];
            for (int i = 0; i < bytes.Length; i++)
            {
                bytes[i] = choices[random.NextInt(choices.Length)];
            }
            string expected = Encoding.UTF8.GetString(bytes);
            AssertPieces(expected, [], [bytes]);
            AssertPieces(expected, [], [.. bytes.Select(b => (byte[])[b])]);
        }
    }

    [Theory]
    [InlineData("Hello\nUser: x", "\nUser:", "Hello")]
    [InlineData("aabaaab!", "aaab", "aab")]
    [InlineData("no stop here", "stop!", "no stop here")]
    [InlineData("ends with sto", "stop", "ends with sto")]
    [InlineData("é🙂中 tail", "🙂中", "é")]
    [InlineData("stop", "stop", "")]
    public void Append_WithAStopString_EndsBeforeItHoweverItIsCut(string text, string stop, string expected)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        for (int cut = 0; cut <= bytes.Length; cut++)
        {
            AssertPieces(expected, [stop], [bytes[..cut], bytes[cut..]]);
        }
        TextStream stream = AssertPieces(expected, [stop], [.. bytes.Select(b => (byte[])[b])]);
        Assert.Equal(text.Contains(stop, StringComparison.Ordinal) ? stop : null, stream.Stopped);
    }

    [Fact]
    public void Append_WithSeveralStopStrings_TakesTheEarliest()
    {
        TextStream stream = AssertPieces("one ", ["three", "two", "zwei"], ["one two three"u8.ToArray()]);
        Assert.Equal("two", stream.Stopped);
    }

    [Fact]
    public void Append_WhatMayBecomeAStopString_IsHeldBackAndReleasedWhenItDoesNot()
    {
        var stream = new TextStream(["<end>"]);
        Assert.Equal("a", stream.Append("a<en"u8));
        Assert.Equal("<enx", stream.Append("x"u8));
        Assert.Equal("", stream.Append("<e"u8));
        Assert.Equal("<e", stream.Finish());
    }

    [Fact]
    public void Append_AfterTheStop_GivesNothing()
    {
        var stream = new TextStream(["."]);
        Assert.Equal("a", stream.Append("a.b"u8));
        Assert.Equal("", stream.Append("c"u8));
        Assert.Equal("", stream.Finish());
    }

    private static TextStream AssertPieces(string expected, string[] stops, IReadOnlyList<byte[]> pieces)
    {
        var stream = new TextStream(stops);
        var whole = new StringBuilder();
        foreach (byte[] piece in pieces)
        {
            Add(stream.Append(piece));
        }
        Add(stream.Finish());
        Assert.Equal(expected, whole.ToString());
        return stream;

        void Add(string piece)
        {
            // A lone surrogate would not survive the way to UTF-8 and back.
            Assert.Equal(piece, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(piece)));
            whole.Append(piece);
        }
    }
}
