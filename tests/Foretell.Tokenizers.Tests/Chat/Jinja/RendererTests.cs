using System.Text.Json.Nodes;

namespace Foretell.Tokenizers.Tests;

public class RendererTests
{
    [Fact]
    public void Render_OfGoldenTemplates_GivesWhatJinjaGives()
    {
        JsonNode golden = GoldenFiles.Read("jinja.json");
        string variables = golden["variables"]!.ToJsonString();
        var wrong = new List<string>();
        foreach (JsonNode? item in golden["cases"]!.AsArray())
        {
            string template = (string)item![0]!;
            string? output = null;
            try
            {
                output = Chats.Render(template, variables);
            }
            catch (ChatTemplateException)
            {
            }
            if (output != (string?)item[1])
            {
                wrong.Add($"{template}\n  expected: {(string?)item[1] ?? "an error"}\n  actual:   {output ?? "an error"}");
            }
        }
        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
    }

    [Theory]
    [InlineData("{{ messages[0].nothing.x }}", "line 1: 'dict object' has no attribute 'nothing'.")]
    [InlineData("\n\n{{ nothing.x }}", "line 3: 'nothing' is undefined.")]
    [InlineData("{{ 'a' + 1 }}", "'+' can't put a int after text")]
    [InlineData("{% for x in 5 %}{% endfor %}", "a int has no items to go through")]
    [InlineData("{{ 'a' | nosuch }}", "there is no filter 'nosuch'")]
    [InlineData("{{ 'a' is nosuch }}", "there is no test 'nosuch'")]
    [InlineData("{% nosuch %}", "there is no statement 'nosuch'")]
    [InlineData("{% include 'x' %}", "needs other files")]
    [InlineData("{% if true %}", "there is the end of the template; expected {% elif %} or {% else %} or {% endif %}")]
    [InlineData("a\n{{ 'x", "line 2: a text literal isn't closed")]
    [InlineData("{{ 1 ! 2 }}", "the character '!' has no meaning in a tag")]
    [InlineData("{{ range(200000) }}", "at most 100000 are given")]
    [InlineData("{{ 9 ** 99999 }}", "a power is too large")]
    [InlineData("{% macro f(a) %}{% endmacro %}{{ f(b=1) }}", "'f' has no argument 'b'")]
    [InlineData("{{ strftime_now('%Y') }}", "no time was given")]
    public void Render_BadTemplate_SaysWhereAndWhat(string template, string clause)
    {
        ChatTemplateException error = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(template).Render(Chats.Of(("user", "Hi"))));
        Assert.Contains(clause, error.Message, StringComparison.Ordinal);
        Assert.False(error.IsRefusal);
    }

    [Theory]
    [InlineData("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}")]
    [InlineData("{% for x in tree recursive %}{{ loop(tree) }}{% endfor %}")]
    [InlineData("{% set l = [1] %}{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}")]
    [InlineData("{% set ns = namespace(x='ab') %}{% for a in range(999) %}{% set ns.x = ns.x + ns.x %}{% endfor %}")]
    [InlineData("{% set ns = namespace(x=['ab']) %}{% for a in range(999) %}{% set ns.x = ns.x + ns.x %}{% endfor %}")]
    [InlineData("{% for a in range(99999) %}{% set x = 'x' * 9999999 %}{% endfor %}")]
    [InlineData("{{ 'x' * 999999999999 }}")]
    [InlineData("{{ [0] * 999999999999 }}")]
    [InlineData("{% set x = 'x' * 9999999 %}{% for a in range(99999) %}{{ x }}{% endfor %}")]
    [InlineData("{% set x = 'a' * 9999999 %}{{ ('a' * 4999999 ~ 'b') in x }}")]
    [InlineData("{% set x = 'a' * 9999999 %}{{ x.replace('', x) }}")]
    [InlineData("{% set x = 'a' * 9999999 %}{{ x.replace('a', x) }}")]
    [InlineData("{% set x = 'a' * 9999999 %}{{ x.join(x) }}")]
    [InlineData("{% set l = [] %}{% for a in range(999) %}{% set _ = l.append(l) %}{% endfor %}{{ l }}")]
    [InlineData("{% set l = [] %}{% set _ = l.append(l) %}{% set k = [] %}{% set _ = k.append(k) %}{{ l == k }}")]
    [InlineData("{% set l = [] %}{% set _ = l.append(l) %}{{ l | tojson }}")]
    [InlineData("{% set d = {} %}{% set _ = d.update({'x': d}) %}{{ d | tojson(indent=4) }}")]
    [InlineData("{{ '%999999999d' % 1 }}")]
    [InlineData("{{ '{:999999999}'.format(1) }}")]
    [InlineData("{{ 'x' | center(999999999) }}")]
    [InlineData("{{ 'x'.ljust(999999999) }}")]
    [InlineData("{{ 'x'.zfill(999999999) }}")]
    [InlineData("{{ [1] | batch(999999999, 0) | list }}")]
    [InlineData("{% set ns = namespace(x=[1]) %}{% for a in range(300) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}")]
    [InlineData("{% set ns = namespace(x=7) %}{% for a in range(99) %}{% set ns.x = ns.x * ns.x %}{% endfor %}")]
    [InlineData("{% set ns = namespace(x=[1, 1]) %}{% for a in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x | tojson | length }}")]
    [InlineData("{% set ns = namespace(x=[1, 1]) %}{% for a in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x | string | length }}")]
    [InlineData("{% set ns = namespace(x=(1, 1)) %}{% for a in range(60) %}{% set ns.x = (ns.x, ns.x) %}{% endfor %}{{ {ns.x: 1} | length }}")]
    [InlineData("{% set ns = namespace(x=[1, 1]) %}{% set ns.y = [1, 1] %}{% for a in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}")]
    [InlineData("{% set ns = namespace(x=[1, 1]) %}{% set ns.y = [1, 1] %}{% for a in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x < ns.y }}")]
    public void Render_HostileTemplate_EndsWithOneSentence(string template)
    {
        ChatTemplateException error = Assert.Throws<ChatTemplateException>(() => Chats.Render(template, """{"tree": [1]}""", new ChatTemplateLimits { MaximumSteps = 2_000_000 }));
        Assert.EndsWith(".", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("(", ")")]
    [InlineData("[", "]")]
    [InlineData("not ", "")]
    [InlineData("- ", "")]
    [InlineData("{'a':", "}")]
    [InlineData("1 if 1 else ", "")]
    [InlineData("1 if ", "")]
    [InlineData("f(", ")")]
    [InlineData("", " + 1")]
    [InlineData("", ".a")]
    [InlineData("", "[0]")]
    [InlineData("", "()")]
    [InlineData("", " | trim")]
    [InlineData("", " is defined")]
    [InlineData("", " and 1")]
    [InlineData("", " ** 1")]
    public void Render_DeepExpression_NeverOverflowsTheStack(string before, string after)
    {
        foreach (int depth in new[] { 150, 5000, 50_000 })
        {
            string expression = string.Concat(Enumerable.Repeat(before, depth)) + "1" + string.Concat(Enumerable.Repeat(after, depth));
            Exception? error = Record.Exception(() => Chats.Render("{{ " + expression + " }}"));
            Assert.True(error is null or ChatTemplateException, error?.ToString());
        }
    }

    [Theory]
    [InlineData("{% if true %}", "{% endif %}")]
    [InlineData("{% for x in [1] %}", "{% endfor %}")]
    [InlineData("{% filter upper %}", "{% endfilter %}")]
    [InlineData("{% set x %}", "{% endset %}")]
    [InlineData("{% with x = 1 %}", "{% endwith %}")]
    [InlineData("{% macro f() %}", "{% endmacro %}{{ f() }}")]
    [InlineData("{% for ", "")]
    [InlineData("{% for (", "")]
    public void Render_DeepBlocks_NeverOverflowTheStack(string before, string after)
    {
        foreach (int depth in new[] { 50, 5000, 50_000 })
        {
            Exception? error = Record.Exception(() => Chats.Render(string.Concat(Enumerable.Repeat(before, depth)) + "x" + string.Concat(Enumerable.Repeat(after, depth))));
            Assert.True(error is null or ChatTemplateException, error?.ToString());
        }
    }

    [Fact]
    public void Render_MutatedTemplates_FailInOneSentenceOrRender()
    {
        string[] templates = [.. GoldenFiles.Read("jinja.json")["cases"]!.AsArray().Select(item => (string)item![0]!)];
        string variables = GoldenFiles.Read("jinja.json")["variables"]!.ToJsonString();
        string[] pieces = [.. templates.SelectMany(template => template.Split(' ')).Where(piece => piece.Length > 0).Distinct()];
        var random = new Random(5);
        for (int round = 0; round < 4000; round++)
        {
            List<string> words = [.. templates[random.Next(templates.Length)].Split(' ')];
            for (int change = random.Next(1, 4); change > 0; change--)
            {
                int at = random.Next(words.Count);
                switch (random.Next(3))
                {
                    case 0:
                        words[at] = pieces[random.Next(pieces.Length)];
                        break;
                    case 1:
                        words.Insert(at, pieces[random.Next(pieces.Length)]);
                        break;
                    case 2 when words[at].Length > 0:
                        words[at] = words[at].Remove(random.Next(words[at].Length), 1);
                        break;
                }
            }
            string template = string.Join(' ', words);
            Exception? error = Record.Exception(() => Chats.Render(template, variables));
            Assert.True(error is null or ChatTemplateException, $"{template}\n{error}");
        }
    }
}
