using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Foretell.Server.Tests.Pages;

public sealed class ChatPageTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    [Fact]
    public async Task Chat_AskedRegeneratedAndEdited_GrowsBranchesThatSurviveAReload()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await using WatchedPage watched = await browser.OpenAsync(server, "/");
        IPage page = watched.Page;
        await SetAsync(page, "max_completion_tokens", "12");
        await AskAsync(page, "Hello there");
        ILocator answers = page.Locator("li.message.assistant");
        await Expect(answers).ToHaveCountAsync(1);
        string first = await answers.Locator(".body").InnerTextAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Regenerate" }).ClickAsync();
        await Expect(answers.Locator(".count")).ToHaveTextAsync("2 / 2");
        await DoneAsync(page);
        await page.GetByRole(AriaRole.Button, new() { Name = "Earlier branch" }).ClickAsync();
        await Expect(answers.Locator(".body")).ToHaveTextAsync(first.Trim(), new() { UseInnerText = true });

        await page.GetByRole(AriaRole.Button, new() { Name = "Edit" }).ClickAsync();
        await page.GetByLabel("Edited message").FillAsync("Something else");
        await page.Locator("li form").GetByRole(AriaRole.Button, new() { Name = "Send" }).ClickAsync();
        await DoneAsync(page);
        await Expect(page.Locator("li.message.user .count")).ToHaveTextAsync("2 / 2");
        await Expect(page.Locator("li.message.user .body")).ToHaveTextAsync("Something else");

        await page.ReloadAsync();
        await Expect(page.Locator("li.message.user .body")).ToHaveTextAsync("Something else");
        await page.Locator("li.message.user").GetByRole(AriaRole.Button, new() { Name = "Earlier branch" }).ClickAsync();
        await Expect(page.Locator("li.message.user .body")).ToHaveTextAsync("Hello there");
        await watched.PictureAsync("chat");
        watched.RequireQuiet();
    }

    [Fact]
    public async Task Chat_Stopped_KeepsWhatWasWrittenAndAnswersAgain()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await using WatchedPage watched = await browser.OpenAsync(server, "/");
        IPage page = watched.Page;
        await SetAsync(page, "max_completion_tokens", "1900");
        // The model must not end by itself, and Escape comes with the first words: the tiny model is quick.
        await page.EvaluateAsync("""
            () => {
              const given = window.fetch;
              window.fetch = (address, options) => given(address, options?.body?.includes?.('"messages"') ? { ...options, body: JSON.stringify({ ...JSON.parse(options.body), logit_bias: { 256: -100 } }) } : options);
              const watch = new MutationObserver(() => {
                if (!document.querySelector('li.message.assistant .body')?.textContent) return;
                watch.disconnect();
                document.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }));
              });
              watch.observe(document.body, { childList: true, subtree: true, characterData: true });
            }
            """);
        await page.GetByLabel("Message", new() { Exact = true }).FillAsync("Write for ever");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByText("Stopped.")).ToBeVisibleAsync();
        await SetAsync(page, "max_completion_tokens", "5");
        await AskAsync(page, "And now?");
        await Expect(page.Locator("li.message.assistant")).ToHaveCountAsync(2);
        watched.RequireQuiet();
    }

    [Fact]
    public async Task Chat_WithProbabilities_TellsThemByKeyboard()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await using WatchedPage watched = await browser.OpenAsync(server, "/");
        IPage page = watched.Page;
        await SetAsync(page, "max_completion_tokens", "12");
        await page.GetByRole(AriaRole.Button, new() { Name = "Token probabilities" }).ClickAsync();
        await AskAsync(page, "Hello");
        await page.Locator(".token[tabindex]").First.FocusAsync();
        await Expect(page.Locator("#tip")).ToBeVisibleAsync();
        await Expect(page.Locator("#tip")).ToContainTextAsync("%");
        await watched.PictureAsync("probabilities");
        watched.RequireQuiet();
    }

    [Fact]
    public async Task Chat_Exported_GivesTextAndTrainingData()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await using WatchedPage watched = await browser.OpenAsync(server, "/");
        IPage page = watched.Page;
        await SetAsync(page, "max_completion_tokens", "4");
        await AskAsync(page, "Hello");
        IDownload text = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Button, new() { Name = "Export text" }).ClickAsync());
        Assert.Contains("## User", await File.ReadAllTextAsync(await text.PathAsync()), StringComparison.Ordinal);
        IDownload rows = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Button, new() { Name = "Export JSONL" }).ClickAsync());
        Assert.StartsWith("""{"messages":[{"role":"user","content":"Hello"}""", await File.ReadAllTextAsync(await rows.PathAsync()), StringComparison.Ordinal);
        watched.RequireQuiet();
    }

    [Fact]
    public async Task Markdown_OfWhatAModelMayWrite_NeverBecomesMarkup()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await using WatchedPage watched = await browser.OpenAsync(server, "/");
        IPage page = watched.Page;
        string html = await page.EvaluateAsync<string>("""
            async () => {
              const { markdown } = await import('/pages/markdown.js');
              const box = document.createElement('div');
              box.append(markdown([
                '# A *title*', '', 'Text with `code`, **bold**, [link](https://example.org/x_y), [bad](javascript:alert(1)) and https://example.org.', '',
                '<img src=x onerror=alert(1)>', '', '```js', 'if (a < b) { alert("x"); }', '```', '', '1. one', '2. two', '   - inner', '', '> said', '', '| a | b |', '|---|--:|', '| 1 | 2 |', '', 'snake_case_name stays', '', '**unclosed'].join('\n')));
              return box.innerHTML;
            }
            """);
        Assert.Contains("<h2>A <em>title</em></h2>", html, StringComparison.Ordinal);
        Assert.Contains("<code>code</code>, <strong>bold</strong>", html, StringComparison.Ordinal);
        Assert.Contains("""href="https://example.org/x_y""", html, StringComparison.Ordinal);
        Assert.DoesNotContain("javascript:", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<img", html, StringComparison.Ordinal);
        Assert.Contains("&lt;img", html, StringComparison.Ordinal);
        Assert.Contains("if (a &lt; b)", html, StringComparison.Ordinal);
        Assert.Contains("<ol><li>one</li><li><p>two</p><ul><li>inner</li></ul></li></ol>", html, StringComparison.Ordinal);
        Assert.Contains("<blockquote><p>said</p></blockquote>", html, StringComparison.Ordinal);
        Assert.Contains("""<td class="number">2</td>""", html, StringComparison.Ordinal);
        Assert.Contains("snake_case_name stays", html, StringComparison.Ordinal);
        Assert.Contains("**unclosed", html, StringComparison.Ordinal);
        watched.RequireQuiet();
    }

    [Fact]
    public async Task Chat_OnAPhoneInTheDark_FitsItsWidth()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await using WatchedPage watched = await browser.OpenAsync(server, "/", new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 380, Height = 720 }, ColorScheme = ColorScheme.Dark, HasTouch = true });
        IPage page = watched.Page;
        await SetAsync(page, "max_completion_tokens", "40");
        await AskAsync(page, "A message that is long enough to need more than one line on a telephone's narrow screen, " + new string('x', 90));
        foreach (string path in new[] { "/", "/rank", "/runs", "/admin" })
        {
            await page.GotoAsync(new Uri(server.Address, path).ToString());
            await Expect(page.Locator("header.top")).ToBeVisibleAsync();
            Assert.True(await page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"), $"{path} is wider than the screen");
            await watched.PictureAsync("phone" + path.Replace('/', '-'));
        }
    }

    private static async Task SetAsync(IPage page, string name, string value)
    {
        await page.GetByRole(AriaRole.Button, new() { Name = "Settings" }).ClickAsync();
        await page.Locator($"dialog [name={name}]").FillAsync(value);
        await page.GetByRole(AriaRole.Button, new() { Name = "Use these" }).ClickAsync();
    }

    private static async Task AskAsync(IPage page, string text)
    {
        await Expect(page.GetByLabel("Model", new() { Exact = true })).ToHaveValueAsync("tiny");
        await page.GetByLabel("Message", new() { Exact = true }).FillAsync(text);
        await page.Keyboard.PressAsync("Enter");
        await DoneAsync(page);
    }

    /// <summary>Until the answer is whole.</summary>
    private static async Task DoneAsync(IPage page)
    {
        await Expect(page.Locator("li.message.assistant").Last).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Send", Exact = true })).ToBeVisibleAsync();
    }
}
