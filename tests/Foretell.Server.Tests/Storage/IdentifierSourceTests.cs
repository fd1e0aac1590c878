using Foretell.Server.Storage;

namespace Foretell.Server.Tests.Storage;

public sealed class IdentifierSourceTests
{
    [Fact]
    public void Next_WhenTheClockStandsOrGoesBack_StillRises()
    {
        var clock = new SteppingClock();
        var source = new IdentifierSource(clock);
        var ids = new List<string>();
        for (int i = 0; i < 70_000; i++)
        {
            clock.Now = i switch { < 68_000 => 1000, < 69_000 => 900, _ => 1000 + i };
            ids.Add(source.Next("x-"));
        }
        Assert.Equal(ids, ids.Order(StringComparer.Ordinal));
        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.All(ids, id => Assert.Matches("^x-[0-9a-f]{32}$", id));
    }

    private sealed class SteppingClock : TimeProvider
    {
        public long Now { get; set; }

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(Now);
    }
}
