using System.CommandLine;
using System.Globalization;
using System.Text;
using Foretell.Data;
using Foretell.Tokenizers;

namespace Foretell.Cli.Commands;

/// <summary>foretell tokenizer encode: bytes to ids.</summary>
internal static class TokenizerEncodeCommand
{
    public static Command Create()
    {
        Option<string> tokenizerPath = TokenizerCommand.Tokenizer();
        var input = new Option<string>("--input") { Description = "A file of any bytes, or - for the standard input.", Required = true };
        var special = new Option<bool>("--special") { Description = "Let text that spells a special token become that token: for trusted text only." };
        var show = new Option<bool>("--show") { Description = "Print each id's text beside it." };
        var threads = new Option<int>("--threads") { Description = "Threads to encode on; 0 is one a core. The ids do not depend on it.", DefaultValueFactory = _ => 0 };
        var json = new Option<bool>("--json") { Description = "Print one JSON array of ids." };
        var command = new Command("encode", "Turn text into token ids, one a line. Example: foretell tokenizer encode --tokenizer tokenizers/novels --input chapter.txt --json") { tokenizerPath, input, special, show, threads, json };
        command.SetAction(result =>
        {
            Tokenizer tokenizer = TokenizerFiles.Load(result.GetValue(tokenizerPath)!);
            byte[] text = InputBytes.Read(result.GetValue(input)!);
            IReadOnlyList<int> ids;
            if (result.GetValue(special))
            {
                var list = new List<int>();
                tokenizer.Encode(text, list, allowSpecial: true);
                ids = list;
            }
            else
            {
                ids = tokenizer.EncodeParallel(text, DeviceOptions.Threads(result.GetValue(threads)), CommandLine.CancelOnInterrupt());
            }
            using var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false), 1 << 16);
            if (result.GetValue(json))
            {
                WriteArray(ids, output);
                return;
            }
            bool shows = result.GetValue(show);
            foreach (int id in ids)
            {
                output.Write(id.ToString(CultureInfo.InvariantCulture));
                output.Write(shows ? $"\t{BatchPrinter.Text(tokenizer, id)}\n" : "\n");
            }
        });
        return command;
    }

    private static void WriteArray(IReadOnlyList<int> ids, StreamWriter output)
    {
        output.Write('[');
        for (int i = 0; i < ids.Count; i++)
        {
            if (i > 0)
            {
                output.Write(',');
            }
            output.Write(ids[i].ToString(CultureInfo.InvariantCulture));
        }
        output.Write("]\n");
    }
}
