using Foretell.World.Environments;

namespace Foretell.World.Tests.Environments;

public class ExpressionTests
{
    [Theory]
    [InlineData("2 + 3 * 4", 14, 1)]
    [InlineData("(2+3)*4", 20, 1)]
    [InlineData("20 - 5 - 3", 12, 1)]
    [InlineData("7 / 2 * 4", 14, 1)]
    [InlineData("1 ÷ 3", 1, 3)]
    [InlineData("((3))", 3, 1)]
    [InlineData("8 − 10", -2, 1)]
    [InlineData("6/(1-5)", -3, 2)]
    public void TryEvaluate_Expression_IsExact(string text, long numerator, long denominator)
    {
        Assert.True(Expression.TryEvaluate(text, out Fraction value, out _));
        Assert.Equal((numerator, denominator), (value.Numerator, value.Denominator));
    }

    [Theory]
    [InlineData("")]
    [InlineData("2 +")]
    [InlineData("2 3")]
    [InlineData("(2")]
    [InlineData("2)")]
    [InlineData("()")]
    [InlineData("2(3)")]
    [InlineData("-2")]
    [InlineData("1/0")]
    [InlineData("1/(2-2)")]
    [InlineData("2 ** 3")]
    [InlineData("2^3")]
    [InlineData("999999999*999999999*999999999")]
    [InlineData("12345678901")]
    [InlineData("1.5 + 2")]
    public void TryEvaluate_WhatIsNoExpression_SaysSo(string text) => Assert.False(Expression.TryEvaluate(text, out _, out _));

    [Fact]
    public void TryEvaluate_RandomTrees_AgreesWithTheTree()
    {
        var random = new SeededRandom(11);
        for (int i = 0; i < 3000; i++)
        {
            (string text, decimal value) = Tree(random, 3);
            Assert.True(Expression.TryEvaluate(text, out Fraction found, out _), text);
            Assert.Equal((value, 1m), (found.Numerator, found.Denominator));
        }
    }

    private static (string Text, decimal Value) Tree(SeededRandom random, int depth)
    {
        if (depth == 0 || random.OneIn(4))
        {
            int number = random.Below(30);
            return ($"{number}", number);
        }
        (string left, decimal a) = Tree(random, depth - 1);
        (string right, decimal b) = Tree(random, depth - 1);
        return random.Below(3) switch { 0 => ($"({left} + {right})", a + b), 1 => ($"({left} - {right})", a - b), _ => ($"({left})*({right})", a * b) };
    }
}
