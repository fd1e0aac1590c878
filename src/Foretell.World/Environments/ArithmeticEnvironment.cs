using static System.FormattableString;

namespace Foretell.World.Environments;

/// <summary>
/// Sums in figures, worked digit by digit. The split is the little world's own (<see cref="HeldOut.IsAddition"/> and its
/// fellows), so that pretraining on the world has not shown what is held out here.
/// </summary>
public sealed class ArithmeticEnvironment : ProblemEnvironment
{
    /// <inheritdoc/>
    public override string Name => "arithmetic";

    /// <inheritdoc/>
    public override string Description => "Sums in figures: one digit; two digits; times one digit; three digits; longer products.";

    /// <inheritdoc/>
    public override int Levels => 5;

    private protected override ProblemDraft Draft(ProblemDraw draw, int level)
    {
        SeededRandom random = draw.Random;
        switch (level)
        {
            case 1:
                return Sum(random.Between(1, 9), random.Between(1, 9));
            case 2 or 4:
                int whole = level == 2 ? random.Between(12, 99) : random.Between(100, 999);
                int part = random.Between(level == 2 ? 2 : 12, whole - 2);
                return random.OneIn(2) ? Sum(part, whole - part) : Difference(whole, part);
            case 3:
                return Product(random.Between(12, 299), random.Between(3, 9));
            default:
                return random.OneIn(2) ? Product(random.Between(102, 999), random.Between(3, 9)) : LongProduct(random.Between(12, 99), random.Between(12, 99));
        }
    }

    private protected override Verdict Judge(Problem problem, string answer) => AnswerForm.JudgeNumber(problem, answer);

    private static ProblemDraft Sum(int left, int right) =>
        new(Invariant($"What is {left} + {right}?"), ColumnSums.Add(left, right), Invariant($"{left + right}"), HeldOut.IsAddition(left, right));

    private static ProblemDraft Difference(int left, int right) =>
        new(Invariant($"What is {left} - {right}?"), ColumnSums.Subtract(left, right), Invariant($"{left - right}"), HeldOut.IsSubtraction(left, right));

    private static ProblemDraft Product(int left, int digit) =>
        new(Invariant($"What is {left} * {digit}?"), ColumnSums.MultiplyByDigit(left, digit), Invariant($"{left * digit}"), HeldOut.IsMultiplication(left, digit));

    private static ProblemDraft LongProduct(int left, int right)
    {
        int units = right % 10, tens = right / 10;
        string thoughts = units == 0
            ? Invariant($"{ColumnSums.MultiplyByDigit(left, tens)} Times 10 is {left * right}.")
            : Invariant($"By {units}: {ColumnSums.MultiplyByDigit(left, units)} By {tens}: {ColumnSums.MultiplyByDigit(left, tens)} Times 10 is {left * tens * 10}. {left * units} + {left * tens * 10}: {ColumnSums.Add(left * units, left * tens * 10)}");
        return new ProblemDraft(Invariant($"What is {left} * {right}?"), thoughts, Invariant($"{left * right}"), HeldOut.IsMultiplication(left, right));
    }
}
