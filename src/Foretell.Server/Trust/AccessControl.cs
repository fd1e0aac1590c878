using Foretell.Server.Telemetry;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Foretell.Server.Trust;

/// <summary>Asks every request for its key, its scope, and whether the key has enough left of its minute.</summary>
internal sealed class AccessControl(RequestDelegate next, KeyRing keys, RateLimiter limiter, TrustOptions options, ServerMetrics metrics)
{
    private const string Bearer = "Bearer ";

    public async Task InvokeAsync(HttpContext context)
    {
        KeyScopes wanted = RequiredScope.Of(context);
        if (wanted == KeyScopes.None)
        {
            await next(context).ConfigureAwait(false);
            return;
        }
        RequestRecord record = RequestRecord.Of(context);
        ApiKey? key = null;
        if (await keys.AnyAsync(context.RequestAborted).ConfigureAwait(false))
        {
            key = await IdentifyAsync(context).ConfigureAwait(false);
            record.Caller = key.Id;
            if (!key.Scopes.Allows(wanted))
            {
                metrics.Refuse("scope");
                throw new ApiException(StatusCodes.Status403Forbidden, $"This API key is not for this: it has the scopes {string.Join(", ", KeyScopeNames.List(key.Scopes))}, and {KeyScopeNames.Format(wanted)} is needed.", "permission_error", code: "insufficient_permissions");
            }
        }
        await LimitAsync(context, record, key).ConfigureAwait(false);
    }

    private async Task<ApiKey> IdentifyAsync(HttpContext context)
    {
        string authorization = context.Request.Headers.Authorization.ToString();
        string? secret = authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? authorization[Bearer.Length..].Trim() : null;
        if (await keys.FindAsync(secret, context.RequestAborted).ConfigureAwait(false) is ApiKey key)
        {
            return key;
        }
        metrics.Refuse("authentication");
        context.Response.OnStarting(() =>
        {
            context.Response.Headers[HeaderNames.WWWAuthenticate] = "Bearer";
            return Task.CompletedTask;
        });
        throw new ApiException(
            StatusCodes.Status401Unauthorized,
            string.IsNullOrEmpty(secret)
                ? "You didn't provide an API key. Provide one in an Authorization header using Bearer auth (Authorization: Bearer YOUR_KEY); the operator of this server makes keys with foretell keys create."
                : "Incorrect API key provided. It may be mistyped, expired or revoked; the operator of this server makes keys with foretell keys create.",
            "invalid_request_error",
            code: "invalid_api_key");
    }

    private async Task LimitAsync(HttpContext context, RequestRecord record, ApiKey? key)
    {
        var limits = new KeyLimits(key?.Limits.RequestsPerMinute ?? options.Limits.RequestsPerMinute, key?.Limits.TokensPerMinute ?? options.Limits.TokensPerMinute);
        if (limits == default)
        {
            await next(context).ConfigureAwait(false);
            return;
        }
        string who = key?.Id ?? "";
        RateDecision decision = limiter.TakeRequest(who, limits);
        long charged = 0;
        void Charge()
        {
            long used = record.PromptTokens + record.CompletionTokens;
            if (used > charged)
            {
                decision = limiter.TakeTokens(who, limits, used - charged);
                charged = used;
            }
        }
        context.Response.OnStarting(() =>
        {
            Charge();
            RateHeaders.Write(context.Response.Headers, decision);
            return Task.CompletedTask;
        });
        if (decision.RetryAfter is TimeSpan wait)
        {
            metrics.Refuse("rate_limit");
            int limit = decision.Refusal == "tokens" ? limits.TokensPerMinute!.Value : limits.RequestsPerMinute!.Value;
            throw new ApiException(StatusCodes.Status429TooManyRequests, FormattableString.Invariant($"Rate limit reached for {decision.Refusal}: {limit} a minute. Please try again in {RateHeaders.Duration(wait)}."), decision.Refusal == "tokens" ? "tokens" : "requests", code: "rate_limit_exceeded", retryAfter: wait);
        }
        try
        {
            await next(context).ConfigureAwait(false);
        }
        finally
        {
            Charge();
        }
    }
}
