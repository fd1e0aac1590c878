namespace Foretell.World;

/// <summary>Two people talk, a line each in turn. What they say of the world is so, and stays so to the end.</summary>
internal sealed class DialogueWriter
{
    private static readonly string[] _days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    private static readonly string[] _duties = ["work", "visit my aunt", "clean the house", "go to the dentist", "help in the garden", "bake a cake", "write a letter", "feed the goats"];
    private static readonly string[] _troubles = ["the floor was wet", "a cat ran past", "there was a loud bang", "it was too heavy", "a dog barked", "a bee flew by"];

    private readonly WorldDraw _draw;
    private readonly SeededRandom _random;
    private readonly Composer _text;
    private readonly Person _one, _two;
    private readonly List<WorldFact> _facts = [];
    private readonly List<Action> _reminders = [];
    private Person? _last;

    private DialogueWriter(WorldDraw draw)
    {
        (_draw, _random) = (draw, draw.Random);
        _text = new Composer(_random);
        (_one, _two) = (draw.Person(0), draw.Person(1));
    }

    public static WorldDocument Write(WorldDraw draw) => new DialogueWriter(draw).Talk();

    private WorldDocument Talk()
    {
        Action[] topics = [LostThing, Counting, Shopping, Invitation, Lending, News, WrongBelief, Jobs, Whereabouts, Sharing];
        if (_random.OneIn(2))
        {
            (_text.A, _text.B, _text.P) = (_one, _two, _random.Pick(Places.All));
            _text.Say(["{A.n} and {B.n} meet {P.in}.", "{A.n} meets {B.n} {P.in}.", "{A.n} and {B.n} are {P.in}.", "{A.n} is {P.in}. {B.n} comes along."]);
        }
        if (_random.Below(3) > 0)
        {
            bool asks = _random.OneIn(2);
            Line(_one, asks ? ["Hello, {B.n}! How are you?", "Good day, {B.n}. How are you today?"] : ["Hello, {B.n}!", "Good morning, {B.n}.", "Good day, {B.n}! It is good to see you.", "Hi, {B.n}."]);
            Line(_two, asks ? ["I am fine, thank you.", "I am well, thank you, {B.n}.", "Very well, {B.n}!"] : ["Hello, {B.n}!", "Hi, {B.n}! What a fine day.", "Good to see you, {B.n}.", "Oh, {B.n}! Hello!"]);
        }
        int count = _random.Between(2, 3), first = _random.Below(topics.Length), step = _random.Pick([1, 3, 7, 9]);
        if (_draw.OwesHeldOut)
        {
            first = _random.Pick([0, 2, 4, 5, 6]);
        }
        for (int i = 0; i < count; i++)
        {
            topics[(first + (i * step)) % topics.Length]();
        }
        if (_reminders.Count > 0 && _random.OneIn(2))
        {
            _random.Pick([.. _reminders])();
        }
        if (_random.Below(3) > 0)
        {
            (Person leaves, Person stays) = Turn();
            Line(leaves, ["Goodbye, {B.n}!", "I must go now. Goodbye!", "See you soon, {B.n}.", "Have a nice day!", "It was nice to talk to you."]);
            Line(stays, ["Goodbye, {B.n}!", "See you!", "Bye, {B.n}! Take care.", "Until next time!"]);
        }
        return new WorldDocument(DocumentKind.Dialogue, _text.ToString(), new DialogueTruth([_one.Name, _two.Name], _facts));
    }

    private Person Other(Person speaker) => speaker == _one ? _two : _one;

    private (Person Speaker, Person Listener) Turn() => _last == _one ? (_two, _one) : (_one, _two);

    private void Line(Person speaker, string[] templates)
    {
        (_text.A, _text.B) = (speaker, Other(speaker));
        if (speaker == _last)
        {
            _text.Say(templates);
            return;
        }
        _last = speaker;
        if (_text.Length > 0)
        {
            _text.NewLine();
        }
        _text.Write("{A.n}:");
        _text.Forget();
        _text.Say(templates);
    }

    private void Fact(string relation, string subject, string value) => _facts.Add(new WorldFact(relation, subject, value));

    private void LostThing()
    {
        (Person asks, Person knows) = Turn();
        Thing thing = _draw.Coloured(ThingsFor.Carried);
        Place place = _random.Pick(Places.All);
        (_text.T, _text.P) = (thing, place);
        Line(asks, ["Have you seen my {T.b}?", "I cannot find my {T.b}. Do you know where it is?", "I am looking for my {T.b}. Where can it be?", "Where is my {T.b}? I have lost it."]);
        Line(knows, ["I saw it {P.in}.", "It is {P.in}.", "I think you left it {P.in}. I saw it there.", "Did you look {P.in}? It is there.", "You will find it {P.in}."]);
        Line(asks, ["{P.in}! Thank you, I will go there.", "Thank you! I will get it at once.", "Of course, {P.in}. How silly of me!", "That is good to know. Thank you, {B.n}."]);
        Fact("at", thing.Kind.Name, place.Name);
        Fact("owner", thing.Kind.Name, asks.Name);
        Fact("colour", thing.Kind.Name, thing.Colour!);
        _reminders.Add(() =>
        {
            (_text.T, _text.P) = (thing, place);
            Line(asks, ["Wait, where did you see my {T.k}?", "Where was my {T.k} again?", "Oh, I forgot. Where is my {T.k}?"]);
            Line(knows, ["It is {P.in}.", "{P.in}.", "{P.in}, as I said."]);
        });
    }

    private void Counting()
    {
        (Person asks, Person answers) = Turn();
        CountedKind kind = _random.Pick(Things.Counted);
        (int mine, int yours) = _draw.Addends(2, 20);
        (_text.K, _text.N, _text.M, _text.R, _text.W) = (kind, mine, yours, mine + yours, kind.Verb);
        Line(asks, ["I have {N.k}. How many do you have?", "Look, I {W} {N.k} today. And you?", "I {W} {N.k}. What about you?", "Here are my {K}. I counted {N}. How many have you got?"]);
        Line(answers, ["I have {M.k}.", "I have only {M}.", "I counted {M.k}.", "Let me see. I have {M}."]);
        Line(asks, ["Then we have {R.k} together.", "{N} and {M} is {R}. So we have {R.k}.", "Together that makes {R.k}.", "So there are {R} in all."]);
        Fact("count", asks.Name, $"{Grammar.InWords(mine)} {kind.Plural}");
        Fact("count", answers.Name, $"{Grammar.InWords(yours)} {kind.Plural}");
        _reminders.Add(() =>
        {
            (_text.K, _text.M, _text.N) = (kind, yours, mine);
            Line(answers, ["How many {K} did you have again?", "I forgot how many {K} you have.", "And how many {K} were yours?"]);
            Line(asks, ["I have {N}.", "{N}.", "I have {N.k}."]);
        });
    }

    private void Shopping()
    {
        (Person asks, Person knows) = Turn();
        Thing thing = _draw.Coloured(ThingsFor.Any);
        int price = _draw.Number(thing.Kind.LowPrice, thing.Kind.HighPrice), purse;
        do
        {
            purse = _draw.Number(2, 20);
        }
        while (purse == price || !_draw.AllowsAddition(Math.Min(price, purse), Math.Abs(price - purse)));
        (_text.T, _text.P, _text.N, _text.M, _text.R) = (thing, thing.Kind.Shop, price, purse, Math.Abs(price - purse));
        Line(asks, ["I want to buy {T.a}. What does it cost {P.in}?", "How much is {T} {P.in}?", "There is {T.a} {P.in}. Do you know the price?", "I saw {T.a} {P.in}. How much is it?"]);
        Line(knows, ["It costs {N.coins}. How much do you have?", "{N.coins}. Do you have that much?", "They want {N.coins} for it. How much money have you got?"]);
        Line(asks, ["I have {M.coins}.", "Let me count. I have {M.coins}.", "In my purse there are {M.coins}."]);
        Line(knows, purse > price
            ? ["Then you will have {R} left.", "That is enough. {R} will be left.", "Good, you can buy it and keep {R}."]
            : ["Then you need {R} more.", "That is not enough. You need {R} more.", "I am sorry, but you still need {R}."]);
        Fact("price", thing.Kind.Name, Grammar.InWords(price));
        Fact("coins", asks.Name, Grammar.InWords(purse));
        Fact("colour", thing.Kind.Name, thing.Colour!);
    }

    private void Invitation()
    {
        (Person asks, Person answers) = Turn();
        Place place = _random.Pick(Places.Outdoors);
        int day = _random.Below(7), other = (day + _random.Between(1, 6)) % 7;
        bool agrees = _random.OneIn(2);
        string duty = _random.Pick(_duties);
        (_text.P, _text.W, _text.X) = (place, _days[day], duty);
        Line(asks, ["Shall we go to {P} on {W}?", "Would you like to come to {P} on {W}?", "I am going to {P} on {W}. Will you come?", "Let us meet {P.in} on {W}."]);
        if (agrees)
        {
            Line(answers, ["Yes, I would love to.", "Good idea! I will be there on {W}.", "Yes, on {W} I have time.", "With pleasure!"]);
        }
        else
        {
            Line(answers, ["I am sorry, on {W} I have to {X}.", "No, I cannot, because I have to {X}.", "Not on {W}. I must {X} that day."]);
            day = other;
            _text.W = _days[day];
            Line(asks, ["How about {W}?", "Can you come on {W}, then?", "And on {W}?"]);
            Line(answers, ["Yes, {W} is fine.", "On {W} I can come.", "Good, let us meet on {W}."]);
        }
        Fact("meeting", place.Name, _days[day]);
        string agreed = _days[day];
        _reminders.Add(() =>
        {
            (_text.P, _text.W) = (place, agreed);
            Line(asks, ["So when do we meet?", "When do we meet again?", "What day was it that we meet?"]);
            Line(answers, ["On {W}, {P.in}.", "We meet {P.in} on {W}.", "On {W}. Do not forget it!"]);
        });
    }

    private void Lending()
    {
        (Person asks, Person owns) = Turn();
        Thing thing = _draw.Coloured(ThingsFor.Carried);
        _text.T = thing;
        Line(asks, ["May I borrow your {T.b}?", "Could you lend me your {T.b}?", "I need {T.a}. Could you give me yours?", "What a nice {T.b} you have! May I have it for a day?"]);
        bool lends = _random.Below(3) > 0;
        _text.W = _random.Pick(_days);
        if (lends)
        {
            Line(owns, ["Yes, here it is.", "Of course. Please bring it back on {W}.", "Take it. I do not need it before {W}.", "Yes, but be careful with it."]);
            Line(asks, ["Thank you. I will be careful with the {T.k}.", "Thank you, {B.n}!", "That is very kind of you."]);
        }
        else
        {
            Line(owns, ["I am sorry, I need it myself.", "No, I need it until {W}.", "Not today. I have to take it home."]);
            Line(asks, ["I see. Never mind.", "That is all right.", "Then I will ask someone else."]);
        }
        Fact("has", (lends ? asks : owns).Name, thing.Kind.Name);
        Fact("colour", thing.Kind.Name, thing.Colour!);
    }

    private void News()
    {
        (Person tells, Person listens) = Turn();
        Person third = _draw.Person(2);
        Thing thing = _draw.Coloured(ThingsFor.Fragile);
        string trouble = _random.Pick(_troubles);
        (_text.C, _text.T, _text.W) = (third, thing, trouble);
        Line(tells, ["Have you heard? {C.n} broke {T}.", "{C.n} dropped {T.a}, and it broke.", "Do you know what happened? {C.n} broke {T.a}."]);
        Line(listens, ["Oh no! Why?", "How did that happen?", "Really? Why did {C.n} drop it?"]);
        Line(tells, ["Because {W}.", "It happened because {W}.", "{C.n} dropped it because {W}."]);
        Line(listens, ["Poor {C.n}!", "I hope that {C.n} is all right.", "I will help {C.n} to mend it.", "That is sad."]);
        Fact("broke", third.Name, thing.Kind.Name);
        Fact("cause", thing.Kind.Name, trouble);
        _reminders.Add(() =>
        {
            (_text.C, _text.T) = (third, thing);
            Line(listens, ["Who broke the {T.k} again?", "Wait, who was it that broke the {T.k}?"]);
            Line(tells, ["It was {C.n}.", "{C.n} did."]);
        });
    }

    private void WrongBelief()
    {
        (Person asks, Person owns) = Turn();
        Thing thing = _draw.Coloured(ThingsFor.Any);
        (_text.T, _text.W, _text.X) = (thing, thing.Colour, _draw.Colour(thing.Kind, thing.Colour));
        bool right = _random.OneIn(2);
        Line(asks, right ? ["Is your {T.k} {W}?", "Your {T.k} is {W}, isn't it?"] : ["Is your {T.k} {X}?", "Your {T.k} is {X}, isn't it?"]);
        Line(owns, right ? ["Yes, it is {W}.", "Yes, I have {W.a} one.", "That is right, it is {W}."] : ["No, it is {W}.", "No, it is not {X}. It is {W}.", "No, mine is {W}."]);
        Line(asks, right ? ["I thought so.", "Then I remembered it well.", "I like {W}."] : ["Oh, I see. I thought it was {X}.", "Then I was wrong.", "I see. I like {W} too."]);
        Fact("owner", thing.Kind.Name, owns.Name);
        Fact("colour", thing.Kind.Name, thing.Colour!);
    }

    private void Jobs()
    {
        (Person asks, Person answers) = Turn();
        string first = _random.Pick(People.Jobs), second = _random.Pick(People.Jobs);
        (_text.W, _text.X) = (first, second);
        Line(asks, ["What do you work as, {B.n}?", "What is your job?", "Tell me, what do you do all day?"]);
        Line(answers, ["I am {W.a}. And you?", "I work as {W.a}. What about you?"]);
        Line(asks, first == second ? ["I am {X.a} too!", "What a surprise! I am {X.a} as well."] : ["I am {X.a}.", "I have been {X.a} for two years.", "I work as {X.a}."]);
        Fact("job", answers.Name, first);
        Fact("job", asks.Name, second);
    }

    private void Whereabouts()
    {
        (Person asks, Person answers) = Turn();
        Person third = _draw.Person(3);
        Place place = _random.Pick(Places.All);
        (_text.C, _text.P) = (third, place);
        Line(asks, ["Where is {C.n}?", "Do you know where {C.n} is?", "I am looking for {C.n}."]);
        if (_random.OneIn(3))
        {
            Line(answers, ["I don't know.", "I don't know. I have not seen {C.o} today.", "I have no idea."]);
            Line(asks, ["Then I will ask someone else.", "I will keep looking.", "Well, thank you."]);
            return;
        }
        Line(answers, ["{C.n} is {P.in}.", "I have just seen {C.o} {P.in}.", "{P.in}, I think. I saw {C.o} there."]);
        Line(asks, ["Thank you, I will go to {P}.", "Good. Then I will look there.", "Thank you!"]);
        Fact("at", third.Name, place.Name);
    }

    private void Sharing()
    {
        (Person gives, Person gets) = Turn();
        CountedKind kind = _random.Pick(Things.Counted);
        (int kept, int given) = _draw.Addends(2, 20);
        (_text.K, _text.N, _text.M, _text.R) = (kind, kept + given, given, kept);
        Line(gives, ["I have {N.k}. You can have {M}.", "Look, {N.k}! Would you like {M} of them?", "I have too many {K}. There are {N}. Take {M}!"]);
        Line(gets, ["Thank you! Then you have {R} left.", "Oh, thank you. So {R} are left for you.", "How kind of you! And you keep {R}?"]);
        Line(gives, kept == 1 ? ["Yes, one is enough for me.", "Yes, that is enough."] : ["Yes, {R} are enough for me.", "Yes, I keep {R}.", "Yes, that is enough."]);
        Fact("count", gives.Name, $"{Grammar.InWords(kept)} {kind.Plural}");
        Fact("count", gets.Name, $"{Grammar.InWords(given)} {kind.Plural}");
    }
}
