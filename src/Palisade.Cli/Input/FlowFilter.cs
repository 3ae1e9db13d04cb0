using System.Globalization;
using System.Text.Json.Nodes;

namespace Palisade.Cli.Input;

/// <summary>Which lines of the flow log are wanted.</summary>
/// <param name="Namespace">Either end is a pod of it; null: any.</param>
/// <param name="Pod">Either end is it: ns/pod, or the name alone; null: any.</param>
/// <param name="Verdict">allow, deny or would-deny; null: any.</param>
internal sealed record FlowFilter(string? Namespace, string? Pod, string? Verdict)
{
    /// <summary>
    /// Whether a line is wanted. What counts records that are missing is, unless a pod is asked for; what says that a
    /// node is missing always is.
    /// </summary>
    public bool Wants(JsonObject line)
    {
        if (Text(line["kind"]) == "suppressed")
        {
            return Text(line["reason"]) == "NoAnswer" || (Namespace is null && Pod is null
                && (Verdict is null || (Verdict == "allow") == (Text(line["reason"]) == "Connections")));
        }

        return (Verdict is null || Text(line["verdict"]) == Verdict)
            && ((Namespace is null && Pod is null) || Matches(line["from"]) || Matches(line["to"]));
    }

    /// <summary>30s, 5m, 2h, or seconds as a number.</summary>
    public static TimeSpan ParseDuration(string text)
    {
        var unit = text.Length > 0 ? text[^1] : ' ';
        var number = char.IsAsciiDigit(unit) ? text : text[..Math.Max(0, text.Length - 1)];
        var isNumber = double.TryParse(
            number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value);
        double? seconds = unit switch
        {
            _ when !isNumber => null,
            's' or (>= '0' and <= '9') => value,
            'm' => value * 60,
            'h' => value * 3600,
            _ => null,
        };
        return seconds is >= 0 and <= 31_536_000
            ? TimeSpan.FromSeconds(seconds.Value)
            : throw new Output.BadInputException($"--since {text}: a time such as 30s, 5m or 2h, at most a year");
    }

    private bool Matches(JsonNode? end)
    {
        var (ns, pod) = (Text(end?["namespace"]), Text(end?["pod"]));
        return pod.Length > 0 && (Namespace is null || ns == Namespace)
            && (Pod is null || pod == Pod || $"{ns}/{pod}" == Pod);
    }

    /// <summary>A string member; empty where there is none.</summary>
    public static string Text(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue(out string? text) ? text : "";
}
