namespace Foretell.World;

/// <summary>A place and how English speaks of being there.</summary>
/// <param name="Name">Without article, such as <c>kitchen</c>.</param>
/// <param name="Preposition"><c>in</c> or <c>at</c>.</param>
/// <param name="Outdoors">Whether rain falls there and wind blows.</param>
internal sealed record Place(string Name, string Preposition, bool Outdoors)
{
    public string There => $"{Preposition} the {Name}";
}

internal static class Places
{
    public static readonly Place[] Indoors =
    [
        new("kitchen", "in", false), new("bedroom", "in", false), new("living room", "in", false), new("attic", "in", false),
        new("cellar", "in", false), new("library", "in", false), new("barn", "in", false), new("garage", "in", false),
        new("school", "at", false), new("museum", "in", false), new("workshop", "in", false), new("hall", "in", false),
    ];

    public static readonly Place[] Outdoors =
    [
        new("garden", "in", true), new("park", "in", true), new("lake", "at", true), new("beach", "at", true),
        new("forest", "in", true), new("river", "at", true), new("playground", "at", true), new("meadow", "in", true),
        new("harbour", "at", true), new("farm", "at", true), new("station", "at", true), new("old bridge", "at", true),
    ];

    public static readonly Place ToyShop = new("toy shop", "in", false);
    public static readonly Place HatShop = new("hat shop", "in", false);
    public static readonly Place HouseShop = new("corner shop", "in", false);
    public static readonly Place Market = new("market", "at", true);

    public static readonly Place[] All = [.. Indoors, .. Outdoors];
}
