using System.Numerics;
using Foretell.Tokenizers.Jinja;

namespace Foretell.Tokenizers.Tests;

public class HostileTemplateTests
{
    [Theory]
    [InlineData("{% set x = 'b' * 99999 %}{% for a in range(999) %}{% set _ = 'a'.strip(x) %}{% endfor %}")]
    [InlineData("{% set x = 'b' * 99999 %}{% for a in range(999) %}{% set _ = 'a' | trim(x) %}{% endfor %}")]
    [InlineData("{% set l = range(99999) | list %}{% for a in range(999) %}{% set _ = l.pop(0) %}{% endfor %}")]
    [InlineData("{% set d = {} %}{% for a in range(9999) %}{% set _ = d.update({a: a}) %}{% endfor %}{% for a in range(4999) %}{% set _ = d.pop(a) %}{% endfor %}")]
    public void Render_WorkThatGrowsWithTheValues_IsCounted(string template)
    {
        var limits = new ChatTemplateLimits { MaximumSteps = 1_000_000 };
        ChatTemplateException error = Assert.Throws<ChatTemplateException>(() => Chats.Render(template, limits: limits));
        Assert.Contains("more than 1000000 steps", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{{ 'xyabcyx'.strip('yx') }}", "abc")]
    [InlineData("{{ 'xyabcyx'.lstrip('yx') }}", "abcyx")]
    [InlineData("{{ 'xyabcyx'.rstrip('yx') }}", "xyabc")]
    [InlineData("{{ '\uffffa\uffff'.strip('\uffff') }}", "a")]
    [InlineData("{{ ' a '.strip('') }}", " a ")]
    public void Render_Strip_TakesTheCharactersAsked(string template, string expected) => Assert.Equal(expected, Chats.Render(template));

    [Theory]
    [InlineData("{{ ([1] * 999) | tojson(separators=['x' * 90000, ':']) }}")]
    [InlineData("{{ ([10 ** 1000] * 9999) | tojson(separators=['', ':']) }}")]
    [InlineData("{{ ('\u0001' * 90000) | tojson | length }}")]
    public void Render_JsonBeyondTheLimit_IsNeverBuilt(string template)
    {
        var limits = new ChatTemplateLimits { MaximumCharacters = 100_000 };
        long before = GC.GetAllocatedBytesForCurrentThread();
        ChatTemplateException error = Assert.Throws<ChatTemplateException>(() => Chats.Render(template, limits: limits));
        Assert.Contains("a text grew longer than 100000 characters", error.Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000_000);
    }

    [Fact]
    public void Render_JsonWithinTheLimit_CountsItsIndentOnce()
    {
        var limits = new ChatTemplateLimits { MaximumCharacters = 1000 };
        Assert.Equal(905, Chats.Render("{{ [1] | tojson(indent='x' * 900) }}", limits: limits).Length);
    }

    [Theory]
    [InlineData("big")]
    [InlineData("folded")]
    [InlineData("floats")]
    [InlineData("nan")]
    public void GetHashCode_OfChosenNumbers_Differs(string kind)
    {
        IEqualityComparer<Value> comparer = new DictionaryValue().Entries.Comparer;
        var hashes = new HashSet<int>();
        for (long index = 1; index <= 1000; index++)
        {
            // "folded" numbers have doubles whose two halves differ in the same bits, which double.GetHashCode cancels.
            hashes.Add(comparer.GetHashCode(kind switch
            {
                "big" => new IntegerValue(BigInteger.Pow(2, 4000) + index),
                "folded" => new IntegerValue((1L << 52) + (index * ((1L << 32) + 1))),
                "floats" => new FloatValue(Math.Pow(2, 60) + (index * 1024)),
                _ => new FloatValue(double.NaN),
            }));
        }
        Assert.InRange(hashes.Count, 990, 1000);
    }

    [Fact]
    public void GetHashCode_OfEqualNumbers_IsEqual()
    {
        IEqualityComparer<Value> comparer = new DictionaryValue().Entries.Comparer;
        foreach (double number in new[] { 0, -0.0, 1, -7, 1L << 53, -(1L << 53), Math.Pow(2, 54), -1e300 })
        {
            var integer = new IntegerValue(new BigInteger(number));
            Assert.True(comparer.Equals(integer, new FloatValue(number)));
            Assert.Equal(comparer.GetHashCode(integer), comparer.GetHashCode(new FloatValue(number)));
        }
        Assert.Equal(comparer.GetHashCode(BooleanValue.True), comparer.GetHashCode(new IntegerValue(1)));
    }

    [Fact]
    public void Render_ConversationWithAValueBeyondTheBounds_IsRefused()
    {
        string[] values = ["{\"" + new string('k', 65_537) + "\": 1}", new string('9', 1001)];
        foreach (string value in values)
        {
            ChatTemplateException error = Assert.Throws<ChatTemplateException>(() => Chats.Render("{{ x }}", "{\"x\": " + value + "}"));
            Assert.True(error.IsRefusal);
            Assert.InRange(error.Message.Length, 1, 200);
        }
    }
}
