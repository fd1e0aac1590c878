using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Foretell.Server.Metering;
using Foretell.Server.Storage;
using Foretell.Server.Trust;

namespace Foretell.Cli.Commands;

/// <summary>foretell keys: the API keys of a server, whether it runs or not.</summary>
internal static class KeysCommand
{
    private const string Actor = "cli";

    public static Command Create() => new("keys", "Make, list and revoke a server's API keys. Example: foretell keys create --data foretell-data --name alice")
    {
        CreateCreate(),
        CreateList(),
        CreateRevoke(),
    };

    private static Command CreateCreate()
    {
        var name = new Option<string>("--name") { Description = "What to call the key.", Required = true };
        var scopes = new Option<string>("--scopes") { Description = "What it may be used for, with commas between: inference, files, fine-tuning, admin (all of them), metrics.", DefaultValueFactory = _ => "inference" };
        var expires = new Option<string?>("--expires") { Description = "From when on it is refused: a number of days such as 90d, a day such as 2026-12-31 (its end) or a time; never by default." };
        var requests = new Option<int?>("--requests-per-minute") { Description = "Requests that it may make in a minute; the server's limit by default." };
        var tokens = new Option<int?>("--tokens-per-minute") { Description = "Tokens, read and written, that it may use in a minute; the server's limit by default." };
        var json = new Option<bool>("--json") { Description = "Print the key as JSON." };
        var server = new ServerDatabase();
        var command = new Command("create", "Make a key and show it, this once. Example: foretell keys create --name alice --scopes inference,files --expires 90d") { name, scopes, expires, requests, tokens, json };
        server.AddTo(command);
        command.SetAction(async (result, cancellation) =>
        {
            KeyScopes granted = KeyScopeNames.Parse(result.GetValue(scopes)!);
            DateTimeOffset? end = Expiry(result.GetValue(expires));
            await using Database database = await server.OpenAsync(result, cancellation);
            (ApiKey key, string secret) = await server.Keys(result, database).CreateAsync(Actor, result.GetValue(name)!, granted, end, new KeyLimits(result.GetValue(requests), result.GetValue(tokens)), cancellation);
            if (result.GetValue(json))
            {
                JsonObject document = Json(key);
                document["key"] = secret;
                JsonText.Print(document);
                return;
            }
            Console.WriteLine(secret);
            Console.Error.WriteLine($"This is the key {key.Id} ({key.Name}: {KeyScopeNames.Format(key.Scopes)}). It is shown this once; only its hash is kept.");
        });
        return command;
    }

    private static Command CreateList()
    {
        var json = new Option<bool>("--json") { Description = "Print the keys as JSON." };
        var server = new ServerDatabase();
        var command = new Command("list", "List all keys, without their secrets. Example: foretell keys list --data foretell-data") { json };
        server.AddTo(command);
        command.SetAction(async (result, cancellation) =>
        {
            await using Database database = await server.OpenAsync(result, cancellation);
            IReadOnlyList<ApiKey> keys = await server.Keys(result, database).ListAsync(cancellation);
            if (result.GetValue(json))
            {
                JsonText.Print(new JsonArray([.. keys.Select(Json)]));
                return;
            }
            if (keys.Count == 0)
            {
                Console.WriteLine("There are no keys; foretell keys create makes one.");
            }
            foreach (ApiKey key in keys)
            {
                string state = key.Revoked is DateTimeOffset revoked ? $"revoked {Day(revoked)}"
                    : key.Expires is DateTimeOffset end ? (end <= TimeProvider.System.GetUtcNow() ? $"expired {Day(end)}" : $"good until {Day(end)}")
                    : "good";
                string limits = string.Concat(
                    key.Limits.RequestsPerMinute is int requests ? FormattableString.Invariant($", {requests} requests a minute") : "",
                    key.Limits.TokensPerMinute is int tokens ? FormattableString.Invariant($", {tokens} tokens a minute") : "");
                Console.WriteLine($"{key.Id}  {key.Prefix}...  {key.Name}  ({KeyScopeNames.Format(key.Scopes)}{limits})  made {Day(key.Created)}, {state}");
            }
        });
        return command;
    }

    private static Command CreateRevoke()
    {
        var id = new Argument<string>("ID") { Description = "The key's id, as foretell keys list shows it." };
        var server = new ServerDatabase();
        var command = new Command("revoke", "Revoke a key for good; a server that runs refuses it within two seconds. Example: foretell keys revoke key_0197...") { id };
        server.AddTo(command);
        command.SetAction(async (result, cancellation) =>
        {
            await using Database database = await server.OpenAsync(result, cancellation);
            KeyManager keys = server.Keys(result, database);
            string wanted = result.GetValue(id)!;
            ApiKey key = await keys.FindAsync(wanted, cancellation) ?? throw new FormatException($"There is no key {wanted}; foretell keys list shows the ids.");
            Console.WriteLine(await keys.RevokeAsync(Actor, key.Id, cancellation) ? $"{key.Id} ({key.Name}) is revoked." : $"{key.Id} ({key.Name}) was revoked already.");
        });
        return command;
    }

    private static DateTimeOffset? Expiry(string? text)
    {
        if (text is null)
        {
            return null;
        }
        if (text.EndsWith('d') && int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out int days) && days is > 0 and < 100_000)
        {
            return TimeProvider.System.GetUtcNow().AddDays(days);
        }
        return UsagePeriod.Parse(null, text).To;
    }

    private static string Day(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static JsonObject Json(ApiKey key) => new()
    {
        ["id"] = key.Id,
        ["name"] = key.Name,
        ["prefix"] = key.Prefix,
        ["scopes"] = new JsonArray([.. KeyScopeNames.List(key.Scopes).Select(scope => (JsonNode)scope)]),
        ["created"] = key.Created.UtcDateTime,
        ["expires"] = key.Expires?.UtcDateTime,
        ["revoked"] = key.Revoked?.UtcDateTime,
        ["requestsPerMinute"] = key.Limits.RequestsPerMinute,
        ["tokensPerMinute"] = key.Limits.TokensPerMinute,
    };
}
