using static System.FormattableString;

namespace Foretell.World.Environments;

/// <summary>
/// Little stories about how many things someone has, a step a sentence. A problem is held out when one of its steps is a sum
/// that the little world holds out (<see cref="HeldOut"/>); training's steps are never such sums.
/// </summary>
public sealed class WordProblemsEnvironment : ProblemEnvironment
{
    private static readonly string[] _containers = ["box", "basket", "bag", "bowl"];
    private static readonly string[] _pluralContainers = ["boxes", "baskets", "bags", "bowls"];

    /// <inheritdoc/>
    public override string Name => "word-problems";

    /// <inheritdoc/>
    public override string Description => "How many things someone has after one, two or three steps; then with a multiplication; then for two people together.";

    /// <inheritdoc/>
    public override int Levels => 5;

    private protected override ProblemDraft Draft(ProblemDraw draw, int level)
    {
        var story = new Story(draw, level);
        if (level >= 4)
        {
            story.Multiply();
        }
        else
        {
            story.Begin();
        }
        int steps = level switch { 4 => 2, 5 => 1, _ => level };
        for (int i = 0; i < steps; i++)
        {
            story.Change();
        }
        if (level == 5)
        {
            story.Join();
        }
        return story.Ask(together: level == 5);
    }

    private protected override Verdict Judge(Problem problem, string answer) => AnswerForm.JudgeNumber(problem, answer);

    private sealed class Story
    {
        private readonly SeededRandom _random;
        private readonly Person _owner, _other;
        private readonly CountedKind _kind;
        private readonly int _greatest;
        private readonly List<string> _sentences = [], _thoughts = [];
        private int _number;
        private bool _withheld;

        public Story(ProblemDraw draw, int level)
        {
            _random = draw.Random;
            Person[] people = draw.People(2);
            (_owner, _other) = (people[0], people[1]);
            _kind = _random.Pick(Things.Counted);
            _greatest = level <= 2 ? 20 : 99;
        }

        public void Begin()
        {
            _number = _random.Between(3, _greatest / 2);
            _sentences.Add($"{_owner.Name} has {Counted(_number)}.");
        }

        public void Multiply()
        {
            int groups = _random.Between(2, 9), each = _random.Between(2, 9), container = _random.Below(_containers.Length);
            _sentences.Add(Invariant($"{_owner.Name} has {groups} {_pluralContainers[container]} with {Counted(each)} in each."));
            Step(groups, '*', each, groups * each, HeldOut.IsMultiplication(groups, each));
        }

        public void Change()
        {
            bool gains = _number < 4 || (_number < _greatest - 2 && _random.OneIn(2));
            if (gains)
            {
                int more = _random.Between(2, Math.Min(_greatest - _number, _greatest / 2));
                _sentences.Add(_random.Below(3) switch
                {
                    0 => Invariant($"{_other.Name} gives {_owner.Him} {more} more."),
                    1 => Invariant($"{Capital(_owner.He)} gets {more} more."),
                    _ => Invariant($"Then {_owner.He} finds {more} more."),
                });
                Step(_number, '+', more, _number + more, HeldOut.IsAddition(_number, more));
            }
            else
            {
                int less = _random.Between(1, _number - 1);
                _sentences.Add(_random.Below(3) switch
                {
                    0 => Invariant($"{Capital(_owner.He)} gives {less} to {_other.Name}."),
                    1 => Invariant($"{Capital(_owner.He)} loses {less}."),
                    _ => Invariant($"Then {_owner.He} sells {less}."),
                });
                Step(_number, '-', less, _number - less, HeldOut.IsSubtraction(_number, less));
            }
        }

        public void Join()
        {
            // A friend with more or fewer, and then both together.
            int difference = _random.Between(2, Math.Max(2, Math.Min(20, _number - 1)));
            bool more = _number <= difference || _random.OneIn(2);
            int owners = _number, others = more ? _number + difference : _number - difference;
            _sentences.Add(Invariant($"{_other.Name} has {difference} {(more ? "more" : "fewer")} {_kind.Plural} than {_owner.Name} has now."));
            Step(_number, more ? '+' : '-', difference, others, more ? HeldOut.IsAddition(_number, difference) : HeldOut.IsSubtraction(_number, difference));
            Step(owners, '+', others, owners + others, HeldOut.IsAddition(owners, others));
        }

        public ProblemDraft Ask(bool together)
        {
            _sentences.Add(together
                ? $"How many {_kind.Plural} do {_owner.Name} and {_other.Name} have together?"
                : $"How many {_kind.Plural} does {_owner.Name} have now?");
            return new ProblemDraft(string.Join(' ', _sentences), string.Join(' ', _thoughts), Grammar.InFigures(_number), _withheld);
        }

        private void Step(int left, char sign, int right, int result, bool withheld)
        {
            _thoughts.Add(Invariant($"{left} {sign} {right} = {result}."));
            _number = result;
            _withheld |= withheld;
        }

        private string Counted(int number) => Invariant($"{number} {(number == 1 ? _kind.Singular : _kind.Plural)}");

        private static string Capital(string word) => Grammar.Capitalised(word);
    }
}
