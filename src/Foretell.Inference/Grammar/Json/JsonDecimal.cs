using System.Globalization;
using System.Numerics;

namespace Foretell.Inference;

/// <summary>A JSON number, exactly: <paramref name="Unscaled"/> / 10^<paramref name="Scale"/>, without trailing zeros in the fraction.</summary>
internal readonly record struct JsonDecimal(BigInteger Unscaled, int Scale) : IComparable<JsonDecimal>
{
    private const int MaximumExponent = 400;

    public static JsonDecimal? TryParse(string json)
    {
        int exponentAt = json.AsSpan().IndexOfAny('e', 'E');
        int exponent = 0;
        if (exponentAt >= 0 && (!int.TryParse(json.AsSpan(exponentAt + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent) || Math.Abs(exponent) > MaximumExponent))
        {
            return null;
        }
        string mantissa = exponentAt >= 0 ? json[..exponentAt] : json;
        int point = mantissa.IndexOf('.', StringComparison.Ordinal);
        int scale = point < 0 ? 0 : mantissa.Length - point - 1;
        if (mantissa.Length > MaximumExponent)
        {
            return null;
        }
        var unscaled = BigInteger.Parse(mantissa.Replace(".", "", StringComparison.Ordinal), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        scale -= exponent;
        if (scale < 0)
        {
            unscaled *= BigInteger.Pow(10, -scale);
            scale = 0;
        }
        while (scale > 0 && unscaled % 10 == 0)
        {
            unscaled /= 10;
            scale--;
        }
        return new JsonDecimal(unscaled, scale);
    }

    public bool IsInteger => Scale == 0;

    public int Sign => Unscaled.Sign;

    public BigInteger Floor => BigInteger.Divide(Unscaled - (Sign < 0 ? BigInteger.Pow(10, Scale) - 1 : 0), BigInteger.Pow(10, Scale));

    public BigInteger Ceiling => -(-this).Floor;

    /// <summary>The digits before the point, without sign.</summary>
    public BigInteger WholePart => BigInteger.Abs(Unscaled) / BigInteger.Pow(10, Scale);

    /// <summary>The digits behind the point; none for integers.</summary>
    public string Fraction => Scale == 0 ? "" : (BigInteger.Abs(Unscaled) % BigInteger.Pow(10, Scale)).ToString(CultureInfo.InvariantCulture).PadLeft(Scale, '0');

    public static JsonDecimal operator -(JsonDecimal value) => new(-value.Unscaled, value.Scale);

    public int CompareTo(JsonDecimal other)
    {
        int scale = Math.Max(Scale, other.Scale);
        return (Unscaled * BigInteger.Pow(10, scale - Scale)).CompareTo(other.Unscaled * BigInteger.Pow(10, scale - other.Scale));
    }
}

/// <summary>An end of a range of numbers.</summary>
/// <param name="IsExclusive">Whether the number itself is outside.</param>
internal readonly record struct JsonBound(JsonDecimal Value, bool IsExclusive);
