using System.CommandLine;
using System.Text.Json.Nodes;
using Foretell.Data;
using Foretell.Models;
using Foretell.Tensors;
using Foretell.Training;

namespace Foretell.Cli.Commands;

/// <summary>foretell reward score: rewards of the answers in a file.</summary>
internal static class RewardScoreCommand
{
    public static Command Create()
    {
        var model = new Argument<string>("MODEL") { Description = "A reward model's folder, or the folder of the run that made it." };
        var data = new Option<string[]>("--data") { Description = "Files of comparisons or labelled answers, as for foretell reward.", AllowMultipleArgumentsPerToken = true, Required = true };
        var json = new Option<bool>("--json") { Description = "Print rows (chosen, rejected, margin; of labelled answers reward, label) and, of comparisons, accuracy, margin, loss, calibrationError and lengthCorrelation as JSON." };
        var device = new DeviceOptions(DType.Float32);
        var command = new Command("score", "Score answers by a reward model. Example: foretell reward score runs/reward --data comparisons.jsonl --json") { model, data, json };
        device.AddTo(command);
        command.SetAction(result =>
        {
            PreferenceSet set = PreferenceSet.Read(result.GetValue(data)!);
            using Device on = device.Create(result);
            using RewardModel reward = RewardModel.Load(result.GetValue(model)!, on);
            CancellationToken cancellation = CommandLine.CancelOnInterrupt();
            foreach (string warning in set.Warnings)
            {
                Console.Error.WriteLine("note: " + warning);
            }
            var rows = new JsonArray();
            var scored = new List<ScoredPair>();
            bool prints = !result.GetValue(json);
            foreach (PreferencePair pair in set.Pairs)
            {
                cancellation.ThrowIfCancellationRequested();
                int[][] ids = Within(reward, pair.Origin, [.. pair.Prompt, pair.Chosen], [.. pair.Prompt, pair.Rejected]);
                float[] scores = reward.Score(ids);
                int prompt = reward.Template.Render(new Tokenizers.Conversation(pair.Prompt) { AddGenerationPrompt = true }).Tokens(reward.Tokenizer).Length;
                scored.Add(new ScoredPair(scores[0], scores[1], ids[0].Length - prompt, ids[1].Length - prompt, pair.IsTrue));
                rows.Add(new JsonObject { ["row"] = pair.Origin, ["chosen"] = JsonText.Number(scores[0]), ["rejected"] = JsonText.Number(scores[1]), ["margin"] = JsonText.Number(scores[0] - scores[1]) });
                if (prints)
                {
                    Console.WriteLine(FormattableString.Invariant($"{scores[0],9:F4} {scores[1],9:F4}  {pair.Origin}"));
                }
            }
            foreach (LabelledAnswer answer in set.Pairs.Count == 0 ? set.Answers : [])
            {
                cancellation.ThrowIfCancellationRequested();
                float score = reward.Score(Within(reward, answer.Origin, [.. answer.Prompt, answer.Answer]))[0];
                rows.Add(new JsonObject { ["row"] = answer.Origin, ["reward"] = JsonText.Number(score), ["label"] = answer.IsDesirable });
                if (prints)
                {
                    Console.WriteLine(FormattableString.Invariant($"{score,9:F4}  {(answer.IsDesirable ? "good" : "bad ")}  {answer.Origin}"));
                }
            }
            var all = new JsonObject { ["rows"] = rows };
            if (scored.Count > 0)
            {
                RewardMeasurement measured = RewardMeasurement.Of(scored);
                all["accuracy"] = JsonText.Number(measured.Accuracy);
                all["margin"] = JsonText.Number(measured.Margin);
                all["loss"] = JsonText.Number(measured.Loss);
                all["calibrationError"] = JsonText.Number(measured.Calibration.ExpectedError);
                all["lengthCorrelation"] = JsonText.Number(measured.LengthCorrelation);
                if (measured.TrueAccuracy is double truth)
                {
                    all["trueAccuracy"] = JsonText.Number(truth);
                }
                if (prints)
                {
                    Console.WriteLine(FormattableString.Invariant($"{measured.Pairs:N0} comparisons: accuracy {measured.Accuracy:P1}, margin {measured.Margin:F3}, calibration error {measured.Calibration.ExpectedError:P1}, correlation with length {measured.LengthCorrelation:F3}"));
                }
            }
            if (!prints)
            {
                JsonText.Print(all);
            }
        });
        return command;
    }

    private static int[][] Within(RewardModel reward, string origin, params IReadOnlyList<Tokenizers.ChatMessage>[] conversations)
    {
        int[][] ids = [.. conversations.Select(reward.Ids)];
        int longest = ids.Max(sequence => sequence.Length);
        return longest <= reward.Transformer.Config.ContextLength
            ? ids
            : throw new FormatException(FormattableString.Invariant($"{origin}: the conversation has {longest} tokens, and the reward model reads at most {reward.Transformer.Config.ContextLength}; shorten or leave out the row."));
    }
}
