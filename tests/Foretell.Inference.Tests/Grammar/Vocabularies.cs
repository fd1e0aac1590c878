using System.Text;
using Foretell.Tokenizers;

namespace Foretell.Inference.Tests;

/// <summary>Vocabularies to write constrained text with.</summary>
internal static class Vocabularies
{
    /// <summary>The 256 bytes.</summary>
    public static TokenVocabulary Bytes { get; } = new(new ByteTokenizer());

    /// <summary>Byte pairs trained on a little JSON and prose, so that tokens cross the borders of a grammar's parts.</summary>
    public static TokenVocabulary Trained { get; } = new(BpeTrainer.Train(
        new BpeTrainerOptions { VocabularySize = 900 },
        [Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 60).Select(n => $$"""
            {"name":"Zoë {{n}}","age": {{n * 7}},"tags":["a","b\n"],"nested":{"x":{{n}}.5e3,"y":null},"ok":true,"no":false} [[{}],[[]],"\\","\""] "},{" -0.{{n}} "été été" 日本語の文 🦊🦊
            The fox said "hello, {{n}}" and went: yes, no, maybe, certainly not; 2024-01-{{n:00}}T10:{{n:00}}:00Z a{{n}}@example.com

            """)))]));

    /// <summary>The token of a single byte among the trained ones.</summary>
    public static int TrainedByte(byte value) => Enumerable.Range(0, Trained.Size).First(id => Trained.Bytes(id) is [byte only] && only == value);

    /// <summary>A published vocabulary, or a skipped test.</summary>
    public static TokenVocabulary Published(string name) => new(TokenizerFiles.Load(SharedData.Path($"tokenizers/{name}")));
}
