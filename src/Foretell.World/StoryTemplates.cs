namespace Foretell.World;

/// <summary>The sentences for what happens in stories, a family an event.</summary>
internal static class StoryTemplates
{
    public static readonly string[] Connectives =
        ["Then ", "After that, ", "Soon ", "A little later, ", "After a while, ", "A moment later, "];

    public static readonly string[] Openings =
    [
        "One {W} {X}, {A} was {P.in}.", "It was a {W} {X}. {A} was {P.in}.", "On a {W} {X}, {A} sat {P.in}.",
        "One {X} {A} was {P.in}. It was a {W} day.", "{A} was {P.in}. It was a {W} {X}.", "It was {W} that {X}, and {A} was {P.in}.",
        "Once, on a {W} {X}, {A} was {P.in}.", "{A} woke up early. Soon {A.he} was {P.in}. The day was {W}.", "There was once a {W} {X} when {A} was {P.in}.",
    ];

    public static readonly string[] OpeningsWithPerson =
    [
        "Once there was {W.a} {X} called {A.n}. One day {A} was {P.in}.", "{A.n} was {W.a} {X}. One day {A} was {P.in}.",
        "There was once {W.a} {X}. {A.his} name was {A.n}. One morning {A} was {P.in}.", "This is a story about {A.n}, {W.a} {X}. It begins {P.in}.",
        "In a small town lived {W.a} {X} called {A.n}. One day {A} was {P.in}.", "{A.n}, {W.a} {X}, was {P.in} that day.",
    ];

    public static readonly string[] Went =
    [
        "{A} went to {P}.", "{A} walked to {P}.", "{A} ran to {P}.", "{A} hurried to {P}.", "{A} made {A.his} way to {P}.", "{A} set off for {P}.",
        "{A} took the path to {P}.", "{A} came to {P}.", "{A} went out to {P}.", "{A} strolled to {P}.", "{A} rode {A.his} bicycle to {P}.", "{A} went down the road to {P}.",
    ];

    public static readonly string[] WentBecause =
    [
        "{A} went to {P} because {W}.", "{A} walked to {P} because {W}.", "Because {W}, {A.n} went to {P}.", "{A} ran to {P} because {W}.",
        "{A} set off for {P}, because {W}.", "{A} hurried to {P} because {W}.",
    ];

    public static readonly string[] Met =
    [
        "{A} met {B.o} there.", "There {A} met {B.o}.", "{B} was there too.", "{A} saw {B.o} and waved.", "{B} came along and said hello to {A.o}.",
        "{P.in} {A} met {B.o}.", "\"Hello, {B.n}!\" called {A.n}.", "\"What a nice surprise!\" said {B.n} when {B.he} saw {A.n}.",
        "{A} found {B} sitting there.", "{A} was glad to see {B.o} there.", "Who was already there? It was {B.n}.", "{B} was waiting there.",
    ];

    public static readonly string[] Had =
    [
        "{A} had {T.a}.", "{A} had brought {T.a}.", "{A} carried {T.a}.", "{A} owned {T.a}.", "{A} had {T.a} with {A.him}.", "{A} had got {T.a} for {A.his} birthday.",
        "In {A.s} bag there was {T.a}.", "{A} was proud of {A.his} {T.b}.", "{A} loved {A.his} {T.b}.", "{A} never went out without {A.his} {T.b}.", "{A} had just found {T.a} in an old trunk.", "{A} held {T.a} in {A.his} hands.",
    ];

    /// <summary>For what fits into no bag.</summary>
    public static readonly string[] HadAtHome =
    [
        "{A} had {T.a}.", "{A} owned {T.a}.", "{A} had got {T.a} for {A.his} birthday.", "{A} was proud of {A.his} {T.b}.", "{A} had just found {T.a} in a corner.", "There was {T.a} that belonged to {A.o}.",
        "{A} looked at {A.his} {T.b}.", "{A} had {T.a} that {A.he} had made long ago.", "Before {A.o} stood {T.a}.",
    ];

    public static readonly string[] Lost =
    [
        "Then {A} lost {T} {P.in}.", "But {A} lost {T} {P.in}.", "{T} fell down {P.in}, and {A} did not notice.", "{P.in} {A} put {T} down and forgot it.",
        "{A} was in a hurry and dropped {T} {P.in}.", "There was a hole in {A.s} bag, and {T} fell out {P.in}.", "{A} left {T} {P.in} by mistake.",
        "{A} did not see that {T} had slipped out of {A.his} bag {P.in}.", "While {A} was {P.in}, {T} fell to the ground.", "{P.in} {A} stopped to talk, and there {A.he} lost {T}.",
        "{A} forgot {T} {P.in}.", "{A} played for a long time and left {T} {P.in}.",
    ];

    public static readonly string[] Missed =
    [
        "{A} was sad because {A.his} {T.k} was gone.", "\"Oh no! Where is my {T.k}?\" cried {A.n}.", "When {A} looked for {T}, it was not there. {A.n} was sad.",
        "{A} looked everywhere, but {T} was gone.", "Then {A} saw that {T} was missing. {A.n} began to cry.", "{A} wanted {T}, but it was gone.",
        "{A} opened {A.his} bag. No {T.k}! {A.n} was very sad.", "\"I have lost my {T.k},\" said {A.n} with a sad face.",
    ];

    public static readonly string[] AskedForHelp =
    [
        "\"Have you seen my {T.k}?\" {A} asked {B.o}.", "{A} told {B.o} about it. \"I will help you,\" said {B.n}.", "\"Don't be sad. I will look for it,\" said {B.n}.",
        "\"Can you help me to find my {T.k}?\" {A} asked {B.o}.", "{A} asked {B.o} for help.", "\"We will find it together,\" {B} promised {A.o}.",
        "\"When did you have it last?\" asked {B.n}. But {A.n} did not remember.", "{B} saw that {A} was sad and asked why.",
    ];

    public static readonly string[] Found =
    [
        "{A} found {T} {P.in}.", "There, under a bench, {A} found {T}.", "{P.in} {A} saw something. It was {T}! {A} picked it up.", "{A} looked around and found {T} {P.in}.",
        "After a long search {A} found {T} {P.in}.", "\"Here it is!\" cried {A.n}, for {A.he} had found {T} {P.in}.", "{A} looked behind every corner, and at last {A.he} found {T}.",
        "Something lay on the ground {P.in}. {A} bent down and picked up {T}.", "{P.in} {A} found {T} at last.", "{A} searched and searched until {A.he} found {T} {P.in}.",
        "And what did {A} find {P.in}? It was {T}.", "It did not take long, and {A} found {T} {P.in}.",
    ];

    public static readonly string[] GaveBack =
    [
        "{A} gave {T} back to {B.o}.", "{A} took {T} back to {B.o}.", "{A} brought {T} to {B.o}.", "\"Is this your {T.k}?\" asked {A.n} and gave it to {B.n}.",
        "{A} ran to {B.o} and gave {B.him} {T}.", "{A} handed {T} to {B.o}. \"Here you are,\" {A} said.", "\"Look what I have found!\" said {A.n} and gave {T} to {B.n}.",
    ];

    public static readonly string[] Gave =
    [
        "{A} gave {T} to {B.o}.", "{A} handed {T} to {B.o}.", "{A} gave {B.o} {T}.", "\"This is for you,\" said {A.n} and gave {T} to {B.n}.", "{A} smiled and gave {T} to {B.o}.",
        "{A} held out {T}, and {B} took it.", "\"You can have my {T.k},\" {A} said to {B.o}, and {B} took it.", "{A} put {T} into {B.s} hands.", "{B} got {T} from {A.o}.",
        "{A} passed {T} to {B.o}.", "So {A} gave {T} to {B.o}.", "{A} decided to give {T} to {B.o}.",
    ];

    public static readonly string[] GaveBecause =
    [
        "{A} gave {T} to {B.o} because {W}.", "Because {W}, {A.n} gave {T} to {B.n}.", "{A} handed {T} to {B.o} because {W}.", "{A} gave {B.o} {T}, because {W}.",
        "{A} wanted to give {T} to {B.o} because {W}, and so {A.he} did.",
    ];

    public static readonly string[] Thanked =
    [
        "\"Thank you so much!\" said {B.n}.", "{B} thanked {A.o} and smiled.", "\"Thank you, {A.n}! You are a good friend,\" said {B.n}.", "{B} was very happy.",
        "\"How kind of you, {A.n}!\" said {B.n}.", "{B} laughed with joy.", "\"I will never forget this,\" said {B.n}.", "{B} said thank you and danced with joy.",
        "{B} was so glad that {B.he} sang a song.", "\"Thank you,\" {B} whispered.", "{B} gave {A.o} a hug.", "\"You have made my day!\" said {B.n}.",
    ];

    public static readonly string[] Bought =
    [
        "{A} bought {T} for {N.coins}.", "{A} paid {N.coins} for {T}.", "{A} chose {T} and paid {N.coins}.", "{T} cost {N.coins}, and {A} bought it.",
        "\"{N.coins}, please,\" said the seller, and {A.n} bought {T}.", "{A} liked {T} best. It cost {N.coins}, so {A} paid and took it.",
        "There was {T.a} for {N.coins}. {A} bought it at once.", "{A} counted out {N.coins} and bought {T}.", "The seller asked {N.coins} for {T}. {A} bought it.",
        "\"How much is {T}?\" asked {A.n}. \"{N.coins},\" said the seller. {A.n} bought it.", "For {N.coins} {A} got {T}.", "{A} gave the seller {N.coins} and got {T}.",
    ];

    public static readonly string[] Broke =
    [
        "{A} dropped {T}, and it broke because {W}.", "{T} fell down and broke, because {W}.", "Crash! {A} had broken {T}, because {W}.", "{A} broke {T} because {W}.",
        "Because {W}, {A.n} dropped {T}, and it broke.", "{T} slipped from {A.s} hands and broke, because {W}.", "There was a loud noise. {A} had broken {T} because {W}.",
    ];

    public static readonly string[] Repaired =
    [
        "{A} repaired {T} with glue.", "{A} put the pieces together again, and {T} was whole.", "{A} fetched some glue and mended {T}.", "{A} worked for an hour, and then {T} was as good as new.",
        "With a steady hand {A} mended {T}.", "{A} fixed {T}.", "{A} took {A.his} tools and repaired {T}.", "It was not easy, but {A} repaired {T}.",
        "{A} glued {T} together piece by piece.", "{A} mended {T} so well that no one could see it.", "{A} knew what to do and fixed {T}.", "{A} sat down and repaired {T}.",
    ];

    public static readonly string[] Painted =
    [
        "{A} painted {T} {W}.", "{A} took a brush and painted {T} {W}.", "{A} opened a pot of paint and painted {T} {W}.", "With care {A} painted {T} {W}.",
        "{A} dipped the brush into the paint and painted {T} {W}.", "{A} painted {T} {W} from top to bottom.", "All afternoon {A} painted. At the end {T} was {W}.",
        "{A} mixed some paint and painted {T} {W}.", "{A} covered {T} with {W} paint.", "So {A} painted {T} {W}.", "It took {A.o} an hour to paint {T} {W}.", "{A} began to paint, and soon {T} was {W}.",
    ];

    public static readonly string[] Gathered =
    [
        "{A} {W} {N.k} {P.in}.", "{P.in} {A} {W} {N.k}.", "{A} worked hard and {W} {N.k}.", "{A} {W} {N.k} and put them into a basket.", "In an hour {A} {W} {N.k}.",
        "{A} {W} {N.k} and counted them twice.", "{A} {W} {N.k}. That was not bad!", "{A} {W} {N.k} all alone.", "{A} was lucky and {W} {N.k}.", "{A} sang a song and {W} {N.k}.",
        "\"One, two, three ...\" {A.n} counted. {A} {W} {N.k}.", "{A} {W} {N.k} that day.",
    ];

    public static readonly string[] Shared =
    [
        "{A} gave {M.k} to {B.o} and had {R} left.", "{A} gave {B.o} {M.k}. Now {A.n} had {R.k} left.", "\"You can have {M.k},\" {A} said to {B.o}. So {A.n} had {R} left.",
        "{A} shared them with {B.o}. {B.n} got {M.k}, and {A.n} kept {R}.", "{B} got {M.k} from {A.n}, who had {R} left.", "{A} put {M.k} into {B.s} hands and kept {R}.",
        "{A} kept {R.k} and gave {M} to {B.o}.", "{A} handed {M.k} to {B.o}. {A.n} still had {R}.", "{B} asked for some. {A.n} gave {B.him} {M.k} and kept {R}.",
    ];

    public static readonly string[] Hid =
    [
        "{A} hid {T} {P.in}.", "When no one was looking, {A} hid {T} {P.in}.", "{A} put {T} in a secret spot {P.in}.", "{A} crept away and hid {T} {P.in}.",
        "{A} looked for a good spot and hid {T} {P.in}.", "{P.in} {A} hid {T} under some straw.", "{A} hid {T} well. It was {P.in}.", "Nobody saw how {A} hid {T} {P.in}.",
    ];

    public static readonly string[] NotFound =
    [
        "{A} looked {P.in} first, but {T} was not there.", "{A} searched {P.in}. Nothing!", "\"It is not here,\" said {A.n} {P.in}.", "{P.in} there was no {T.k}.",
        "{A} thought that it was {P.in}, but it was not.", "{A} looked {P.in}, but found only dust and an old shoe.",
    ];

    public static readonly string[] BlownAway =
    [
        "A strong wind came and blew {T} into a tree.", "Suddenly the wind took {T} and blew it into a tree.", "The wind was so strong that {T} flew up into a tree.",
        "{A} let go of {T} for a moment, and the wind blew it into a tree.", "Whoosh! The wind carried {T} up into a tree.", "But the wind pulled {T} away, and it got stuck in a tree.",
    ];

    public static readonly string[] Rescued =
    [
        "{A} climbed up and got {T}.", "{A} fetched a ladder and took {T} down.", "{A} shook the tree until {T} fell down, and caught it.", "{A} was not afraid. {A.he} climbed the tree and took {T}.",
        "With a long stick {A} got {T} down.", "{A} climbed from branch to branch and reached {T}.", "Up went {A.n}, and down {A.he} came with {T}.", "{A} stood on a bench and reached {T}.",
    ];

    public static readonly string[] Swapped =
    [
        "{A.n} and {B.n} swapped. Now {A.n} had {U}, and {B.n} had {T}.", "So {A} gave {T} to {B.o} and got {U}.", "They made a trade: {A.n} got {U}, and {B.n} got {T}.",
        "{A} took {U}, and {B} took {T}.", "\"Let us swap,\" said {A.n}. {B.n} took {T}, and {A.n} took {U}.", "{B} gave {U} to {A} and got {T} for it.",
    ];

    public static readonly string[] Made =
    [
        "{A} made {T.a} out of wood.", "{A} built {T.a}.", "{A} took some wood and made {T.a}.", "{A} worked all day and made {T.a}.", "With hammer and nails {A} built {T.a}.",
        "{A} made {T.a} with {A.his} own hands.", "{A} had an idea and built {T.a}.", "{A} found some old boards and made {T.a} out of them.", "{A} cut the wood, and in the evening there was {T.a}.",
    ];

    public static readonly string[] Ate =
    [
        "{A} was hungry and ate {N.k}.", "{A} ate {N.k} at once.", "{A} sat down and ate {N.k}.", "\"I am hungry,\" said {A.n} and ate {N.k}.", "{A} could not wait and ate {N.k}.", "{A} tasted them and ate {N.k}.",
    ];

    public static readonly string[] EndingsAlone =
    [
        "It was a good day.", "{A} was happy.", "{A} went home with a smile.", "That evening {A} told everyone about it.", "{A} slept well that night.",
        "And {A} never forgot that day.", "\"What a day!\" said {A.n}.", "Then it was time to go home.", "{A} was tired but happy.", "It had been a long day.",
        "That night {A} dreamed of it.", "{A} smiled all the way home.",
    ];

    public static readonly string[] EndingsTogether =
    [
        "{A.n} and {B.n} laughed.", "In the evening {A.n} and {B.n} had soup together.", "{A.n} and {B.n} stayed there until the sun went down.",
        "{A.n} and {B.n} were friends for ever.", "From that day on {A.n} and {B.n} often met.", "Then {A.n} and {B.n} went home together.",
        "{A.n} and {B.n} talked about it for a long time.", "\"Let us meet again,\" said {B.n}.", "They sat together until it got dark.",
    ];

    public static readonly string[] Later =
    [
        "The next day {A.n} was {P.in}.", "Later that day {A.n} was {P.in}.", "The next morning {A.n} was {P.in}.", "Two days later {A.n} was {P.in}.", "A week later {A.n} was {P.in}.",
        "After lunch {A.n} was {P.in}.", "That evening {A.n} was {P.in}.", "On the next Sunday {A.n} was {P.in}.",
    ];

    public static readonly string[] Rained =
    [
        "Suddenly it began to rain.", "Dark clouds came, and it started to rain.", "Then there was thunder, and rain fell.", "A drop fell on {A.s} nose. Rain!", "The sky turned grey, and soon it was raining.",
    ];

    public static readonly string[] Sheltered =
    [
        "{A.n} and {B.n} ran to {P} because it was raining.", "Because it was raining, {A.n} and {B.n} ran to {P}.", "{A.n} and {B.n} went to {P} because of the rain.",
        "\"Quick, to {P}!\" called {B.n}. {A.n} and {B.n} ran there because it was raining.",
    ];

    public static readonly string[] Pastimes =
    [
        "There they told each other stories until the rain stopped.", "There they played cards and drank tea.", "They sat by the window and watched the rain.", "They sang songs and were not sad at all.",
        "It was warm and dry there.", "They shared some bread and waited.",
    ];
}
