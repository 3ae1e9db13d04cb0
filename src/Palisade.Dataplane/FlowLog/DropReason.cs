using Palisade.Policy.Model;

namespace Palisade.Dataplane.FlowLog;

/// <summary>What the table said of a packet that it stopped, or would have.</summary>
/// <param name="Counter">The counter that counted it: denied_ingress, spoofed and so on.</param>
/// <param name="Chain">The chain whose rule it was: a gate by its name, or the chain of a shared end.</param>
/// <param name="Dropped">False: only observed.</param>
internal readonly record struct DropMark(string Counter, string Chain, bool Dropped)
{
    /// <summary>
    /// Reads a log prefix as Lowering writes it, "drop denied_ingress ingress-dev-team-3f2a9c01"; false for others'.
    /// </summary>
    public static bool TryParse(string prefix, out DropMark mark)
    {
        var words = prefix.Split(' ');
        var isOurs = words is ["drop" or "observe", { Length: > 0 }, { Length: > 0 }];
        mark = isOurs ? new(words[1], words[2], words[0] == "drop") : default;
        return isOurs;
    }

    /// <summary>The side that stopped it, where only one can have.</summary>
    public Direction? Direction => Counter switch
    {
        "denied_ingress" or "refused_ingress" => Policy.Model.Direction.Ingress,
        "denied_egress" or "refused_egress" or "tunnelled" => Policy.Model.Direction.Egress,
        "invalid" or "untracked" when Chain == "odd-ingress" => Policy.Model.Direction.Ingress,
        "invalid" or "untracked" when Chain == "odd-egress" => Policy.Model.Direction.Egress,
        _ => null,
    };

    /// <summary>Whether policies decided, so that the engine can say which.</summary>
    public bool IsByPolicy => Counter is "denied_ingress" or "refused_ingress" or "denied_egress" or "refused_egress";

    /// <summary>The word for it in records, stable; the two of policies are those that explanations have.</summary>
    public string Reason => Counter switch
    {
        "denied_ingress" or "denied_egress" => "NoRuleMatches",
        "refused_ingress" or "refused_egress" => "Denied",
        "rogue_ra" => "RogueAdvertisement",
        "rogue_nd" => "RogueDiscovery",
        _ => string.Concat(Counter.Split('_').Select(Capital)),
    };

    /// <summary>What it means, for people; of policies' decisions see <see cref="Attribution"/>.</summary>
    public string Says => Counter switch
    {
        "spoofed" => "a pod sent it with a source address that is not its own",
        "rogue_ra" => "a pod sent a router advertisement or redirect",
        "rogue_nd" => "neighbour discovery that comes from beyond the link",
        "tunnelled" => "a pod sent it to a tunnel of its node, which would let it past every gate",
        "frames" => "from or to a pod, a frame that is neither IP nor ARP",
        "elsewhere" => "it was sent to a bridge's port that its destination is not behind",
        "no_gate" => "from or to an interface that no known pod has claimed yet",
        "invalid" => "it fits no connection, and the pod is isolated",
        "untracked" => "it is exempted from connection tracking, and the pod is isolated",
        "cut" => "its connection was allowed when it began, and is no more",
        "midstream" => "TCP whose beginning was not seen",
        _ => $"counted as {Counter}",
    };

    private static string Capital(string word) => word.Length == 0 ? "" : char.ToUpperInvariant(word[0]) + word[1..];
}
