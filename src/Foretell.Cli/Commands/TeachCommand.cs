using System.CommandLine;

namespace Foretell.Cli.Commands;

/// <summary>foretell teach: data from a teacher and a constitution.</summary>
internal static class TeachCommand
{
    public static Command Create() => new("teach", "Let a teacher model revise and compare answers by a written constitution.")
    {
        TeachReviseCommand.Create(),
        TeachCompareCommand.Create(),
    };
}
