using static System.FormattableString;

namespace Foretell.World.Environments;

/// <summary>Days of the week, some days on or back.</summary>
public sealed class CalendarEnvironment : ProblemEnvironment
{
    private static readonly string[] _days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    private static readonly string[] _months = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
    private static readonly int[] _lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

    /// <inheritdoc/>
    public override string Name => "calendar";

    /// <inheritdoc/>
    public override string Description => "The day of the week a few days on; some days back; many days on; from one date to another in a month; across months.";

    /// <inheritdoc/>
    public override int Levels => 5;

    private protected override ProblemDraft Draft(ProblemDraw draw, int level)
    {
        SeededRandom random = draw.Random;
        int today = random.Below(7);
        return level switch
        {
            1 => Walk(today, random.Between(1, 7), random.OneIn(2)),
            2 => Walk(today, random.Between(8, 13), random.OneIn(2)),
            3 => Jump(today, random.Between(15, 150), random.OneIn(2)),
            4 => WithinMonth(random, today),
            _ => AcrossMonths(random, today),
        };
    }

    private protected override Verdict Judge(Problem problem, string answer) => AnswerForm.JudgeChoice(problem, answer, _days);

    private ProblemDraft Walk(int today, int days, bool back) =>
        Ask(today, days, back, Steps(today, days, back));

    private ProblemDraft Jump(int today, int days, bool back)
    {
        int weeks = days / 7 * 7, rest = days % 7;
        return Ask(today, days, back, Invariant($"{weeks} days are whole weeks. {days} - {weeks} = {rest}. ") + (rest == 0 ? "So the same day." : Steps(today, rest, back)));
    }

    private ProblemDraft WithinMonth(SeededRandom random, int today)
    {
        int month = random.Below(12), from = random.Between(1, 13), to = random.Between(from + 8, 28), passed = to - from;
        return new ProblemDraft(
            Invariant($"{_months[month]} {from} is a {_days[today]}. What day is {_months[month]} {to}?"),
            Invariant($"{to} - {from} = {passed}. {Remainder(today, passed)}"),
            _days[(today + passed) % 7],
            ProblemDraw.IsWithheld(Name, today, month, from, to));
    }

    private ProblemDraft AcrossMonths(SeededRandom random, int today)
    {
        int month = random.Below(11), from = random.Between(1, _lengths[month]), to = random.Between(1, _lengths[month + 1]);
        int rest = _lengths[month] - from, passed = rest + to;
        return new ProblemDraft(
            Invariant($"{_months[month]} {from} is a {_days[today]}, and {_months[month]} has {_lengths[month]} days. What day is {_months[month + 1]} {to}?"),
            Invariant($"{_lengths[month]} - {from} = {rest}. {rest} + {to} = {passed}. {Remainder(today, passed)}"),
            _days[(today + passed) % 7],
            ProblemDraw.IsWithheld(Name, today, month, from, to));
    }

    private ProblemDraft Ask(int today, int days, bool back, string thoughts)
    {
        string answer = _days[(today + (back ? 700 - days : days)) % 7], unit = days == 1 ? "day" : "days";
        return new ProblemDraft(back ? Invariant($"Today is {_days[today]}. What day was it {days} {unit} ago?") : Invariant($"Today is {_days[today]}. What day is it in {days} {unit}?"),
            thoughts, answer, ProblemDraw.IsWithheld(Name, today, back ? -days : days));
    }

    private static string Remainder(int today, int passed)
    {
        int weeks = passed / 7 * 7, rest = passed % 7;
        return Invariant($"{passed} - {weeks} = {rest}. ") + (rest == 0 ? "So the same day." : Steps(today, rest, back: false));
    }

    // Each day named as it is passed.
    private static string Steps(int today, int days, bool back) =>
        string.Join(", ", Enumerable.Range(1, days).Select(i => Invariant($"{i} {_days[(today + (back ? 700 - i : i)) % 7]}"))) + ".";
}
