using System.Text.Json.Nodes;

namespace Palisade.Lab.Connect;

/// <summary>
/// One connection to try: the body of POST /apis/lab.palisade.dev/v1/connect, or an item of its list.
/// </summary>
/// <param name="From">Who opens it: ns/pod, node:NAME or ip:ADDRESS.</param>
/// <param name="To">Whom to: the same forms.</param>
/// <param name="Protocol">TCP, UDP, SCTP or ICMP.</param>
/// <param name="Port">The destination port; null for ICMP.</param>
/// <param name="Family">4 or 6.</param>
/// <param name="TimeoutMilliseconds">How long to wait for an answer.</param>
public sealed record ConnectRequest(
    string From, string To, string Protocol = "TCP", int? Port = 80, int Family = 4, int TimeoutMilliseconds = 1000)
{
    /// <summary>Where the API server serves it.</summary>
    public const string Path = "/apis/lab.palisade.dev/v1/connect";

    private const int LongestTimeout = 60_000;

    /// <summary>As JSON.</summary>
    public JsonObject ToJson() => new()
    {
        ["from"] = From,
        ["to"] = To,
        ["protocol"] = Protocol,
        ["port"] = Port,
        ["family"] = Family,
        ["timeoutMs"] = TimeoutMilliseconds,
    };

    /// <summary>Reads JSON.</summary>
    /// <exception cref="LabException">Something is missing or out of range; the message names it.</exception>
    public static ConnectRequest FromJson(JsonNode? json)
    {
        if (json is not JsonObject request)
            throw new LabException("a connect request is an object: {from, to, protocol, port, family, timeoutMs}");
        var protocol = Text(request, "protocol") ?? "TCP";
        var port = Number(request, "port", 1, ushort.MaxValue);
        if (port is null && protocol is "TCP" or "UDP" or "SCTP")
            port = 80;
        return new ConnectRequest(
            Text(request, "from") ?? throw new LabException("from: required: ns/pod, node:NAME or ip:ADDRESS"),
            Text(request, "to") ?? throw new LabException("to: required: ns/pod, node:NAME or ip:ADDRESS"),
            protocol,
            port,
            Number(request, "family", 4, 6) switch
            {
                null or 4 => 4,
                6 => 6,
                _ => throw new LabException("family: must be 4 or 6"),
            },
            Number(request, "timeoutMs", 1, LongestTimeout) ?? 1000);
    }

    private static string? Text(JsonObject request, string name) => request[name] switch
    {
        null => null,
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        _ => throw new LabException($"{name}: must be a string"),
    };

    private static int? Number(JsonObject request, string name, int least, int most) => request[name] switch
    {
        null => null,
        JsonValue value when value.TryGetValue<int>(out var number) && number >= least && number <= most => number,
        _ => throw new LabException($"{name}: must be a number from {least} to {most}"),
    };
}
