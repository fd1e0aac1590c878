namespace Foretell.TestKit;

/// <summary>The folder of real data beside the checkout; tests that need it skip with a reason where it is missing.</summary>
public static class SharedData
{
    /// <summary>The absolute path of <paramref name="relativePath"/> under the shared data, or a skipped test.</summary>
    public static string Path(string relativePath)
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (!File.Exists(System.IO.Path.Combine(folder.FullName, "Foretell.slnx")))
            {
                continue;
            }
            string path = System.IO.Path.GetFullPath(System.IO.Path.Combine(folder.FullName, "..", "shared", "data", relativePath));
            if (!File.Exists(path) && !Directory.Exists(path))
            {
                Assert.Skip($"needs shared/data/{relativePath} beside the checkout");
            }
            return path;
        }
        Assert.Skip("not run from inside a checkout");
        return "";
    }
}
