using Foretell.Tensors;
using Foretell.World;
using Microsoft.Extensions.AI;

namespace Foretell.Training.Tests;

/// <summary>
/// A teacher of the little world that judges by rule: it reads what <see cref="TeacherTexts"/> ask, knows the truth, likes
/// the first answer as much as it is told to, and errs as often as it is told to.
/// </summary>
/// <param name="error">Share of comparisons that it judges the wrong way round.</param>
/// <param name="firstBias">Share of requests in which it says A without looking.</param>
internal sealed class RuleTeacher(double error = 0, double firstBias = 0) : IChatClient
{
    private int _requests;

    public int Requests => _requests;

    /// <summary>Throws at this request; null never.</summary>
    public int? FailsAt { get; init; }

    public Task<ChatResponse> GetResponseAsync(IEnumerable<Microsoft.Extensions.AI.ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        if (Interlocked.Increment(ref _requests) == FailsAt)
        {
            throw new IOException("The teacher went home.");
        }
        return Task.FromResult(new ChatResponse(new Microsoft.Extensions.AI.ChatMessage(ChatRole.Assistant, Reply(messages.Last().Text, (ulong)(options?.Seed ?? 0)))));
    }

    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<Microsoft.Extensions.AI.ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public object? GetService(Type serviceType, object? serviceKey = null) => null;

    public void Dispose()
    {
    }

    private string Reply(string request, ulong seed)
    {
        string question = Part(request, "[user]");
        if (request.Contains("Reply with one letter", StringComparison.Ordinal))
        {
            string first = Part(request, "[answer A]");
            string second = Part(request, "[answer B]");
            // The error belongs to the two answers, whatever their order; the liking for A to the request.
            string pair = string.CompareOrdinal(first, second) < 0 ? first + second : second + first;
            bool errs = new SeededRandom(1).Fork(question + pair).NextDouble() < error;
            return new SeededRandom(seed).Fork("bias").NextDouble() < firstBias || (WorldTaste.Judge(question, first) > WorldTaste.Judge(question, second)) != errs ? "A" : "B";
        }
        string answer = Part(request, "[answer]");
        AnswerQuality quality = WorldTaste.Judge(question, answer);
        return request.Contains("Revision:", StringComparison.Ordinal) ? (quality.Worth == 7 ? answer : $"It is {WorldTaste.Truth(question)}.")
            : request.Contains("Critique:", StringComparison.Ordinal) ? (quality.Worth == 7 ? "Nothing is wrong." : "It could be better.")
            : "What a silly question. I do not know.";
    }

    /// <summary>What stands below a mark, up to the next one.</summary>
    private static string Part(string request, string mark)
    {
        int start = request.IndexOf(mark + "\n", StringComparison.Ordinal);
        if (start < 0)
        {
            return request;
        }
        start += mark.Length + 1;
        int end = request.IndexOf("\n\n", start, StringComparison.Ordinal);
        return end < 0 ? request[start..] : request[start..end];
    }
}
