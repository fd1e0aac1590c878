namespace Foretell.World;

/// <summary>Sums in figures, in words of question and answer, and as little problems about the world's things.</summary>
internal static class SumWriter
{
    private const int GreatestSum = 99;
    private const int GreatestFactor = 10;

    private static readonly string[] _gains =
    [
        "{A} has {N.f} {K}. {B} gives {A.him} {M.f} more.", "There are {N.f} {K} {P.in}. {A} brings {M.f} more.",
        "{A} finds {N.f} {K}, and {B} finds {M.f}. They put them together.", "{A} has {N.f} {K} and {B} has {M.f}.",
        "On Monday {A} counts {N.f} {K}. On Tuesday {M.f} more come.", "{N.f} {K} are in the {W}, and {A} puts in {M.f} more.",
    ];

    private static readonly string[] _losses =
    [
        "{A} has {N.f} {K}. {A.he} gives {M.f} of them to {B}.", "There are {N.f} {K} {P.in}. {A} takes {M.f} away.",
        "{A} had {N.f} {K}, but {A.he} lost {M.f}.", "{N.f} {K} are in the {W}. {A} takes out {M.f}.",
        "{A} brings {N.f} {K} to the market and sells {M.f}.", "{A} carries {N.f} {K}. {M.f} of them fall down.",
    ];

    private static readonly string[] _products =
    [
        "{A} has {N.f} boxes. There are {M.f} {K} in each box.", "{N.f} children have {M.f} {K} each.",
        "{A} collects {M.f} {K} every day for {N.f} days.", "{A} sets out {N.f} plates and puts {M.f} {K} on each.",
        "There are {N.f} baskets {P.in}. Each holds {M.f} {K}.",
    ];

    private static readonly string[] _questions = ["How many {K} are there now?", "How many {K} is that?", "How many {K} are left?"];
    private static readonly string[] _containers = ["box", "basket", "bag", "bucket", "bowl"];

    public static WorldDocument Write(WorldDraw draw)
    {
        SeededRandom random = draw.Random;
        var text = new Composer(random);
        var sums = new List<Sum>();
        int form = random.Below(4);
        int count = form switch { 0 => random.Between(3, 6), 1 => random.Between(2, 4), _ => random.Between(1, 3) };
        for (int i = 0; i < count; i++)
        {
            if (i > 0)
            {
                text.NewLine();
            }
            char sign = "++--*"[random.Below(5)];
            (int left, int right, int result) = Operands(draw, sign, heldOut: draw.Split == WorldSplit.HeldOut, words: form > 1);
            int prompt = form switch
            {
                0 => Figures(text, left, sign, right),
                1 => Spoken(text, left, sign, right),
                _ => Problem(draw, text, left, sign, right),
            };
            sums.Add(new Sum(left, sign, right, result, prompt));
            text.N = result;
            text.Write(form == 0 ? " {N.f}" : " {N.f}.");
            if (form > 1 && random.OneIn(2))
            {
                text.Say("The answer is {N.f}.");
            }
        }
        return new WorldDocument(DocumentKind.Sums, text.ToString(), new SumsTruth(sums));
    }

    private static (int Left, int Right, int Result) Operands(WorldDraw draw, char sign, bool heldOut, bool words)
    {
        SeededRandom random = draw.Random;
        while (true)
        {
            int left, right, result;
            bool withheld;
            if (sign == '*')
            {
                int least = words ? 2 : 1;
                (left, right) = (random.Between(least, GreatestFactor), random.Between(least, GreatestFactor));
                result = left * right;
                withheld = HeldOut.IsMultiplication(left, right);
            }
            else
            {
                // Small numbers as often as large ones.
                int greatest = random.Pick(_limits), least = words ? 2 : 1;
                int sum = random.Between(2 * least, greatest);
                int first = random.Between(least, sum - least), second = sum - first;
                withheld = HeldOut.IsAddition(first, second);
                (left, right, result) = sign == '+' ? (first, second, sum) : (sum, second, first);
            }
            withheld |= HeldOut.IsNumber(left) || HeldOut.IsNumber(right) || HeldOut.IsNumber(result);
            if (withheld == heldOut)
            {
                return (left, right, result);
            }
        }
    }

    private static readonly int[] _limits = [12, 20, 50, GreatestSum];

    private static int Figures(Composer text, int left, char sign, int right)
    {
        (text.N, text.M) = (left, right);
        text.Write(sign switch { '+' => "{N.f} + {M.f} =", '-' => "{N.f} - {M.f} =", _ => "{N.f} * {M.f} =" });
        return text.Length;
    }

    private static int Spoken(Composer text, int left, char sign, int right)
    {
        (text.N, text.M) = (left, right);
        string name = sign switch { '+' => "plus", '-' => "minus", _ => "times" };
        text.Say($"What is {{N.f}} {name} {{M.f}}? {{N.f}} {name} {{M.f}} is");
        return text.Length;
    }

    private static int Problem(WorldDraw draw, Composer text, int left, char sign, int right)
    {
        SeededRandom random = draw.Random;
        text.Forget();
        (text.A, text.B) = (draw.Person(0), draw.Person(1));
        (text.N, text.M) = (left, right);
        text.K = random.Pick(Things.Counted);
        text.P = random.Pick(text.K.Places);
        text.W = random.Pick(_containers);
        text.Say(sign switch { '+' => _gains, '-' => _losses, _ => _products });
        text.Say(sign == '-' ? _questions[2] : sign == '*' ? _questions[1] : _questions[random.Below(2)]);
        text.Say(sign switch { '+' => "{N.f} + {M.f} =", '-' => "{N.f} - {M.f} =", _ => "{N.f} * {M.f} =" });
        return text.Length;
    }
}
