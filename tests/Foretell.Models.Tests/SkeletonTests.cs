namespace Foretell.Models.Tests;

public class SkeletonTests
{
    [Fact]
    public void Folder_WhileHeld_Exists()
    {
        string path;
        using (var folder = new TemporaryFolder())
        {
            path = folder.Path;
            Assert.True(Directory.Exists(path));
        }
        Assert.False(Directory.Exists(path));
    }
}
