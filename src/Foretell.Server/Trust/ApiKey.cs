namespace Foretell.Server.Trust;

/// <summary>A key as it is kept: everything but its secret.</summary>
/// <param name="Id">"key_" and letters; what keys are revoked by, and what usage is counted under.</param>
/// <param name="Name">What its maker calls it.</param>
/// <param name="Hash">Of the secret, by <see cref="KeyHasher"/>.</param>
/// <param name="Prefix">The secret's first characters.</param>
/// <param name="Scopes">What it may be used for.</param>
/// <param name="Created">When it was made.</param>
/// <param name="Expires">From when on it is refused; null for never.</param>
/// <param name="Revoked">When it was revoked; null while it is good.</param>
/// <param name="Limits">How much it may be used.</param>
public sealed record ApiKey(
    string Id, string Name, string Hash, string Prefix, KeyScopes Scopes, DateTimeOffset Created, DateTimeOffset? Expires, DateTimeOffset? Revoked, KeyLimits Limits)
{
    /// <summary>Whether it is good at a time.</summary>
    public bool IsGoodAt(DateTimeOffset time) => Revoked is null && (Expires is null || time < Expires);
}

/// <summary>How much a key may be used in a minute; null for as much as there is.</summary>
/// <param name="RequestsPerMinute">At least 1.</param>
/// <param name="TokensPerMinute">Tokens of prompts and answers together, at least 1.</param>
public readonly record struct KeyLimits(int? RequestsPerMinute, int? TokensPerMinute)
{
    /// <exception cref="ArgumentException">A limit is below 1.</exception>
    public void Validate()
    {
        if (RequestsPerMinute < 1 || TokensPerMinute < 1)
        {
            throw new ArgumentException(FormattableString.Invariant($"A limit is at least 1 a minute; {Math.Min(RequestsPerMinute ?? int.MaxValue, TokensPerMinute ?? int.MaxValue)} was given. Leave it out for none."));
        }
    }
}
