namespace Foretell.World;

[Flags]
internal enum ThingUse
{
    None = 0,
    Toy = 1,
    Clothing = 2,
    Fragile = 4,
    Paintable = 8,
    Tool = 16,
    Precious = 32,
    Flies = 64,
    Made = 128,
}

/// <summary>A kind of thing that is carried, owned and coloured.</summary>
/// <param name="Index">Its row in <see cref="Things.Kinds"/>; the held-out colour follows from it.</param>
/// <param name="Name">Singular, without article.</param>
/// <param name="Use">What can be done with it.</param>
/// <param name="Shop">Where it is sold.</param>
/// <param name="LowPrice">The least it costs, in coins.</param>
/// <param name="HighPrice">The most it costs, in coins.</param>
internal sealed record ThingKind(int Index, string Name, ThingUse Use, Place Shop, int LowPrice, int HighPrice)
{
    public bool Is(ThingUse use) => (Use & use) != 0;
}

/// <summary>One thing of a document's world.</summary>
internal sealed class Thing(ThingKind kind, string? colour)
{
    public ThingKind Kind { get; } = kind;

    /// <summary>Null where the world leaves the colour open.</summary>
    public string? Colour { get; set; } = colour;

    /// <summary>Who has it; null while it lies somewhere.</summary>
    public Person? Holder { get; set; }

    /// <summary>Where it lies; null while someone has it.</summary>
    public Place? Place { get; set; }

    public bool Broken { get; set; }

    /// <summary>Set by the text: whether the reader has met the thing, and its present colour.</summary>
    public bool Told { get; set; }
    public bool ColourTold { get; set; }
}

/// <summary>A kind of thing that comes in numbers.</summary>
internal sealed record CountedKind(string Singular, string Plural, string Verb, Place[] Places, bool Edible);

internal static class Things
{
    public static readonly ThingKind[] Kinds = Table();

    public static readonly CountedKind[] Counted =
    [
        Counts("apple", "apples", "picked", true, "garden", "farm"), Counts("pear", "pears", "picked", true, "garden", "farm"),
        Counts("plum", "plums", "picked", true, "garden", "farm"), Counts("flower", "flowers", "picked", false, "meadow", "garden", "park"),
        Counts("shell", "shells", "found", false, "beach"), Counts("stone", "stones", "found", false, "river", "lake", "beach"),
        Counts("feather", "feathers", "found", false, "forest", "farm"), Counts("nut", "nuts", "collected", true, "forest", "park"),
        Counts("mushroom", "mushrooms", "collected", false, "forest", "meadow"), Counts("berry", "berries", "picked", true, "forest", "meadow", "garden"),
        Counts("leaf", "leaves", "collected", false, "park", "forest"), Counts("egg", "eggs", "collected", false, "farm", "barn"),
        Counts("cookie", "cookies", "baked", true, "kitchen"), Counts("bun", "buns", "baked", true, "kitchen"),
        Counts("carrot", "carrots", "picked", true, "farm", "garden"), Counts("fish", "fish", "caught", false, "lake", "river", "harbour"),
    ];

    /// <summary>The kinds that serve a use.</summary>
    public static ThingKind[] For(ThingUse use) => Array.FindAll(Kinds, kind => kind.Is(use));

    private static CountedKind Counts(string singular, string plural, string verb, bool edible, params string[] places) =>
        new(singular, plural, verb, Array.ConvertAll(places, name => Array.Find(World.Places.All, place => place.Name == name)!), edible);

    private static ThingKind[] Table()
    {
        const ThingUse toy = ThingUse.Toy, clothing = ThingUse.Clothing, fragile = ThingUse.Fragile, paintable = ThingUse.Paintable;
        const ThingUse tool = ThingUse.Tool, precious = ThingUse.Precious, flies = ThingUse.Flies, made = ThingUse.Made;
        (string Name, ThingUse Use, Place Shop, int Low, int High)[] rows =
        [
            ("ball", toy, Places.ToyShop, 2, 6), ("kite", toy | flies, Places.ToyShop, 4, 9), ("doll", toy, Places.ToyShop, 5, 12),
            ("toy car", toy | made, Places.ToyShop, 3, 9), ("toy boat", toy | paintable | made, Places.ToyShop, 3, 9), ("drum", toy, Places.ToyShop, 6, 14),
            ("teddy bear", toy, Places.ToyShop, 5, 12), ("puppet", toy | made, Places.ToyShop, 4, 10), ("train", toy | made, Places.ToyShop, 8, 15),
            ("whistle", toy, Places.ToyShop, 2, 5), ("balloon", toy | flies, Places.ToyShop, 2, 4), ("robot", toy, Places.ToyShop, 8, 16),
            ("hat", clothing | flies, Places.HatShop, 4, 12), ("scarf", clothing | flies, Places.HatShop, 3, 9), ("coat", clothing, Places.HatShop, 9, 19),
            ("cap", clothing | flies, Places.HatShop, 3, 8), ("jacket", clothing, Places.HatShop, 8, 18), ("belt", clothing, Places.HatShop, 4, 9),
            ("sweater", clothing, Places.HatShop, 6, 14), ("ribbon", clothing | flies, Places.HatShop, 2, 4),
            ("vase", fragile | precious, Places.HouseShop, 5, 14), ("cup", fragile, Places.HouseShop, 2, 6), ("plate", fragile, Places.HouseShop, 2, 6),
            ("bowl", fragile, Places.HouseShop, 3, 7), ("jug", fragile, Places.HouseShop, 3, 8), ("mirror", fragile | precious, Places.HouseShop, 6, 15),
            ("clock", fragile | precious, Places.HouseShop, 8, 16), ("lamp", fragile | tool, Places.HouseShop, 5, 12), ("teapot", fragile, Places.HouseShop, 4, 11),
            ("box", paintable | made, Places.HouseShop, 2, 7), ("chair", paintable | made, Places.HouseShop, 6, 14), ("birdhouse", paintable | made, Places.HouseShop, 4, 11),
            ("stool", paintable | made, Places.HouseShop, 4, 10), ("cart", paintable, Places.HouseShop, 9, 19), ("bucket", paintable | tool, Places.HouseShop, 2, 6),
            ("tray", paintable | made, Places.HouseShop, 2, 6), ("shelf", paintable | made, Places.HouseShop, 5, 12),
            ("basket", tool, Places.Market, 2, 7), ("bag", tool, Places.Market, 3, 9), ("umbrella", tool | flies, Places.Market, 4, 11),
            ("blanket", tool, Places.Market, 5, 12), ("rope", tool, Places.Market, 2, 6), ("candle", tool, Places.Market, 2, 4),
            ("bell", tool | precious, Places.Market, 3, 9), ("book", precious | tool, Places.Market, 3, 11), ("map", precious | flies, Places.Market, 3, 8),
            ("ring", precious, Places.Market, 9, 19), ("necklace", precious, Places.Market, 9, 19), ("flute", precious, Places.Market, 7, 15),
            ("key", precious, Places.Market, 2, 4), ("crown", precious, Places.Market, 12, 19), ("statue", precious | fragile, Places.Market, 9, 19),
        ];
        var kinds = new ThingKind[rows.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            kinds[i] = new ThingKind(i, rows[i].Name, rows[i].Use, rows[i].Shop, rows[i].Low, rows[i].High);
        }
        return kinds;
    }
}
