using System.Text.Json;
using Foretell.Data;

namespace Foretell.Server.FineTuning.Trainers;

/// <summary>Checks an example by the reader that training will use, so that what is accepted can be read.</summary>
internal static class ExampleRow
{
    /// <summary>Stands where the reader would name the file and the line, which the service names itself.</summary>
    private const string Place = "example";

    /// <exception cref="FormatException">What is wrong, without the place.</exception>
    public static void Check(JsonElement example, Action<JsonRow> read)
    {
        try
        {
            read(new JsonRow(example, Place));
        }
        catch (CorpusException wrong)
        {
            string message = wrong.Message.StartsWith(Place, StringComparison.Ordinal) ? wrong.Message[Place.Length..].TrimStart(',', ':', ' ') : wrong.Message;
            throw new FormatException(message, wrong);
        }
    }
}
