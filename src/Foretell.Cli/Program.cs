using System.CommandLine;
using Foretell.Cli;
using Foretell.Cli.Commands;

// Only the verb that is used is built whole: the help and every start are quicker for it.
(string Name, string Summary, Func<Command> Create)[] verbs =
[
    ("quickstart", "Train a small GPT, show that it learned, and talk to it.", QuickstartCommand.Create),
    ("tokenizer", "Train a tokenizer, turn text into token ids, and ids into text.", TokenizerCommand.Create),
    ("data", "Tokenize a corpus once, and look at its batches token by token.", DataCommand.Create),
    ("pretrain", "Train a model on text.", PretrainCommand.Create),
    ("sft", "Fine-tune a model on conversations.", FineTuneCommand.Create),
    ("reward", "Train a model that scores answers, from comparisons.", RewardCommand.Create),
    ("dpo", "Learn preferences directly from comparisons (DPO, IPO, KTO, ORPO).", PreferenceCommand.Create),
    ("grpo", "Improve a model by rewards, measuring answers against each other.", GrpoCommand.Create),
    ("ppo", "Improve a model by rewards, with a value function.", PpoCommand.Create),
    ("teach", "Let a teacher model revise and compare answers by a written constitution.", TeachCommand.Create),
    ("value", "Train a value function that judges a model's thoughts midway.", ValueCommand.Create),
    ("evaluate", "Measure how well a model foretells a text, or how well it reasons.", EvaluateCommand.Create),
    ("compress", "Compress any file by a model's predictions.", CompressCommand.CreateCompress),
    ("decompress", "Restore a compressed file.", CompressCommand.CreateDecompress),
    ("convert", "Convert a model between Hugging Face folders and GGUF files, and quantize it.", ConvertCommand.Create),
    ("generate", "Continue a text.", GenerateCommand.Create),
    ("chat", "Write with a model in the terminal.", ChatCommand.Create),
    ("serve", "Serve models to programs that speak OpenAI's API.", ServeCommand.Create),
    ("keys", "Make, list and revoke a server's API keys.", KeysCommand.Create),
    ("usage", "Show what a server was used for, by key and model.", UsageCommand.Create),
    ("bench", "Measure matrix products, training, tokenizing and generation on this machine.", BenchCommand.Create),
];
var root = new RootCommand("Foretell: everything between raw text and an assistant that people can trust. Example: foretell quickstart --budget 5m");
foreach ((string name, string summary, Func<Command> create) in verbs)
{
    root.Subcommands.Add(args.Contains(name) ? create() : new Command(name, summary));
}
return CommandLine.Run(root, args);
