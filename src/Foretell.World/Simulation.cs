namespace Foretell.World;

internal enum EventKind
{
    Went, Took, Gave, Lost, Found, Bought, Broke, Repaired, Painted, Gathered, Shared, Ate, Hid, Swapped, Met, Made, BlownAway, Rescued,
}

/// <summary>Something that happened. What a field means depends on <see cref="Kind"/>; <see cref="Reason"/> is a clause after because.</summary>
internal readonly record struct WorldEvent(
    EventKind Kind,
    Person Actor,
    Person? Other = null,
    Thing? Thing = null,
    Thing? Swapped = null,
    Place? Place = null,
    CountedKind? Counted = null,
    int Number = 0,
    string? Colour = null,
    string? Reason = null);

/// <summary>
/// The state of a document's world and the only way to change it: an event that the state does not allow (giving what one
/// does not hold, being in two places) is a mistake of the plot and throws.
/// </summary>
internal sealed class Simulation
{
    private readonly List<(Person Owner, CountedKind Kind, int Number)> _counts = [];

    public List<Person> People { get; } = [];
    public List<Thing> Things { get; } = [];
    public List<WorldEvent> Events { get; } = [];

    public int Count(Person owner, CountedKind kind)
    {
        foreach ((Person Owner, CountedKind Kind, int Number) count in _counts)
        {
            if (count.Owner == owner && count.Kind == kind)
            {
                return count.Number;
            }
        }
        return 0;
    }

    public IEnumerable<(Person Owner, CountedKind Kind, int Number)> Counts => _counts;

    /// <summary>Someone has a thing from before the document begins.</summary>
    public void Own(Person owner, Thing thing)
    {
        Things.Add(thing);
        thing.Holder = owner;
    }

    /// <summary>A thing lies in a place from before the document begins.</summary>
    public void Lay(Thing thing, Place place)
    {
        Things.Add(thing);
        thing.Place = place;
    }

    public void Apply(in WorldEvent what)
    {
        Events.Add(what);
        Person actor = what.Actor;
        Thing thing = what.Thing!;
        switch (what.Kind)
        {
            case EventKind.Went:
                actor.Place = what.Place;
                break;
            case EventKind.Met:
                what.Other!.Place = actor.Place;
                break;
            case EventKind.Took or EventKind.Found or EventKind.Rescued:
                Require(thing.Holder is null && thing.Place is not null && (thing.Place == actor.Place), what);
                (thing.Holder, thing.Place) = (actor, null);
                break;
            case EventKind.Gave:
                Require(thing.Holder == actor && actor != what.Other, what);
                thing.Holder = what.Other;
                break;
            case EventKind.Lost or EventKind.Hid or EventKind.BlownAway:
                Require(thing.Holder == actor && actor.Place == what.Place, what);
                (thing.Holder, thing.Place) = (null, what.Place);
                break;
            case EventKind.Bought:
                Require(actor.Coins >= what.Number && thing.Holder is null && actor.Place == what.Place, what);
                actor.Coins -= what.Number;
                (thing.Holder, thing.Place) = (actor, null);
                break;
            case EventKind.Broke:
                Require(!thing.Broken && (thing.Holder == actor || thing.Place == actor.Place), what);
                thing.Broken = true;
                break;
            case EventKind.Repaired:
                Require(thing.Broken, what);
                thing.Broken = false;
                break;
            case EventKind.Painted:
                Require(thing.Colour != what.Colour && (thing.Holder is null ? thing.Place : thing.Holder.Place) == actor.Place, what);
                thing.Colour = what.Colour;
                break;
            case EventKind.Made:
                Require(thing.Holder is null && thing.Place is null, what);
                thing.Holder = actor;
                break;
            case EventKind.Swapped:
                Require(thing.Holder == actor && what.Swapped!.Holder == what.Other, what);
                (thing.Holder, what.Swapped!.Holder) = (what.Other, actor);
                break;
            case EventKind.Gathered:
                Change(actor, what.Counted!, what.Number);
                break;
            case EventKind.Shared:
                Require(Count(actor, what.Counted!) >= what.Number, what);
                Change(actor, what.Counted!, -what.Number);
                Change(what.Other!, what.Counted!, what.Number);
                break;
            case EventKind.Ate:
                Require(what.Counted!.Edible && Count(actor, what.Counted) >= what.Number, what);
                Change(actor, what.Counted, -what.Number);
                break;
        }
    }

    private void Change(Person owner, CountedKind kind, int number)
    {
        int row = _counts.FindIndex(count => count.Owner == owner && count.Kind == kind);
        if (row < 0)
        {
            _counts.Add((owner, kind, number));
        }
        else
        {
            _counts[row] = (owner, kind, _counts[row].Number + number);
        }
    }

    private static void Require(bool allowed, in WorldEvent what)
    {
        if (!allowed)
        {
            throw new InvalidOperationException($"The state of the world does not allow that {what.Actor.Name} {what.Kind} {what.Thing?.Kind.Name}.");
        }
    }
}
