namespace Foretell.Inference;

/// <summary>The formats of strings as patterns from end to end.</summary>
internal static class JsonFormats
{
    private const string Year = @"(?:[1-9]\d{3}|0[1-9]\d{2}|00[1-9]\d|000[1-9])";
    private const string LeapYear = @"(?:\d{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)";
    private const string Date = $@"(?:{Year}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))|{LeapYear}-02-29)";
    private const string Time = @"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?(?:Z|[+-](?:0\d|1[0-3]):[0-5]\d)";
    private const string DurationTime = @"T(?:\d{1,6}H(?:\d{1,6}M(?:\d{1,6}S)?)?|\d{1,6}M(?:\d{1,6}S)?|\d{1,6}S)";
    private const string Label = @"[A-Za-z0-9](?:[A-Za-z0-9-]{0,59}[A-Za-z0-9])?";
    private const string Host = $@"{Label}(?:\.{Label}){{0,3}}";
    private const string MailLabel = @"[A-Za-z0-9](?:[A-Za-z0-9-]{0,29}[A-Za-z0-9])?";
    private const string Atom = @"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]";
    private const string Octet = @"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)";
    private const string Group = @"[0-9A-Fa-f]{1,4}";
    private const string PathCharacter = @"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})";

    private static readonly Dictionary<string, string> Patterns = new()
    {
        ["date"] = Date,
        ["time"] = Time,
        ["date-time"] = $"{Date}T{Time}",
        ["duration"] = $@"P(?:\d{{1,6}}W|(?:\d{{1,6}}Y(?:\d{{1,6}}M(?:\d{{1,6}}D)?)?|\d{{1,6}}M(?:\d{{1,6}}D)?|\d{{1,6}}D)(?:{DurationTime})?|{DurationTime})",
        ["email"] = $@"{Atom}{{1,32}}(?:\.{Atom}{{1,15}}){{0,2}}@{MailLabel}(?:\.{MailLabel}){{1,3}}",
        ["hostname"] = Host,
        ["ipv4"] = $@"{Octet}(?:\.{Octet}){{3}}",
        ["ipv6"] = string.Join('|', Enumerable.Range(0, 8).Select(Compressed).Prepend($"(?:{Group}:){{7}}{Group}")),
        ["uuid"] = @"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}",
        ["uri"] = $@"[A-Za-z][A-Za-z0-9+.-]{{0,15}}://{Host}(?::[1-9]\d{{0,3}})?(?:/{PathCharacter}*)*(?:\?(?:{PathCharacter}|[/?])*)?(?:#(?:{PathCharacter}|[/?])*)?",
    };

    public static IEnumerable<string> Names => Patterns.Keys;

    /// <summary>The pattern of a format, or null when it isn't supported.</summary>
    public static string? Pattern(string name) => Patterns.GetValueOrDefault(name);

    /// <summary>The forms with "::" behind <paramref name="before"/> groups; it stands for one group or more.</summary>
    private static string Compressed(int before)
    {
        string head = before switch { 0 => "", 1 => Group, _ => $"{Group}(?::{Group}){{{before - 1}}}" };
        int after = 7 - before;
        return after switch { 0 => $"{head}::", 1 => $"{head}::(?:{Group})?", _ => $"{head}::(?:{Group}(?::{Group}){{0,{after - 1}}})?" };
    }
}
