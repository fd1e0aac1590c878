namespace Foretell.World;

/// <summary>The little plots of which stories are made: each begins somewhere and leaves the world in a changed state.</summary>
internal static class StoryPlots
{
    public static readonly Action<Tale>[] All =
        [LostAndFound, Purchase, BreakAndRepair, NewPaint, Harvest, StrongWind, HiddenThing, Exchange, RainyDay, HandMade, Loan, Contest];

    private static readonly string[] _clumsyReasons =
        ["the floor was wet", "a cat ran past", "there was a loud bang", "it was too heavy", "a dog barked", "the light went out", "the phone rang", "a bee flew by"];

    private static readonly Place[] _shops = [Places.ToyShop, Places.HatShop, Places.HouseShop, Places.Market];

    public static void LostAndFound(Tale tale)
    {
        (Person hero, Person friend, SeededRandom random) = (tale.Hero, tale.Friend, tale.Random);
        Place place = random.Pick(Places.Outdoors), home = random.Pick(Places.Indoors);
        tale.Begin(place);
        Thing thing = tale.Draw.Some(ThingsFor.Carried);
        tale.Have(hero, thing);
        tale.Lose(hero, thing, place);
        tale.Go(hero, home);
        Missed(tale, thing);
        tale.Meet(hero, friend);
        AskForHelp(tale, thing);
        tale.Go(friend, place, $"{friend.He} wanted to look for the {thing.Kind.Name}");
        tale.Find(friend, thing, place);
        if (random.Below(6) == 0)
        {
            return;
        }
        tale.Go(friend, home);
        tale.Give(friend, thing, hero, templates: StoryTemplates.GaveBack);
        Thank(tale, friend, hero);
    }

    public static void Purchase(Tale tale)
    {
        (Person hero, Person friend, SeededRandom random) = (tale.Hero, tale.Friend, tale.Random);
        Place shop = random.Pick(_shops);
        tale.Begin(random.Pick(Places.Indoors));
        Thing thing = tale.Draw.Some(Array.FindAll(ThingsFor.Any, kind => kind.Shop == shop));
        int price, purse;
        do
        {
            price = tale.Draw.Number(thing.Kind.LowPrice, thing.Kind.HighPrice);
            purse = tale.Draw.Number(price, 20);
        }
        while (!tale.Draw.AllowsAddition(price, purse - price));
        hero.Coins = purse;
        (tale.Text.A, tale.Text.N) = (hero, purse);
        tale.Say(["{A} had {N.coins} in {A.his} purse.", "{A} counted {A.his} money: {N.coins}.", "{A} had saved {N.coins}.", "In {A.s} pocket there were {N.coins}.", "{A} had {N.coins} to spend."]);
        bool gift = random.OneIn(2);
        string reason = gift ? $"it was {friend.Name}'s birthday" : random.Pick([$"{hero.He} needed something new", $"{hero.He} had seen something nice there", "everything there was cheap"]);
        tale.Go(hero, shop, reason);
        tale.World.Lay(thing, shop);
        tale.Buy(hero, thing, price);
        (tale.Text.A, tale.Text.R) = (hero, purse - price);
        string left = purse == price ? "no coins" : $"{Grammar.InWords(purse - price)} {Grammar.Coins(purse - price)}";
        tale.Text.W = left;
        tale.Say(["Now {A} had {W} left.", "{A} had {W} left.", "That left {A.o} with {W}."]);
        tale.Queries.Add(new Query($"How many coins did {hero.Name} have at the end?", Grammar.Answer(purse - price)));
        tale.Queries.Add(new Query($"How many coins did {hero.Name} have at first?", Grammar.Answer(purse)));
        if (gift)
        {
            tale.Go(hero, random.Pick(Places.All));
            tale.Meet(hero, friend);
            tale.Give(hero, thing, friend, random.OneIn(2) ? null : reason);
            Thank(tale, hero, friend);
        }
    }

    public static void BreakAndRepair(Tale tale)
    {
        (Person hero, Person friend, SeededRandom random) = (tale.Hero, tale.Friend, tale.Random);
        tale.Begin(random.Pick(Places.Indoors));
        Thing thing = tale.Draw.Some(ThingsFor.Fragile);
        tale.Have(hero, thing);
        bool first = random.OneIn(2);
        if (first)
        {
            tale.Meet(hero, friend);
        }
        tale.Break(hero, thing, random.Pick(_clumsyReasons));
        (tale.Text.A, tale.Text.T) = (hero, thing);
        tale.Say(["{A} was sad.", "\"Oh no!\" cried {A.n}.", "{A} looked at the pieces and sighed.", "{A} began to cry.", "\"My {T.k}!\" cried {A.n}."]);
        if (!first)
        {
            tale.Meet(hero, friend);
        }
        int end = random.Below(4);
        if (end == 0)
        {
            tale.Text.A = friend;
            tale.Say(["\"Nobody can repair that,\" said {A.n}.", "{A} tried to mend it, but could not.", "{A} shook {A.his} head. It could not be mended."]);
            return;
        }
        tale.Do(EventKind.Repaired, end == 1 ? hero : friend, thing, StoryTemplates.Repaired, "repaired");
        if (end > 1)
        {
            Thank(tale, friend, hero);
        }
    }

    public static void NewPaint(Tale tale)
    {
        (Person hero, Person friend, SeededRandom random) = (tale.Hero, tale.Friend, tale.Random);
        tale.Begin(random.OneIn(2) ? random.Pick(Places.Indoors) : random.Pick(Places.Outdoors));
        Thing thing = tale.Draw.Coloured(ThingsFor.Paintable);
        tale.Have(hero, thing);
        (tale.Text.A, tale.Text.B, tale.Text.T) = (hero, friend, thing);
        if (random.OneIn(2))
        {
            tale.Meet(hero, friend);
            tale.Text.W = thing.Colour;
            (tale.Text.A, tale.Text.B) = (hero, friend);
            tale.Say(["\"I am tired of {W},\" said {A.n}. \"Then paint it,\" said {B.n}.", "\"Your {T.k} looks old,\" said {B.n}.", "\"Shall we paint it?\" asked {B.n}.", "\"I do not like {W},\" said {A.n}. {B} nodded."]);
        }
        else
        {
            tale.Say(["{A} did not like the colour.", "It looked old and dull.", "{A} wanted it to look new.", "The paint was old."]);
        }
        Person painter = friend.Place == hero.Place && random.OneIn(3) ? friend : hero;
        tale.Paint(painter, thing);
        tale.Text.A = painter;
        tale.Say(["It looked much better now.", "It looked like new.", "There was paint on {A.s} nose.", "Everyone liked the new colour.", "{A} was pleased.", "\"How nice!\" everyone said."]);
        if (random.OneIn(3))
        {
            tale.Meet(hero, friend);
            tale.Give(hero, thing, friend);
            Thank(tale, hero, friend);
        }
    }

    public static void Harvest(Tale tale)
    {
        (Person hero, Person friend, SeededRandom random) = (tale.Hero, tale.Friend, tale.Random);
        CountedKind kind = random.Pick(Things.Counted);
        tale.Begin(random.Pick(kind.Places));
        DressForHeldOut(tale);
        (int kept, int given) = tale.Draw.Addends(1, 20);
        tale.Gather(hero, kind, kept + given);
        if (kind.Edible && random.OneIn(3) && tale.Draw.PartOf(kept + given, 1, 2) is int eaten && eaten < kept + given - 2
            && tale.Draw.PartOf(kept + given - eaten, 1, kept + given - eaten - 1) is int gift)
        {
            tale.Eat(hero, kind, eaten);
            given = gift;
        }
        tale.Meet(hero, friend);
        tale.Share(hero, friend, kind, given);
        Thank(tale, hero, friend);
    }

    public static void Contest(Tale tale)
    {
        (Person hero, Person friend, SeededRandom random) = (tale.Hero, tale.Friend, tale.Random);
        CountedKind kind = random.Pick(Things.Counted);
        tale.Begin(random.Pick(kind.Places));
        DressForHeldOut(tale);
        tale.Meet(hero, friend);
        (int mine, int yours) = tale.Draw.Addends(2, 20);
        tale.Gather(hero, kind, mine);
        tale.Gather(friend, kind, yours);
        (tale.Text.A, tale.Text.B, tale.Text.K, tale.Text.R) = (hero, friend, kind, mine + yours);
        tale.Say(["Together they had {R.k}.", "That made {R.k} in all.", "\"Together we have {R.k}!\" said {B.n}.", "{A.n} and {B.n} put them together and counted {R}."]);
        tale.Queries.Add(new Query($"How many {kind.Plural} were there together?", Grammar.Answer(mine + yours)));
        tale.Queries.Add(new Query($"Who had more {kind.Plural}?", mine == yours ? "They had the same number." : mine > yours ? $"{hero.Name} did." : $"{friend.Name} did."));
        if (mine != yours)
        {
            tale.Text.A = mine > yours ? hero : friend;
            tale.Say(["{A.n} had more, and everyone cheered.", "{A.n} had won.", "{A.n} had the most and was proud."]);
        }
    }

    public static void StrongWind(Tale tale)
    {
        (Person hero, Person friend, SeededRandom random) = (tale.Hero, tale.Friend, tale.Random);
        tale.Begin(random.Pick(Places.Outdoors));
        Thing thing = tale.Draw.Some(ThingsFor.Flying);
        tale.Have(hero, thing);
        (tale.Text.A, tale.Text.T) = (hero, thing);
        tale.Do(EventKind.BlownAway, hero, thing, StoryTemplates.BlownAway, "lost");
        tale.Queries.Add(new Query($"Why was the {thing.Kind.Name} in a tree?", "Because the wind blew it there."));
        (tale.Text.A, tale.Text.T) = (hero, thing);
        tale.Say(["{A} jumped, but could not reach it.", "\"Help!\" cried {A.n}.", "The tree was too high for {A.o}.", "{A} looked up and did not know what to do."]);
        tale.Meet(hero, friend);
        tale.Do(EventKind.Rescued, friend, thing, StoryTemplates.Rescued, "took down");
        tale.Give(friend, thing, hero, templates: StoryTemplates.GaveBack);
        Thank(tale, friend, hero);
    }

    public static void HiddenThing(Tale tale)
    {
        (Person hero, Person friend, SeededRandom random) = (tale.Hero, tale.Friend, tale.Random);
        Place[] places = [.. Places.Indoors];
        random.Shuffle<Place>(places);
        tale.Begin(places[0]);
        Thing thing = tale.Draw.Some(ThingsFor.Carried);
        tale.Have(hero, thing);
        tale.Meet(hero, friend);
        (tale.Text.A, tale.Text.B, tale.Text.T) = (hero, friend, thing);
        tale.Say(["\"I will hide my {T.k}, and you must find it,\" {A} said to {B.o}.", "\"Let us play a game,\" said {B.n}.", "{A.n} and {B.n} wanted to play. {B.n} closed {B.his} eyes.", "{A} wanted to play a trick on {B.o}."]);
        tale.Go(hero, places[1]);
        tale.Do(EventKind.Hid, hero, thing, StoryTemplates.Hid, "hid");
        if (random.OneIn(2))
        {
            (tale.Text.A, tale.Text.P) = (friend, places[2]);
            tale.Say(StoryTemplates.NotFound);
        }
        if (random.Below(4) == 0)
        {
            tale.Text.A = friend;
            tale.Say(["In the end {A} gave up.", "\"I give up,\" said {A.n}.", "{A} never found it."]);
            tale.Queries.Add(new Query($"Who found the {thing.Kind.Name}?", "Nobody did."));
            return;
        }
        tale.Go(friend, places[1]);
        tale.Find(friend, thing, places[1]);
    }

    public static void Exchange(Tale tale)
    {
        (Person hero, Person friend, SeededRandom random) = (tale.Hero, tale.Friend, tale.Random);
        tale.Begin(random.Pick(Places.All));
        Thing mine = tale.Draw.Some(ThingsFor.Carried), yours = tale.Draw.Some(ThingsFor.Carried);
        tale.Have(hero, mine);
        tale.Meet(hero, friend);
        tale.Have(friend, yours);
        (tale.Text.A, tale.Text.B, tale.Text.T, tale.Text.U) = (hero, friend, mine, yours);
        tale.Say(["{A} looked at {U} for a long time.", "\"I like your {U.k},\" said {A.n}. \"And I like your {T.k},\" said {B.n}.", "Each of them liked what the other had.", "\"Would you like to trade?\" asked {B.n}."]);
        if (random.Below(4) == 0)
        {
            tale.Say(["But {B} did not want to swap.", "\"No, I want to keep my {U.k},\" said {B.n}.", "But {A} kept {T} after all."]);
            return;
        }
        tale.Swap(hero, mine, friend, yours);
        tale.Say(["Both were happy.", "It was a good trade.", "{A.n} and {B.n} shook hands."]);
    }

    public static void RainyDay(Tale tale)
    {
        (Person hero, Person friend, SeededRandom random) = (tale.Hero, tale.Friend, tale.Random);
        Place outside = random.Pick(Places.Outdoors), inside = random.Pick(Places.Indoors);
        tale.Begin(outside);
        Thing thing = tale.Draw.Some(ThingsFor.Carried);
        tale.Have(hero, thing);
        tale.Meet(hero, friend);
        tale.Text.A = hero;
        tale.Say(StoryTemplates.Rained);
        bool left = random.OneIn(2);
        if (left)
        {
            tale.Lose(hero, thing, outside);
        }
        (tale.Text.A, tale.Text.B, tale.Text.P) = (hero, friend, inside);
        tale.Say(StoryTemplates.Sheltered);
        tale.World.Apply(new WorldEvent(EventKind.Went, hero, Place: inside, Reason: "it was raining"));
        tale.World.Apply(new WorldEvent(EventKind.Went, friend, Place: inside, Reason: "it was raining"));
        tale.Queries.Add(new Query($"Why did {hero.Name} and {friend.Name} go to the {inside.Name}?", "Because it was raining."));
        tale.Say(StoryTemplates.Pastimes);
        if (left && random.OneIn(2))
        {
            tale.Go(hero, outside, $"{hero.He} had left the {thing.Kind.Name} there");
            tale.Find(hero, thing, outside);
            (tale.Text.A, tale.Text.T) = (hero, thing);
            tale.Say(["{T} was wet, but {A} did not mind.", "It was a little wet.", "{A} dried it in the sun."]);
        }
    }

    public static void HandMade(Tale tale)
    {
        (Person hero, Person friend, SeededRandom random) = (tale.Hero, tale.Friend, tale.Random);
        tale.Begin(random.Pick(Places.Indoors));
        Thing thing = tale.Draw.Coloured(ThingsFor.Made);
        tale.World.Things.Add(thing);
        string reason = random.Pick([$"{friend.He} had always wanted one", $"it was {friend.Name}'s birthday", $"{friend.He} was ill", $"{friend.He} had helped {hero.Him} before"]);
        if (reason[0] != 'i')
        {
            (tale.Text.A, tale.Text.B) = (hero, friend);
            tale.Say(["{A} wanted to make something for {B.o}.", "{A} was thinking of {B.o}.", "{A} had a plan for {B.o}."]);
        }
        tale.Do(EventKind.Made, hero, thing, StoryTemplates.Made, "made");
        if (random.OneIn(3))
        {
            tale.Paint(hero, thing);
        }
        tale.Go(hero, random.Pick(Places.All));
        tale.Meet(hero, friend);
        tale.Give(hero, thing, friend, reason);
        Thank(tale, hero, friend);
    }

    public static void Loan(Tale tale)
    {
        (Person hero, Person friend, SeededRandom random) = (tale.Hero, tale.Friend, tale.Random);
        tale.Begin(random.Pick(Places.All));
        Thing thing = tale.Draw.Some(ThingsFor.Carried);
        tale.Have(hero, thing);
        tale.Meet(hero, friend);
        (tale.Text.A, tale.Text.B, tale.Text.T) = (hero, friend, thing);
        tale.Say(["\"May I borrow your {T.k}?\" asked {B.n}.", "\"I need your {T.k} for an hour,\" said {B.n}.", "{B} asked if {B.he} could borrow {T}.", "\"Please lend me your {T.k},\" said {B.n} to {A.n}."]);
        if (random.Below(4) == 0)
        {
            tale.Say(["\"No, I need it myself,\" said {A.n}.", "But {A} shook {A.his} head and kept it.", "\"I am sorry,\" said {A.n}, \"but I cannot give it away today.\""]);
            return;
        }
        string reason = $"{friend.He} wanted to borrow it";
        tale.Give(hero, thing, friend, reason, ["\"Of course,\" said {A.n}, and {A.he} gave {T} to {B.n}.", "\"Here you are,\" said {A.n} and gave {T} to {B.n}.", "{A} gave it to {B.o}.", "{A} said yes, and so {B} got {T}."]);
        tale.Go(friend, random.Pick(Places.All));
        if (random.OneIn(2))
        {
            tale.Go(friend, hero.Place!);
            tale.Give(friend, thing, hero, templates: StoryTemplates.GaveBack);
            Thank(tale, hero, friend);
        }
    }

    private static void DressForHeldOut(Tale tale)
    {
        if (tale.Draw.OwesHeldOut || tale.Random.OneIn(6))
        {
            Thing thing = tale.Draw.Coloured(ThingsFor.Clothing);
            tale.World.Own(tale.Hero, thing);
            (tale.Text.A, tale.Text.T) = (tale.Hero, thing);
            tale.Say(["{A} wore {T.a}.", "{A} was wearing {T.a}.", "{A} had on {T.a}.", "{A} was dressed in {T.a}."]);
        }
    }

    private static void Missed(Tale tale, Thing thing)
    {
        (tale.Text.A, tale.Text.T) = (tale.Hero, thing);
        tale.Say(StoryTemplates.Missed);
        tale.Queries.Add(new Query($"Why was {tale.Hero.Name} sad?", $"Because the {thing.Kind.Name} was gone."));
    }

    private static void AskForHelp(Tale tale, Thing thing)
    {
        (tale.Text.A, tale.Text.B, tale.Text.T) = (tale.Hero, tale.Friend, thing);
        tale.Say(StoryTemplates.AskedForHelp);
    }

    private static void Thank(Tale tale, Person giver, Person receiver)
    {
        (tale.Text.A, tale.Text.B) = (giver, receiver);
        if (tale.Random.Below(4) > 0)
        {
            tale.Say(StoryTemplates.Thanked);
        }
    }
}
