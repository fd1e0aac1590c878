using System.Text;
using static System.FormattableString;

namespace Foretell.World.Environments;

/// <summary>A way through a small grid. The verifier walks it: every step must stay inside and off the walls, the last must end at the goal.</summary>
public sealed class GridPathsEnvironment : ProblemEnvironment
{
    private const string Shortest = "a shortest way";

    private static readonly (string Name, int Down, int Right)[] _moves = [("up", -1, 0), ("down", 1, 0), ("left", 0, -1), ("right", 0, 1)];

    /// <inheritdoc/>
    public override string Name => "grid-paths";

    /// <inheritdoc/>
    public override string Description => "Any way on an open grid of 3 by 3; with walls; a shortest way; on 4 by 4; on 5 by 5.";

    /// <inheritdoc/>
    public override int Levels => 5;

    private protected override ProblemDraft Draft(ProblemDraw draw, int level)
    {
        SeededRandom random = draw.Random;
        (int side, int walls, bool shortest, int least) = level switch { 1 => (3, 0, false, 1), 2 => (3, 2, false, 2), 3 => (3, 3, true, 2), 4 => (4, 5, true, 3), _ => (5, 9, true, 4) };
        while (true)
        {
            char[] cells = new char[side * side];
            Array.Fill(cells, '.');
            int[] places = draw.Numbers(walls + 2, 0, cells.Length - 1);
            (cells[places[0]], cells[places[1]]) = ('S', 'G');
            foreach (int wall in places[2..])
            {
                cells[wall] = '#';
            }
            var grid = new Grid(cells, side);
            if (grid.ShortestWay(random) is not { } way || way.Count < least)
            {
                continue;
            }
            string answer = string.Join(' ', way.Select(move => _moves[move].Name));
            return new ProblemDraft($"Find {(shortest ? Shortest : "a way")} from S to G, not through #.\n{grid}", Walk(grid, way), answer, ProblemDraw.IsWithheld(Name, new string(cells)));
        }
    }

    private protected override Verdict Judge(Problem problem, string answer)
    {
        if (Grid.Read(problem.Question) is not { } grid)
        {
            return new Verdict(false, "The problem holds no grid.");
        }
        var way = new List<int>();
        foreach (string word in AnswerForm.Items(answer))
        {
            string step = word.ToLowerInvariant();
            int move = Array.FindIndex(_moves, one => one.Name == step || (step.Length == 1 && one.Name[0] == step[0]));
            if (move < 0)
            {
                return new Verdict(false, "The answer holds something else than up, down, left and right.");
            }
            way.Add(move);
        }
        int at = grid.Start;
        for (int i = 0; i < way.Count; i++)
        {
            at = grid.Step(at, way[i]);
            if (at < 0)
            {
                return new Verdict(false, Invariant($"Step {i + 1} leads into a wall or out of the grid."));
            }
        }
        return at != grid.Goal ? new Verdict(false, "The way does not end at G.")
            : problem.Question.Contains(Shortest, StringComparison.Ordinal) && way.Count > grid.ShortestWay(null)!.Count ? new Verdict(false, "There is a shorter way.")
            : new Verdict(true);
    }

    // Row and column, from 1, after each step.
    private static string Walk(Grid grid, List<int> way)
    {
        var text = new StringBuilder(Invariant($"S is at {grid.Name(grid.Start)}, G is at {grid.Name(grid.Goal)}."));
        int at = grid.Start;
        foreach (int move in way)
        {
            at = grid.Step(at, move);
            text.Append(Invariant($" {_moves[move].Name} to {grid.Name(at)}."));
        }
        return text.ToString();
    }

    private sealed class Grid(char[] cells, int side)
    {
        public int Start { get; } = Array.IndexOf(cells, 'S');

        public int Goal { get; } = Array.IndexOf(cells, 'G');

        public static Grid? Read(string question)
        {
            string[] rows = question.Split('\n')[1..];
            char[] cells = [.. string.Concat(rows).Where(c => c != ' ')];
            var grid = new Grid(cells, rows.Length);
            return rows.Length > 0 && cells.Length == rows.Length * rows.Length && grid.Start >= 0 && grid.Goal >= 0 ? grid : null;
        }

        public override string ToString() =>
            string.Join('\n', Enumerable.Range(0, side).Select(row => string.Join(' ', cells[(row * side)..((row + 1) * side)])));

        public string Name(int at) => Invariant($"{(at / side) + 1} {(at % side) + 1}");

        /// <summary>The cell that a move leads to, or -1.</summary>
        public int Step(int at, int move)
        {
            int row = (at / side) + _moves[move].Down, column = (at % side) + _moves[move].Right;
            return row < 0 || column < 0 || row >= side || column >= side || cells[(row * side) + column] == '#' ? -1 : (row * side) + column;
        }

        /// <summary>A shortest way (breadth first from the goal), or null where none leads there. Of several, chance takes one; without it, the first.</summary>
        public List<int>? ShortestWay(SeededRandom? random)
        {
            int[] distance = new int[cells.Length];
            Array.Fill(distance, int.MaxValue);
            distance[Goal] = 0;
            var queue = new Queue<int>([Goal]);
            while (queue.TryDequeue(out int at))
            {
                for (int move = 0; move < _moves.Length; move++)
                {
                    int next = Step(at, move);
                    if (next >= 0 && distance[next] == int.MaxValue)
                    {
                        distance[next] = distance[at] + 1;
                        queue.Enqueue(next);
                    }
                }
            }
            if (distance[Start] == int.MaxValue)
            {
                return null;
            }
            var way = new List<int>();
            for (int at = Start; at != Goal;)
            {
                int[] nearer = [.. Enumerable.Range(0, _moves.Length).Where(move => Step(at, move) is >= 0 and int next && distance[next] == distance[at] - 1)];
                int chosen = random is null ? nearer[0] : random.Pick(nearer);
                way.Add(chosen);
                at = Step(at, chosen);
            }
            return way;
        }
    }
}
