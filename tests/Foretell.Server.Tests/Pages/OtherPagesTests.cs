using System.Text.Json;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Foretell.Server.Tests.Pages;

public sealed class OtherPagesTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    [Fact]
    public async Task Rank_ByKeyboard_KeepsAComparison()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await using WatchedPage watched = await browser.OpenAsync(server, "/rank");
        IPage page = watched.Page;
        await Expect(page.GetByLabel("First model")).ToHaveValueAsync("tiny");
        // The same draws each time: what a random model writes under others may be nothing, or lose its letters as Markdown.
        await page.EvaluateAsync("() => { let drawn = 0; Object.defineProperty(crypto, 'getRandomValues', { value: array => array.fill(++drawn * 7919) }); }");
        await page.GetByLabel("Temperature").FillAsync("2");
        await page.GetByLabel("Prompt", new() { Exact = true }).FillAsync("Who has the ball?");
        await page.GetByRole(AriaRole.Button, new() { Name = "Get two answers" }).ClickAsync();
        await Expect(page.Locator("[data-choice=a]")).ToBeEnabledAsync();
        await watched.PictureAsync("rank");
        await page.Keyboard.PressAsync("1");
        await Expect(page.GetByText("1 comparisons are kept.")).ToBeVisibleAsync();
        string[] lines = (await server.Client.GetStringAsync("/api/labels.jsonl")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        using JsonDocument kept = JsonDocument.Parse(Assert.Single(lines));
        // Markdown drops signs and keeps letters.
        string left = Letters(await page.GetByRole(AriaRole.Region, new() { Name = "Left answer" }).InnerTextAsync());
        string Kept(string name) => Letters(kept.RootElement.GetProperty(name)[0].GetProperty("content").GetString()!);
        Assert.True(left.AsSpan().CommonPrefixLength(Kept("chosen")) > left.AsSpan().CommonPrefixLength(Kept("rejected")), $"{left} was chosen");
        watched.RequireQuiet();
    }

    [Fact]
    public async Task Runs_ThatGoOn_AreFollowed()
    {
        using var folder = new TemporaryFolder();
        string run = Directory.CreateDirectory(folder.File("first")).FullName;
        string log = Path.Combine(run, "metrics.jsonl");
        await File.WriteAllLinesAsync(log, Enumerable.Range(1, 60).Select(step => FormattableString.Invariant($"{{\"step\":{step},\"loss\":{3.0 / step + 0.2},\"klToReference\":{0.01 * step}{(step == 40 ? ",\"notice\":\"the signal has died: all rewards of a group are equal\",\"sample\":\"Once upon a time\"" : "")}}}")));
        await using RunningServer server = await RunningServer.StartAsync(options => options with { RunsFolder = folder.Path });
        await using WatchedPage watched = await browser.OpenAsync(server, "/runs");
        IPage page = watched.Page;
        await Expect(page.Locator("figure.chart")).ToHaveCountAsync(2);
        await Expect(page.GetByText("the signal has died")).ToBeVisibleAsync();
        await Expect(page.GetByText("Once upon a time")).ToBeVisibleAsync();
        await page.Locator("figure.chart svg").First.FocusAsync();
        await page.Keyboard.PressAsync("Home");
        await Expect(page.Locator("figure.chart output").First).ToHaveTextAsync("step 1: 3.2");
        await File.AppendAllTextAsync(log, "{\"step\":61,\"loss\":0.125,\"klToReference\":0.7}\n");
        await page.Keyboard.PressAsync("Tab");
        await Expect(page.Locator("figure.chart output").First).ToHaveTextAsync("0.125");
        await watched.PictureAsync("runs");
        watched.RequireQuiet();
    }

    [Fact]
    public async Task Admin_MakesAndRevokesAKey()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await using WatchedPage watched = await browser.OpenAsync(server, "/admin");
        IPage page = watched.Page;
        await Expect(page.GetByRole(AriaRole.Cell, new() { Name = "tiny" }).First).ToBeVisibleAsync();
        // The key is for administration too: with the first key the server is no longer open.
        await page.GetByLabel("Name").FillAsync("a program");
        await page.GetByLabel("admin").CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Make the key" }).ClickAsync();
        string secret = await page.Locator(".notice code").InnerTextAsync();
        Assert.StartsWith("fk-", secret, StringComparison.Ordinal);
        await page.ReloadAsync();
        await page.GetByRole(AriaRole.Textbox, new() { Name = "API key" }).FillAsync(secret);
        await page.GetByRole(AriaRole.Button, new() { Name = "Use this key" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Cell, new() { Name = "a program", Exact = true }).First).ToBeVisibleAsync();
        await watched.PictureAsync("admin");
        page.Dialog += (_, dialog) => dialog.AcceptAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Revoke" }).ClickAsync();
        // It was the key of this very page, which stops working at once.
        await Expect(page.GetByRole(AriaRole.Textbox, new() { Name = "API key" })).ToBeVisibleAsync();
    }

    private static string Letters(string text) => string.Concat(text.Where(char.IsAsciiLetter));
}
