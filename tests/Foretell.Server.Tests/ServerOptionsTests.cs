namespace Foretell.Server.Tests;

public sealed class ServerOptionsTests
{
    [Fact]
    public void Urls_ByDefault_AreLoopback()
    {
        var options = new ServerOptions { Models = new Dictionary<string, string>(), DataFolder = "data" };
        Assert.True(new Uri(options.Urls).IsLoopback);
    }
}
