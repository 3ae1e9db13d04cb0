using Palisade.Nftables;

namespace Palisade.Dataplane.Lower;

/// <summary>The fixed names of the table. Gates and address sets are named by what they mean.</summary>
internal static class Names
{
    public const string Uplinks = "uplinks";
    public const string Pods = "pods";

    /// <summary>Of addresses of the node's pods that some gate judges; with the family behind it.</summary>
    public const string Gated = "gated";

    public const string Egress = "egress";
    public const string Ingress = "ingress";

    /// <summary>Pairs of addresses of which several pods claim one; with the family behind it.</summary>
    public const string Claims = "claims";
    public const string ExemptEgress = "exempt_egress";
    public const string ExemptIngress = "exempt_ingress";
    public const string ExemptLinks = "exempt_links";

    public const string Spoofed = "spoofed";
    public const string RogueAdvertisement = "rogue_ra";
    public const string RogueDiscovery = "rogue_nd";
    public const string NoGate = "no_gate";
    public const string Tunnelled = "tunnelled";
    public const string Invalid = "invalid";
    public const string Untracked = "untracked";
    public const string Cut = "cut";
    public const string Midstream = "midstream";
    public const string DeniedIngress = "denied_ingress";
    public const string DeniedEgress = "denied_egress";

    public const string RefusedIngress = "refused_ingress";
    public const string RefusedEgress = "refused_egress";

    public const string AntiSpoof = "antispoof";
    public const string Unclaimed = "unclaimed";
    public const string Input = "input";
    public const string Gates = "gates";
    public const string Bridges = "bridges";
    public const string Ports = "ports";
    public const string OtherPorts = "other_ports";
    public const string Hardware = "hardware";

    /// <summary>Addresses that a known pod or the node has: nobody else's; with the family behind it.</summary>
    public const string Taken = "taken";

    /// <summary>The node's own addresses; with the family behind it.</summary>
    public const string Own = "own";
    public const string Claimed = "claimed";
    public const string Delivery = "delivery";
    public const string Frames = "frames";
    public const string Elsewhere = "elsewhere";
    public const string OddIngress = "odd-ingress";
    public const string OddEgress = "odd-egress";
    public const string ToIngress = "to-ingress";
    public const string Exempt = "exempt";
    public const string NameQueries = "name-queries";
    public const string NameAnswers = "name-answers";

    /// <summary>Of the chain in which a gate goes on when the Admin tier passes.</summary>
    public const string NextSuffix = "-passed";

    /// <summary>Of a gate of an address that several pods claim.</summary>
    public const string StrictSuffix = "-strict";

    /// <summary>bridge palisade: ours too, where pods are ports of a bridge.</summary>
    public static Table BridgeTable(string? comment = null) => new(NftFamily.Bridge, "palisade") { Comment = comment };

    /// <summary>inet palisade: the one table that is ours on each node.</summary>
    public static Table Table(string? comment = null) => new(NftFamily.Inet, "palisade") { Comment = comment };
}
