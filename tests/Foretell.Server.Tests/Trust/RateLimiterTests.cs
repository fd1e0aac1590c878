using Foretell.Server.Trust;
using Microsoft.AspNetCore.Http;

namespace Foretell.Server.Tests.Trust;

public sealed class RateLimiterTests
{
    private readonly ManualClock _clock = new();
    private readonly RateLimiter _limiter;

    public RateLimiterTests() => _limiter = new RateLimiter(_clock, mostKeys: 100);

    [Fact]
    public void TakeRequest_BeyondTheLimit_IsRefusedUntilOneIsBack()
    {
        var limits = new KeyLimits(60, null);
        for (int i = 0; i < 60; i++)
        {
            RateDecision taken = _limiter.TakeRequest("a", limits);
            Assert.Null(taken.RetryAfter);
            Assert.Equal(new RateStatus(60, 59 - i, TimeSpan.FromSeconds(i + 1)), taken.Requests);
        }
        RateDecision refused = _limiter.TakeRequest("a", limits);
        Assert.Equal("requests", refused.Refusal);
        Assert.Equal(TimeSpan.FromSeconds(1), refused.RetryAfter);
        Assert.Equal(0, refused.Requests!.Value.Remaining);
        _clock.Advance(TimeSpan.FromMilliseconds(999));
        Assert.NotNull(_limiter.TakeRequest("a", limits).RetryAfter);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Null(_limiter.TakeRequest("a", limits).RetryAfter);
        Assert.Null(_limiter.TakeRequest("b", limits).RetryAfter);
    }

    [Fact]
    public void TakeTokens_MoreThanAreLeft_AreMadeUpForFirst()
    {
        var limits = new KeyLimits(null, 600);
        Assert.Null(_limiter.TakeRequest("a", limits).RetryAfter);
        RateDecision after = _limiter.TakeTokens("a", limits, 800);
        Assert.Equal(new RateStatus(600, 0, TimeSpan.FromSeconds(80)), after.Tokens);
        RateDecision refused = _limiter.TakeRequest("a", limits);
        Assert.Equal("tokens", refused.Refusal);
        Assert.Equal(TimeSpan.FromSeconds(20.1), refused.RetryAfter);
        _clock.Advance(TimeSpan.FromSeconds(20.1));
        Assert.Null(_limiter.TakeRequest("a", limits).RetryAfter);
    }

    [Fact]
    public void TakeRequest_Refused_TakesNothing()
    {
        var limits = new KeyLimits(1, null);
        _limiter.TakeRequest("a", limits);
        TimeSpan first = _limiter.TakeRequest("a", limits).RetryAfter!.Value;
        for (int i = 0; i < 10; i++)
        {
            Assert.Equal(first, _limiter.TakeRequest("a", limits).RetryAfter);
        }
    }

    [Fact]
    public void TakeRequest_WithoutLimits_HoldsNothing()
    {
        Assert.Equal(default, _limiter.TakeRequest("a", default));
        Assert.Equal(0, _limiter.Count);
    }

    [Fact]
    public void TakeRequest_OfAnyNumberOfKeys_HoldsABoundedNumber()
    {
        var limits = new KeyLimits(10, null);
        for (int i = 0; i < 10; i++)
        {
            _limiter.TakeRequest("spent", limits);
        }
        for (int i = 0; i < 1000; i++)
        {
            _limiter.TakeRequest($"key {i}", limits);
            Assert.InRange(_limiter.Count, 1, 100);
        }
        // Whoever has spent most is remembered.
        Assert.NotNull(_limiter.TakeRequest("spent", limits).RetryAfter);
        _clock.Advance(TimeSpan.FromMinutes(2));
        _limiter.TakeRequest("last", limits);
        Assert.Equal(1, _limiter.Count);
    }

    [Fact]
    public void TakeRequest_InALongRun_GivesTheRate()
    {
        var limits = new KeyLimits(30, null);
        int given = 0;
        for (int i = 0; i < 6000; i++)
        {
            given += _limiter.TakeRequest("a", limits).RetryAfter is null ? 1 : 0;
            _clock.Advance(TimeSpan.FromSeconds(0.1));
        }
        Assert.InRange(given, 30 + 299, 30 + 300);
    }

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(12, "12ms")]
    [InlineData(1000, "1s")]
    [InlineData(1500, "1.5s")]
    [InlineData(90_951, "1m30.951s")]
    [InlineData(360_000, "6m0s")]
    public void Duration_AsGoWritesIt(int milliseconds, string expected) =>
        Assert.Equal(expected, RateHeaders.Duration(TimeSpan.FromMilliseconds(milliseconds)));

    [Fact]
    public void Write_BothLimits_GivesTheSixHeaders()
    {
        var headers = new HeaderDictionary();
        RateHeaders.Write(headers, new RateDecision(new RateStatus(60, 59, TimeSpan.FromSeconds(1)), new RateStatus(1000, 0, TimeSpan.FromMinutes(1)), TimeSpan.FromMilliseconds(1), "tokens"));
        Assert.Equal("60", headers["x-ratelimit-limit-requests"]);
        Assert.Equal("59", headers["x-ratelimit-remaining-requests"]);
        Assert.Equal("1s", headers["x-ratelimit-reset-requests"]);
        Assert.Equal("1000", headers["x-ratelimit-limit-tokens"]);
        Assert.Equal("0", headers["x-ratelimit-remaining-tokens"]);
        Assert.Equal("1m0s", headers["x-ratelimit-reset-tokens"]);
        Assert.Equal("1", headers["Retry-After"]);
    }
}
