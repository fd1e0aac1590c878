using static System.FormattableString;

namespace Foretell.World.Environments;

/// <summary>Times of day on a clock of 24 hours, written 14:05.</summary>
public sealed class ClockEnvironment : ProblemEnvironment
{
    private const int MinutesOfDay = 24 * 60;

    /// <inheritdoc/>
    public override string Name => "clock";

    /// <inheritdoc/>
    public override string Description => "The time after some hours; after minutes within the hour; past the hour; before; the minutes between two times.";

    /// <inheritdoc/>
    public override int Levels => 5;

    private protected override ProblemDraft Draft(ProblemDraw draw, int level)
    {
        SeededRandom random = draw.Random;
        switch (level)
        {
            case 1:
                int hour = random.Between(0, 18), hours = random.Between(1, 23 - hour), minute = random.Pick([0, 15, 30, 45]);
                return Later((hour * 60) + minute, hours * 60, Invariant($"{hours} hour{Plural(hours)}"), Invariant($"{hour} + {hours} = {hour + hours}."));
            case 2:
                hour = random.Between(0, 23);
                minute = random.Between(0, 54);
                int minutes = random.Between(2, 59 - minute);
                return Later((hour * 60) + minute, minutes, Invariant($"{minutes} minutes"), Invariant($"{minute} + {minutes} = {minute + minutes}."));
            case 3:
                hour = random.Between(0, 22);
                minute = random.Between(10, 59);
                minutes = random.Between(60 - minute, 59);
                int sum = minute + minutes;
                return Later((hour * 60) + minute, minutes, Invariant($"{minutes} minutes"), Invariant($"{minute} + {minutes} = {sum}. {sum} - 60 = {sum - 60}. {hour} + 1 = {hour + 1}."));
            case 4:
                return Earlier(random);
            default:
                return Between(random);
        }
    }

    private protected override Verdict Judge(Problem problem, string answer)
    {
        if (problem.Level == 5)
        {
            return AnswerForm.JudgeNumber(problem, answer);
        }
        string[] words = [.. answer.Split(' ').Select(word => word.Trim('.', ',', '!')).Where(word => word.Length > 0 && !word.Equals("o'clock", StringComparison.OrdinalIgnoreCase))];
        return words is not [var only] || !TryTime(only, out int given) ? new Verdict(false, "The answer is not one time such as 14:05.")
            : TryTime(problem.Answer, out int wanted) && given == wanted ? new Verdict(true)
            : new Verdict(false, "Another time is right.");
    }

    private ProblemDraft Later(int start, int passed, string inWords, string thoughts)
    {
        string end = Time(start + passed);
        return new ProblemDraft($"It is {Time(start)}. What time is it {inWords} later?", $"{thoughts} So {end}.", end, ProblemDraw.IsWithheld(Name, start, passed));
    }

    private ProblemDraft Earlier(SeededRandom random)
    {
        int hours = random.Between(1, 5), minutes = random.Between(2, 59), hour = random.Between(hours + 2, 23), minute = random.Between(0, 59);
        string borrow = minute >= minutes
            ? Invariant($"{minute} - {minutes} = {minute - minutes}.")
            : Invariant($"{minute} - {minutes} needs an hour: {hour - hours} - 1 = {hour - hours - 1}, {minute} + 60 = {minute + 60}, {minute + 60} - {minutes} = {minute + 60 - minutes}.");
        int start = (hour * 60) + minute, passed = (hours * 60) + minutes;
        string end = Time(start - passed);
        return new ProblemDraft(Invariant($"It is {Time(start)}. What time was it {hours} hour{Plural(hours)} and {minutes} minutes ago?"),
            Invariant($"{hour} - {hours} = {hour - hours}. {borrow} So {end}."), end, ProblemDraw.IsWithheld(Name, start, -passed));
    }

    private ProblemDraft Between(SeededRandom random)
    {
        int start = random.Between(0, MinutesOfDay - 240), passed = random.Between(61, 239), end = start + passed;
        int toHour = 60 - (start % 60), hours = (end / 60) - (start / 60) - 1;
        string sum = Invariant($"From {Time(start)} to {Time(start + toHour)}: 60 - {start % 60} = {toHour}. To {Time(end - (end % 60))}: {hours} * 60 = {hours * 60}. To {Time(end)}: {end % 60}. {toHour} + {hours * 60} = {toHour + (hours * 60)}. {toHour + (hours * 60)} + {end % 60} = {passed}.");
        return new ProblemDraft($"How many minutes are there from {Time(start)} to {Time(end)}?", sum, Invariant($"{passed}"), ProblemDraw.IsWithheld(Name, start, end));
    }

    private static bool TryTime(string text, out int minutes)
    {
        minutes = 0;
        string[] parts = text.Split(':');
        if (parts is not [{ Length: 1 or 2 } hour, { Length: 2 } minute] || !AnswerForm.TryNumber(hour, out long h) || !AnswerForm.TryNumber(minute, out long m) || h is < 0 or > 23 || m is < 0 or > 59)
        {
            return false;
        }
        minutes = (int)((h * 60) + m);
        return true;
    }

    private static string Time(int minutes) => Invariant($"{minutes / 60}:{minutes % 60:00}");

    private static string Plural(int count) => count == 1 ? "" : "s";
}
