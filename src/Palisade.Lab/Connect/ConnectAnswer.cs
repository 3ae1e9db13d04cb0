using System.Text.Json.Nodes;

namespace Palisade.Lab.Connect;

/// <summary>What one real connection met.</summary>
/// <param name="Connected">
/// The other side answered as an open port does: a TCP connection, a UDP answer, an SCTP INIT ACK, an ICMP echo reply.
/// </param>
/// <param name="Reached">
/// The other side answered at all: also true for "refused", when the packet arrived and nothing listens there. Policies
/// drop silently, so this is what a policy allows.
/// </param>
/// <param name="Answer">HTTP 200 web, echo, INIT ACK, echo reply, refused, timeout …</param>
/// <param name="Milliseconds">How long it took.</param>
/// <param name="Error">Why it could not even be tried; null when it was.</param>
public sealed record ConnectAnswer(
    bool Connected, bool Reached, string Answer, double Milliseconds, string? Error = null)
{
    /// <summary>
    /// Some node did not enforce all that the API had acknowledged, nor soon enough: the answer may be that of before.
    /// </summary>
    public bool IsBehind { get; init; }

    /// <summary>A connection that could not be tried.</summary>
    public static ConnectAnswer NotTried(string why) => new(false, false, "", 0, why);

    /// <summary>As JSON.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject
        {
            ["connected"] = Connected,
            ["reached"] = Reached,
            ["answer"] = Answer,
            ["milliseconds"] = Milliseconds,
        };
        if (Error is not null)
            json["error"] = Error;
        if (IsBehind)
            json["behind"] = true;
        return json;
    }

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    public static ConnectAnswer FromJson(JsonNode json) => new(
        json["connected"]!.GetValue<bool>(),
        json["reached"]!.GetValue<bool>(),
        json["answer"]!.GetValue<string>(),
        json["milliseconds"]!.GetValue<double>(),
        json["error"]?.GetValue<string>())
    {
        IsBehind = json["behind"]?.GetValue<bool>() ?? false,
    };
}
