using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Foretell.Server.Telemetry;

/// <summary>
/// The server's instruments, by OpenTelemetry's conventions for generative AI
/// (<see href="https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/"/>), boundaries of buckets included.
/// </summary>
internal sealed class ServerMetrics
{
    public const string MeterName = "Foretell.Server";
    public const string Provider = "foretell";

    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _firstToken;
    private readonly Histogram<double> _perToken;
    private readonly Histogram<long> _tokens;
    private readonly Counter<long> _refused;

    public ServerMetrics(IMeterFactory factory)
    {
        Meter = factory.Create(new MeterOptions(MeterName));
        _duration = Meter.CreateHistogram("gen_ai.server.request.duration", "s", "How long requests took, to their last byte.", advice: Buckets(0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92));
        _firstToken = Meter.CreateHistogram("gen_ai.server.time_to_first_token", "s", "From a request's arrival to its first token, where it succeeded.", advice: Buckets(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0));
        _perToken = Meter.CreateHistogram("gen_ai.server.time_per_output_token", "s", "Time for each token after the first, where the request succeeded.", advice: Buckets(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5));
        _tokens = Meter.CreateHistogram("gen_ai.client.token.usage", "{token}", "Tokens read and written by requests.", advice: new InstrumentAdvice<long> { HistogramBucketBoundaries = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864] });
        _refused = Meter.CreateCounter<long>("foretell.requests.refused", "{request}", "Requests that were refused before they began, by reason.");
    }

    /// <summary>For instruments of other parts.</summary>
    public Meter Meter { get; }

    /// <summary>Counts a request that asked a model and is over.</summary>
    /// <param name="known">Whether the model is one of the server's: other names would make labels without bound.</param>
    /// <param name="duration">From arrival to the end.</param>
    public void Record(RequestRecord record, bool known, TimeSpan duration)
    {
        var tags = new TagList
        {
            { "gen_ai.operation.name", record.Operation },
            { "gen_ai.provider.name", Provider },
            { "gen_ai.request.model", known ? record.RequestedModel ?? record.Model : "_OTHER" },
        };
        if (record.Model is string model)
        {
            tags.Add("gen_ai.response.model", model);
        }
        TagList timed = tags;
        if (record.Error is string error)
        {
            timed.Add("error.type", error);
        }
        _duration.Record(duration.TotalSeconds, timed);
        Count("input", record.PromptTokens, tags);
        Count("output", record.CompletionTokens, tags);
        if (record.Error is null && record.FirstToken is TimeSpan first)
        {
            _firstToken.Record(first.TotalSeconds, tags);
            if (record.CompletionTokens > 1)
            {
                _perToken.Record((duration - first).TotalSeconds / (record.CompletionTokens - 1), tags);
            }
        }
    }

    /// <summary>Counts a refusal: authentication, scope, rate_limit, origin, host, draining.</summary>
    public void Refuse(string reason) => _refused.Add(1, new KeyValuePair<string, object?>("reason", reason));

    private void Count(string type, long tokens, TagList tags)
    {
        if (tokens > 0)
        {
            tags.Add("gen_ai.token.type", type);
            _tokens.Record(tokens, tags);
        }
    }

    private static InstrumentAdvice<double> Buckets(params double[] boundaries) => new() { HistogramBucketBoundaries = boundaries };
}
