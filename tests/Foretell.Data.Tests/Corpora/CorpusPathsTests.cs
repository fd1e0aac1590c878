namespace Foretell.Data.Tests;

public class CorpusPathsTests
{
    [Fact]
    public void Open_Folder_FindsKnownFilesAtAnyDepthInOrdinalOrder()
    {
        using var data = new DataFixture();
        foreach (string name in new[] { "b.txt", "a/z.jsonl", "a/B.txt.gz", "Z.jsonl.gz", "notes.md", ".hidden.txt", "a/.git/x.txt" })
        {
            data.Write(name, "{\"text\":\"x\"}");
        }
        Assert.Equal(["Z.jsonl.gz", "a/B.txt.gz", "a/z.jsonl", "b.txt"], Names(data, data.Folder));
    }

    [Theory]
    [InlineData("*.txt", "a.txt,b.txt")]
    [InlineData("?.txt", "a.txt,b.txt")]
    [InlineData("**/*.txt", "a.txt,b.txt,deep/c.txt,deep/er/d.txt")]
    [InlineData("deep/**", "deep/c.txt,deep/er/d.txt,deep/er/e.md")]
    [InlineData("d*/er/*.md", "deep/er/e.md")]
    public void Open_Glob_FindsWhatItMatches(string glob, string expected)
    {
        using var data = new DataFixture();
        foreach (string name in new[] { "b.txt", "a.txt", "deep/c.txt", "deep/er/d.txt", "deep/er/e.md" })
        {
            data.Write(name, "x");
        }
        Assert.Equal(expected.Split(','), Names(data, data.Path(glob)));
    }

    [Fact]
    public void Open_PathsInAnyOrderAndTwice_GivesEachFileOnceInOrder()
    {
        using var data = new DataFixture();
        string first = data.Write("a.txt", "x"), second = data.Write("b.txt", "x");
        Assert.Equal(["a.txt", "b.txt"], Names(data, second, first, data.Folder, data.Path("*.txt")));
    }

    private static string[] Names(DataFixture data, params string[] paths) =>
        [.. Corpus.Open(paths).Files.Select(file => Path.GetRelativePath(data.Folder, file.FullPath).Replace('\\', '/'))];
}
