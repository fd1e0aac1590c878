using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Foretell.Server.Trust;

/// <summary>The limits as OpenAI's clients read them: <c>x-ratelimit-limit-requests</c> and so on.</summary>
internal static class RateHeaders
{
    public static void Write(IHeaderDictionary headers, RateDecision decision)
    {
        Write(headers, "requests", decision.Requests);
        Write(headers, "tokens", decision.Tokens);
        if (decision.RetryAfter is TimeSpan wait)
        {
            headers.RetryAfter = Seconds(wait);
        }
    }

    /// <summary>Whole seconds, at least one, for Retry-After.</summary>
    public static string Seconds(TimeSpan wait) => Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);

    /// <summary>A duration as Go writes it, which is how OpenAI tells resets: 12ms, 1.5s, 6m0s.</summary>
    public static string Duration(TimeSpan time)
    {
        // Up, so that nobody comes too early.
        long milliseconds = (long)Math.Ceiling(time.TotalMilliseconds);
        if (milliseconds is > 0 and < 1000)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{milliseconds}ms");
        }
        string seconds = (milliseconds % 60_000 / 1000.0).ToString("0.###", CultureInfo.InvariantCulture) + "s";
        return milliseconds < 60_000 ? seconds : string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 60_000}m{seconds}");
    }

    private static void Write(IHeaderDictionary headers, string what, RateStatus? status)
    {
        if (status is RateStatus known)
        {
            headers[$"x-ratelimit-limit-{what}"] = known.Limit.ToString(CultureInfo.InvariantCulture);
            headers[$"x-ratelimit-remaining-{what}"] = known.Remaining.ToString(CultureInfo.InvariantCulture);
            headers[$"x-ratelimit-reset-{what}"] = Duration(known.Reset);
        }
    }
}
