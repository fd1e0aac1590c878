namespace Foretell.World;

/// <summary>Something that tells suspects apart, with the ways to say it.</summary>
/// <param name="Name">As in the truth.</param>
/// <param name="Values">What it can be.</param>
/// <param name="Item">A value inside a list, <c>{W}</c> being the value.</param>
/// <param name="Phrases">What a suspect did or had, after the name.</param>
/// <param name="Clues">What is known of the thief.</param>
/// <param name="Denials">What the thief was not, <c>{X}</c> being items joined by <c>or</c>.</param>
/// <param name="Same">That suspect <c>{A}</c> was like <c>{B}</c> in it.</param>
internal sealed record DetectiveAspect(string Name, string[] Values, string Item, string[] Phrases, string[] Clues, string[] Denials, string Same)
{
    private static readonly string[] _garments = ["hat", "scarf", "coat", "cap", "jacket", "sweater"];

    /// <summary>One aspect a garment: its values are the colours that the split allows with it.</summary>
    public static DetectiveAspect Garment(WorldDraw draw)
    {
        string garment = draw.Random.Pick(_garments);
        ThingKind kind = Array.Find(Things.Kinds, kind => kind.Name == garment)!;
        string[] colours = Array.FindAll(HeldOut.ColourNames, colour => draw.Split == WorldSplit.HeldOut || colour != HeldOut.ColourOf(kind));
        string item = "{W.a} " + garment;
        return new DetectiveAspect(garment, colours, item,
            [$"wore {item}", $"had on {item}", $"was wearing {item}"],
            [$"The thief wore {item}.", $"A child saw someone in {item} run away.", $"The thief was seen in {item}.", $"Whoever did it wore {item}."],
            ["The thief did not wear {X}.", "Nobody saw {X} near the place.", "Whoever did it was not wearing {X}."],
            $"{{A.his}} {garment} had the same colour as {{B.n}}'s.");
    }

    public static readonly DetectiveAspect Whereabouts = new("place", Array.ConvertAll(Places.All, place => place.There), "{W}",
        ["was {W}", "had been {W}", "was seen {W}"],
        ["The thief had been {W} just before.", "A child had seen the thief {W}.", "The thief was seen {W} that day.", "It was done by someone who was {W} before."],
        ["The thief had not been {X}.", "Nobody who was {X} could have done it.", "The thief was never {X}."],
        "{A.he} was in the same place as {B.n}.");

    public static readonly DetectiveAspect[] Others =
    [
        new("carried", ["rope", "lamp", "umbrella", "bag", "basket", "bucket", "ladder", "hammer", "candle", "broom"], "{W.a}",
            ["carried {W.a}", "had {W.a}", "held {W.a}"],
            ["The thief left {W.a} by the door.", "The thief carried {W.a}.", "{W.a} had been used to do it.", "Someone with {W.a} was seen at the window."],
            ["The thief did not carry {X}.", "The thief did not need {X}.", "Whoever did it had not used {X}."],
            "{A.he} carried the same as {B.n}."),
        new("hair", ["black", "brown", "red", "grey", "white", "blond"], "{W} hair",
            ["had {W} hair"],
            ["There was one {W} hair on the floor.", "The thief had {W} hair.", "Someone with {W} hair was seen at the door."],
            ["The thief did not have {X}.", "Nobody with {X} had been near."],
            "{A.his} hair was like {B.n}'s."),
        new("shoes", ["boots", "sandals", "slippers", "clogs", "sneakers", "rubber boots"], "{W}",
            ["wore {W}", "walked about in {W}"],
            ["The footprints on the floor came from {W}.", "The thief wore {W}.", "In the mud there were prints of {W}."],
            ["The footprints did not come from {X}.", "The thief did not wear {X}."],
            "{A.his} shoes were like {B.n}'s."),
        new("pet", ["dog", "cat", "horse", "parrot", "rabbit", "goat", "donkey", "duck"], "{W.a}",
            ["had {W.a}", "owned {W.a}", "kept {W.a}"],
            ["The thief came with {W.a}.", "The thief owned {W.a}.", "Whoever did it had brought {W.a} along.", "Everyone had heard the thief's pet, {W.a}."],
            ["The thief did not own {X}.", "Whoever did it had never had {X}."],
            "{A.he} had the same kind of pet as {B.n}."),
        new("food", ["cake", "bread", "cheese", "chocolate", "soup", "salad", "rice", "honey"], "{W}",
            ["had {W} for lunch", "had eaten {W}"],
            ["There was some {W} on the floor.", "The thief had eaten {W}.", "The thief's fingers had left spots of {W}."],
            ["The thief had not eaten {X}.", "Whoever did it never touched {X}."],
            "{A.he} had eaten the same as {B.n}."),
        new("job", People.Jobs, "{W.a}",
            ["was {W.a}", "worked as {W.a}"],
            ["The thief was {W.a}.", "Only {W.a} could have done it.", "It was the work of {W.a}."],
            ["The thief was not {X}.", "It was not the work of {X}."],
            "{A.he} had the same job as {B.n}."),
    ];

    public static DetectiveAspect Draw(WorldDraw draw, DetectiveAspect? except)
    {
        DetectiveAspect aspect;
        do
        {
            int choice = draw.Random.Below(Others.Length + 4);
            aspect = choice < Others.Length ? Others[choice] : choice < Others.Length + 2 ? Whereabouts : Garment(draw);
        }
        while (except is not null && (aspect.Name == except.Name || Clash(aspect, except)));
        return aspect;
    }

    // "had a dog and had on a red hat" reads, "wore boots and wore a red hat" grates.
    private static bool Clash(DetectiveAspect first, DetectiveAspect second) =>
        first.Phrases[0].AsSpan(0, 4).SequenceEqual(second.Phrases[0].AsSpan(0, 4));
}
