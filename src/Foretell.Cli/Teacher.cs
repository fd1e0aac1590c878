using System.CommandLine;
using System.Text;
using Foretell.Assistant;
using Foretell.Training;
using Microsoft.Extensions.AI;

namespace Foretell.Cli;

/// <summary>The options that choose a teacher, and the teacher: a model on this machine, or one behind a server.</summary>
internal sealed class TeacherArguments
{
    private const string KeyVariable = "FORETELL_TEACHER_KEY";
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    private readonly Option<string> _teacher = new("--teacher") { Description = $"The teacher: a model's folder or GGUF file, or the base address of a server that speaks OpenAI's API, such as https://example.org/v1 (its key in {KeyVariable}).", Required = true };
    private readonly Option<string?> _name = new("--teacher-model") { Description = "The model's name at the server." };
    private readonly Option<string> _constitution = new("--constitution") { Description = "The principles, Markdown or JSON; recipes/constitution.md is one to start from.", Required = true };
    private readonly Option<ulong> _seed = new("--seed") { Description = "Seed of principles and draws.", DefaultValueFactory = _ => 1 };
    private readonly Option<int> _concurrency = new("--concurrency") { Description = "Requests at once; the result does not depend on it.", DefaultValueFactory = _ => 4 };

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _teacher, _name, _constitution, _seed, _concurrency })
        {
            command.Add(option);
        }
    }

    public Constitution Constitution(ParseResult result) => Training.Constitution.Read(result.GetValue(_constitution)!);

    public TeacherOptions Options(ParseResult result) => result.GetValue(_concurrency) < 1
        ? throw new FormatException(FormattableString.Invariant($"--concurrency {result.GetValue(_concurrency)}: wanted at least 1."))
        : new TeacherOptions { Teacher = result.GetValue(_teacher) + " " + result.GetValue(_name), Seed = result.GetValue(_seed), Concurrency = result.GetValue(_concurrency) };

    /// <summary>The teacher, which the caller disposes.</summary>
    public IChatClient Open(ParseResult result) => Open(result.GetValue(_teacher)!, result.GetValue(_name));

    /// <summary>A model on this machine, or behind a server.</summary>
    public static IChatClient Open(string where, string? name)
    {
        if (!where.StartsWith("http://", StringComparison.Ordinal) && !where.StartsWith("https://", StringComparison.Ordinal))
        {
            return ForetellChatClient.Load(where);
        }
        if (!Uri.TryCreate(where, UriKind.Absolute, out Uri? address) || name is null)
        {
            throw new FormatException(name is null ? "A teacher behind a server needs --teacher-model: the model's name there." : $"--teacher {where}: not an address.");
        }
        // Lives as long as the process.
        return new RemoteChatClient(new HttpClient { Timeout = s_patience }, address, name, Environment.GetEnvironmentVariable(KeyVariable));
    }

    /// <summary>Asks for one letter, which a model on this machine can't but give, and for the likeliest tokens at each place.</summary>
    /// <param name="probabilities">Whether the tokens are asked for.</param>
    public static void AskForLetter(ChatOptions options, bool probabilities)
    {
        const int Alternatives = 20;
        options.AdditionalProperties ??= [];
        options.AdditionalProperties["choices"] = new[] { "A", "B" };
        if (probabilities)
        {
            options.AdditionalProperties["logprobs"] = true;
            options.AdditionalProperties["top_logprobs"] = Alternatives;
        }
    }

    /// <summary>The probability of "A" against "B" at the first token that is one of them; null without such.</summary>
    public static double? ProbabilityOfA(ChatResponse response)
    {
        if (response.AdditionalProperties?.GetValueOrDefault(ForetellChatClient.LogProbabilitiesKey) is not IReadOnlyList<TokenLogProbability> tokens)
        {
            return null;
        }
        foreach (TokenLogProbability token in tokens.Where(token => Letter(token) is "A" or "B"))
        {
            double Of(string letter) => token.Alternatives.Append(token).DistinctBy(other => Encoding.UTF8.GetString(other.Bytes.Span)).Where(other => Letter(other) == letter).Sum(other => Math.Exp(other.LogProbability));
            return Of("A") / (Of("A") + Of("B"));
        }
        return null;
    }

    private static string Letter(TokenLogProbability token) => Encoding.UTF8.GetString(token.Bytes.Span).Trim();
}
