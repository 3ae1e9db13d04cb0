using System.Collections.Immutable;
using Palisade.Policy.Compile;
using Palisade.Policy.Evaluate;
using Palisade.Policy.Model;

namespace Palisade.Dataplane.FlowLog;

/// <summary>What a record tells.</summary>
public enum FlowKind : byte
{
    /// <summary>A connection came about.</summary>
    Opened,

    /// <summary>A connection ended.</summary>
    Closed,

    /// <summary>A packet was stopped, or would have been.</summary>
    Denied,

    /// <summary>So many packets or connections have no record, because there were too many.</summary>
    Suppressed,
}

/// <summary>One end of a connection or packet.</summary>
/// <param name="Address">Its address.</param>
/// <param name="Port">Its port; null where the protocol has none or it is not known.</param>
/// <param name="Pod">The pod that has the address; null when it is none with a network of its own.</param>
/// <param name="Node">The node it is or runs on; empty when unknown.</param>
public sealed record FlowEnd(string Address, ushort? Port, Endpoint? Pod, string Node)
{
    /// <summary>ns/pod, node:NAME, or the address.</summary>
    public override string ToString() =>
        Pod is not null ? $"{Pod.Namespace}/{Pod.Name}" : Node.Length > 0 ? $"node:{Node}" : Address;
}

/// <summary>One line of the flow log. docs/schemas/flows.json says how it is written.</summary>
public sealed record FlowRecord
{
    /// <summary>How many isolating policies are named at most.</summary>
    public const int PolicyLimit = 8;

    /// <summary>When it was seen.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>The node that saw it.</summary>
    public required string Node { get; init; }

    /// <summary>What it tells.</summary>
    public required FlowKind Kind { get; init; }

    /// <summary>Denied: false when the agent only observes.</summary>
    public bool Dropped { get; init; } = true;

    /// <summary>Who opened the connection, or sent the packet.</summary>
    public FlowEnd? From { get; init; }

    /// <summary>Who was to receive it, after any destination translation.</summary>
    public FlowEnd? To { get; init; }

    /// <summary>TCP, UDP, SCTP, ICMP, ICMPv6, or the protocol's number.</summary>
    public string Protocol { get; init; } = "";

    /// <summary>ICMP's type and code.</summary>
    public (byte Type, byte Code)? Icmp { get; init; }

    /// <summary>The side that denied.</summary>
    public Direction? Direction { get; init; }

    /// <summary>Why, as one word that stays the same.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Why, for people.</summary>
    public string Text { get; init; } = "";

    /// <summary>The side of the verdict that denied; null where policies did not, or are not known now.</summary>
    public Side? Side { get; init; }

    /// <summary>The name of the cluster policy's rule that denied; empty where it has none.</summary>
    public string RuleName { get; init; } = "";

    /// <summary>The rules that allow a connection, egress first; empty where nobody isolates.</summary>
    public ImmutableArray<RuleMatch> AllowedBy { get; init; } = [];

    /// <summary>The resourceVersion of the policies by which it is explained; 0: none yet.</summary>
    public ulong Generation { get; init; }

    /// <summary>Said where the policies changed between the packet and its record.</summary>
    public string? Stale { get; init; }

    /// <summary>The interface it came from, where that is what counts.</summary>
    public string? Interface { get; init; }

    /// <summary>Suppressed: how many.</summary>
    public long Count { get; init; }

    /// <summary>Closed: bytes and packets each way; null unless the kernel counts them.</summary>
    public Nftables.Flows.FlowCounts? Counts { get; init; }

    /// <summary>The pod that the denying side belongs to.</summary>
    public FlowEnd? Subject => Direction switch
    {
        Policy.Model.Direction.Ingress => To,
        Policy.Model.Direction.Egress => From,
        _ => null,
    };
}
