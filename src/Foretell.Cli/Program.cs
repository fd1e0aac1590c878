using System.CommandLine;
using Foretell.Cli;
using Foretell.Cli.Commands;

var root = new RootCommand("Foretell: everything between raw text and an assistant that people can trust.")
{
    QuickstartCommand.Create(),
    TokenizerCommand.Create(),
    DataCommand.Create(),
    PretrainCommand.Create(),
    EvaluateCommand.Create(),
    CompressCommand.CreateCompress(),
    CompressCommand.CreateDecompress(),
    GenerateCommand.Create(),
    ChatCommand.Create(),
    BenchCommand.Create(),
};
return CommandLine.Run(root, args);
