namespace Foretell.World.Tests;

public class SimulationTests
{
    private readonly Simulation _simulation = new();
    private readonly Person _anna = new(0, "Anna", true) { Place = Places.All[0] };
    private readonly Person _ben = new(1, "Ben", false) { Place = Places.All[1] };
    private readonly Thing _ball = new(Things.Kinds[0], "red");

    [Fact]
    public void Apply_GivingWhatIsHeld_MovesIt()
    {
        _simulation.Own(_anna, _ball);
        _simulation.Apply(new WorldEvent(EventKind.Gave, _anna, _ben, _ball));
        Assert.Same(_ben, _ball.Holder);
        Assert.Throws<InvalidOperationException>(() => _simulation.Apply(new WorldEvent(EventKind.Gave, _anna, _ben, _ball)));
    }

    [Fact]
    public void Apply_FindingElsewhere_IsRefused()
    {
        _simulation.Lay(_ball, Places.All[0]);
        Assert.Throws<InvalidOperationException>(() => _simulation.Apply(new WorldEvent(EventKind.Found, _ben, Thing: _ball)));
        _simulation.Apply(new WorldEvent(EventKind.Went, _ben, Place: Places.All[0]));
        _simulation.Apply(new WorldEvent(EventKind.Found, _ben, Thing: _ball));
        Assert.Same(_ben, _ball.Holder);
        Assert.Null(_ball.Place);
    }

    [Fact]
    public void Apply_BuyingBeyondThePurse_IsRefused()
    {
        _anna.Coins = 5;
        _simulation.Lay(_ball, Places.All[0]);
        var purchase = new WorldEvent(EventKind.Bought, _anna, Thing: _ball, Place: Places.All[0], Number: 6);
        Assert.Throws<InvalidOperationException>(() => _simulation.Apply(purchase));
        _simulation.Apply(purchase with { Number = 4 });
        Assert.Equal(1, _anna.Coins);
    }

    [Fact]
    public void Apply_SharingAndEating_KeepsCount()
    {
        CountedKind apple = Things.Counted[0];
        _simulation.Apply(new WorldEvent(EventKind.Gathered, _anna, Counted: apple, Number: 7));
        _simulation.Apply(new WorldEvent(EventKind.Shared, _anna, _ben, Counted: apple, Number: 3));
        _simulation.Apply(new WorldEvent(EventKind.Ate, _ben, Counted: apple, Number: 1));
        Assert.Equal((4, 2), (_simulation.Count(_anna, apple), _simulation.Count(_ben, apple)));
        Assert.Throws<InvalidOperationException>(() => _simulation.Apply(new WorldEvent(EventKind.Ate, _ben, Counted: apple, Number: 3)));
    }

    [Fact]
    public void Apply_PaintingRepairingAndSwapping_ChangesTheState()
    {
        var vase = new Thing(Things.Kinds[20], null);
        _simulation.Own(_anna, _ball);
        _simulation.Own(_ben, vase);
        _simulation.Apply(new WorldEvent(EventKind.Painted, _anna, Thing: _ball, Colour: "blue"));
        Assert.Equal("blue", _ball.Colour);
        Assert.Throws<InvalidOperationException>(() => _simulation.Apply(new WorldEvent(EventKind.Repaired, _ben, Thing: vase)));
        _simulation.Apply(new WorldEvent(EventKind.Broke, _ben, Thing: vase));
        _simulation.Apply(new WorldEvent(EventKind.Repaired, _anna, Thing: vase));
        Assert.False(vase.Broken);
        _simulation.Apply(new WorldEvent(EventKind.Swapped, _anna, _ben, _ball, vase));
        Assert.Equal((_ben, _anna), (_ball.Holder, vase.Holder));
    }
}
