using System.Security.Cryptography;
using System.Text.Json;
using Foretell.Tensors;
using Foretell.Tokenizers;

namespace Foretell.Training;

/// <summary>
/// Prompts from JSON lines: "prompt" as text or as messages (so the files of preference pairs serve too), or "messages", of
/// which those before the assistant's last answer are asked. Every epoch has an order of its own.
/// </summary>
public sealed class PromptFile : IPromptSource
{
    private readonly RolloutPrompt[] _prompts;
    private readonly ulong _seed;
    private readonly string _fingerprint;
    private (long Epoch, int[] Order) _order = (-1, []);

    private PromptFile(RolloutPrompt[] prompts, ulong seed)
    {
        (_prompts, _seed) = (prompts, seed);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (RolloutPrompt prompt in prompts)
        {
            hash.AppendData(System.Runtime.InteropServices.MemoryMarshal.AsBytes(prompt.Ids.AsSpan()));
            hash.AppendData([0xFF]);
        }
        _fingerprint = Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Different prompts.</summary>
    public int Count => _prompts.Length;

    /// <inheritdoc/>
    public string Identity => FormattableString.Invariant($"prompts {_fingerprint} seed {_seed}");

    /// <summary>Reads prompts; the same prompt twice counts once.</summary>
    /// <param name="most">The most tokens of a prompt; longer ones are an error that names the line.</param>
    /// <exception cref="InvalidDataException">A line is no prompt, or there is none; the message names file and line.</exception>
    public static PromptFile Read(IEnumerable<string> paths, ChatTemplate template, Tokenizer tokenizer, int most, ulong seed)
    {
        var prompts = new List<RolloutPrompt>();
        var seen = new HashSet<string>();
        foreach (string path in paths)
        {
            int number = 0;
            foreach (string line in File.ReadLines(path))
            {
                number++;
                if (string.IsNullOrWhiteSpace(line))
                {
                    continue;
                }
                string place = FormattableString.Invariant($"{path}, line {number}");
                RolloutPrompt prompt;
                try
                {
                    prompt = RolloutPrompt.Of(Messages(line), template, tokenizer);
                }
                catch (Exception error) when (error is JsonException or FormatException)
                {
                    throw new InvalidDataException($"{place}: {(error is JsonException ? "not valid JSON; expected an object with \"prompt\" or \"messages\"." : error.Message)}", error);
                }
                if (prompt.Ids.Length > most)
                {
                    throw new InvalidDataException(FormattableString.Invariant($"{place}: the prompt has {prompt.Ids.Length} tokens; with maximumTokens for the answer at most {most} fit into the model's context."));
                }
                if (seen.Add(string.Join(',', prompt.Ids)))
                {
                    prompts.Add(prompt);
                }
            }
        }
        return prompts.Count > 0 ? new PromptFile([.. prompts], seed) : throw new InvalidDataException($"{string.Join(", ", paths)}: there are no prompts.");
    }

    /// <inheritdoc/>
    public RolloutPrompt At(long index)
    {
        long epoch = index / _prompts.Length;
        if (_order.Epoch != epoch)
        {
            int[] order = [.. Enumerable.Range(0, _prompts.Length)];
            SeededRandom random = new SeededRandom(_seed).Fork("prompts", epoch);
            random.Shuffle(order.AsSpan());
            _order = (epoch, order);
        }
        return _prompts[_order.Order[index % _prompts.Length]];
    }

    private static IReadOnlyList<ChatMessage> Messages(string line)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        JsonElement root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("expected an object with \"prompt\" or \"messages\".");
        }
        if (root.TryGetProperty("prompt", out JsonElement prompt))
        {
            return prompt.ValueKind switch
            {
                JsonValueKind.String => [new ChatMessage("user", prompt.GetString())],
                JsonValueKind.Array => Open([.. prompt.EnumerateArray().Select(ChatMessage.Parse)]),
                _ => throw new FormatException("\"prompt\" is neither text nor a list of messages."),
            };
        }
        return root.TryGetProperty("messages", out JsonElement messages) && messages.ValueKind == JsonValueKind.Array
            ? Open([.. messages.EnumerateArray().Select(ChatMessage.Parse)])
            : throw new FormatException("it has neither \"prompt\" nor \"messages\".");
    }

    /// <summary>Without the assistant's last answer.</summary>
    private static ChatMessage[] Open(ChatMessage[] messages)
    {
        ChatMessage[] open = messages.Length > 0 && messages[^1].Role == "assistant" ? messages[..^1] : messages;
        return open.Length > 0 ? open : throw new FormatException("it asks nothing: there is no message before the assistant's.");
    }
}
