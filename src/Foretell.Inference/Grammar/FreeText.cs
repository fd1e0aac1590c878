namespace Foretell.Inference;

/// <summary>Text of any kind around a marker.</summary>
internal static class FreeText
{
    private static readonly Expression Any = Expression.Repeat(Utf8Expression.Of(CharacterSet.All), 0);
    private static readonly Expression Some = Expression.Repeat(Utf8Expression.Of(CharacterSet.All), 1);

    /// <summary>Text that ends with the marker and holds it nowhere before. Hardly any token leaves it, which keeps its masks cheap.</summary>
    public static Expression Until(string marker) => Expression.Terminal(Expression.Except(
        Expression.Sequence(Any, Expression.Literal(marker)),
        Expression.Sequence(Any, Expression.Literal(marker), Some)));

    /// <summary>Text that holds the marker nowhere, or doesn't begin with it.</summary>
    public static Expression Without(string marker, bool isOnlyAtStart) => Expression.Terminal(Expression.Except(
        Any,
        Expression.Sequence(isOnlyAtStart ? Expression.Empty : Any, Expression.Literal(marker), Any)));
}
