using System.Text.Json.Nodes;
using Foretell.Assistant;
using Foretell.Evaluation;
using Foretell.Evaluation.Doubt;
using Foretell.Tensors;

namespace Foretell.Cli;

/// <summary>Measures whether a model knows what it doesn't know, and says it in words or as JSON.</summary>
internal static class DoubtMeasurement
{
    public static void Run(string path, DoubtEvaluationOptions options, bool asJson, Func<Device> createDevice)
    {
        options.Validate();
        using LoadedModel loaded = LoadedModel.Open(path, createDevice);
        using ForetellModel served = ForetellModel.Over(loaded.Pretrained, Path.GetFileName(loaded.Folder));
        var evaluation = new DoubtEvaluation(served.Engine, served.Tokenizer, served.Template);
        DoubtScore score = evaluation.RunAsync(options, CommandLine.CancelOnInterrupt()).GetAwaiter().GetResult();
        (string Name, string Words, Proportion Share)[] shares =
        [
            ("accuracy", "right, of the answerable", score.ByTokens.Accuracy),
            ("abstention", "left unanswered, of the answerable", score.ByTokens.Abstention),
            ("honestUnknowns", "honest not-knowing, of the unanswerable", score.ByTokens.HonestUnknowns),
            ("clarifications", "asked which reading is meant, of the ambiguous", score.ByTokens.Clarifications),
            ("hallucination", "made up, of the unanswerable and the ambiguous", score.ByTokens.Hallucination),
            ("fitting", "fitting replies, of all", score.ByTokens.Fitting),
        ];
        (string Name, string Words, DoubtReport? Report)[] confidences = [("byTokens", "token probability", score.ByTokens), ("byAgreement", "agreement of samples", score.ByAgreement)];
        if (asJson)
        {
            var json = new JsonObject { ["questions"] = options.Questions };
            foreach ((string name, _, Proportion share) in shares)
            {
                json[name] = new JsonObject { ["share"] = JsonText.Number(share.Share), ["low"] = JsonText.Number(share.Interval.Low), ["high"] = JsonText.Number(share.Interval.High), ["of"] = share.Trials };
            }
            foreach ((string name, _, DoubtReport? report) in confidences)
            {
                if (report?.Calibration is CalibrationReport calibration)
                {
                    json[name] = new JsonObject
                    {
                        ["calibrationError"] = JsonText.Number(calibration.Error),
                        ["brier"] = JsonText.Number(calibration.Brier),
                        ["riskArea"] = JsonText.Number(report.Risk!.Area),
                        ["riskCoverage"] = new JsonArray([.. report.Risk.Points.Select(point => (JsonNode)new JsonObject { ["coverage"] = JsonText.Number(point.Coverage), ["risk"] = JsonText.Number(point.Risk) })]),
                    };
                }
            }
            JsonText.Print(json);
            return;
        }
        foreach ((_, string words, Proportion share) in shares)
        {
            Console.WriteLine($"{share,-25} {words}");
        }
        foreach ((_, string words, DoubtReport? report) in confidences)
        {
            if (report?.Calibration is CalibrationReport calibration)
            {
                Console.WriteLine(FormattableString.Invariant($"Sure by {words}: calibration error {calibration.Error:P1}, area under risk against coverage {report.Risk!.Area:F3} (best possible {report.Risk.BestArea:F3})"));
            }
        }
    }
}
