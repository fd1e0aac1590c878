using Microsoft.Playwright;

namespace Foretell.Server.Tests.Pages;

/// <summary>The system's Chromium, without a window; its tests are skipped where there is none.</summary>
public sealed class BrowserFixture : IAsyncLifetime
{
    private static readonly string[] s_names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async ValueTask InitializeAsync()
    {
        if (Find() is not string path)
        {
            return;
        }
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = path,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.CloseAsync();
        }
        _playwright?.Dispose();
    }

    /// <summary>A fresh page on a server; what its script could not do, or its policy forbade, fails the test at the end by <see cref="WatchedPage.RequireQuiet"/>.</summary>
    internal async Task<WatchedPage> OpenAsync(RunningServer server, string path, BrowserNewContextOptions? options = null)
    {
        Assert.SkipWhen(_browser is null, "There is no Chromium on this machine's PATH.");
        IBrowserContext context = await _browser!.NewContextAsync(options ?? new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 1100, Height = 800 } });
        context.SetDefaultTimeout(30_000);
        var page = new WatchedPage(context, await context.NewPageAsync());
        await page.Page.GotoAsync(new Uri(server.Address, path).ToString());
        return page;
    }

    private static string? Find() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .SelectMany(folder => s_names.Select(name => Path.Combine(folder, name))).FirstOrDefault(File.Exists);
}

/// <summary>A page whose complaints are kept.</summary>
internal sealed class WatchedPage : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly List<string> _complaints = [];

    public WatchedPage(IBrowserContext context, IPage page)
    {
        _context = context;
        Page = page;
        page.PageError += (_, error) => _complaints.Add(error);
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
            {
                _complaints.Add(message.Text);
            }
        };
    }

    public IPage Page { get; }

    public void RequireQuiet() => Assert.Empty(_complaints);

    /// <summary>Keeps a picture where FORETELL_SCREENSHOTS names a folder, for people to look at.</summary>
    public async Task PictureAsync(string name)
    {
        if (Environment.GetEnvironmentVariable("FORETELL_SCREENSHOTS") is string folder)
        {
            await Page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, name + ".png") });
        }
    }

    public ValueTask DisposeAsync() => new(_context.CloseAsync());
}
