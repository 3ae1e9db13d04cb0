using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Palisade.Cli.Input;

namespace Palisade.Cli.Output;

/// <summary>One line of the flow log for people, from its JSON.</summary>
internal static class FlowText
{
    /// <summary>Time, what happened, who and where, why.</summary>
    public static string Line(Terminal terminal, JsonObject line)
    {
        var kind = Text(line["kind"]);
        var word = Word(terminal, kind, Text(line["verdict"]));
        var text = new StringBuilder($"{Text(line["time"])}  {word}  {Text(line["node"])}");
        if (kind == "suppressed")
            return text.Append("  ").Append(Text(line["text"])).ToString();
        text.Append("  ").Append(End(line["from"])).Append(" -> ").Append(End(line["to"])).Append("  ")
            .Append(Service(line));
        if (kind == "closed")
            text.Append(Bytes(line));
        if (line["allowedBy"] is JsonArray rules)
            text.Append("  by ").AppendJoin(", ", rules.OfType<JsonObject>().Select(Rule));
        if (kind == "denied")
            text.Append("  ").Append(Direction(line)).Append(Text(line["text"]));
        if (line["stale"] is { } stale)
            text.Append(" [").Append(Text(stale)).Append(']');
        return text.ToString();
    }

    private static string Word(Terminal terminal, string kind, string verdict) => (kind, verdict) switch
    {
        ("suppressed", _) => terminal.Yellow("MISSED"),
        (_, "deny") => terminal.Red("DENY  "),
        (_, "would-deny") => terminal.Yellow("WOULD "),
        ("closed", _) => "END   ",
        _ => terminal.Green("ALLOW "),
    };

    /// <summary>ns/pod, node:NAME or the address.</summary>
    private static string End(JsonNode? end)
    {
        if (Text(end?["pod"]) is { Length: > 0 } pod)
            return $"{Text(end!["namespace"])}/{pod}";
        return Text(end?["node"]) is { Length: > 0 } node ? $"node:{node}" : Text(end?["address"]);
    }

    private static string Service(JsonObject line)
    {
        var protocol = Text(line["protocol"]);
        if (Number(line["to"]?["port"]) is { } port)
            return string.Create(CultureInfo.InvariantCulture, $"{protocol} {port}");
        return Number(line["icmp"]?["type"]) is { } type
            ? string.Create(CultureInfo.InvariantCulture, $"{protocol} type {type}")
            : protocol;
    }

    private static string Direction(JsonObject line)
    {
        var address = Text(line["from"]?["address"]);
        return Text(line["direction"]) is { Length: > 0 } direction ? $"{direction}: " : $"from {address}: ";
    }

    private static string Bytes(JsonObject line) =>
        Number(line["bytesSent"]) is { } sent && Number(line["bytesReceived"]) is { } received
            ? string.Create(CultureInfo.InvariantCulture, $"  {sent} B sent, {received} B received")
            : "";

    private static string Rule(JsonObject rule)
    {
        var ns = Text(rule["namespace"]);
        var name = ns.Length > 0 ? $"{ns}/{Text(rule["name"])}" : $"cluster policy {Text(rule["name"])}";
        return $"{name} {Text(rule["direction"])}[{Number(rule["rule"])}]";
    }

    private static long? Number(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue(out long number) ? number : null;

    private static string Text(JsonNode? node) => FlowFilter.Text(node);
}
