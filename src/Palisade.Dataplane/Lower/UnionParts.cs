using System.Collections.Immutable;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Lower;

/// <summary>
/// In how many kernel sets the pods of a gate's entries are looked up. A set of pods of its own is shared by all gates
/// that name it, so that a pod that comes or goes is one element in it, but each set is another lookup of a new
/// connection. So a union is composed of sets of its own while a connection meets at most <see cref="MostLookups"/>,
/// the widest first; what is left of it is one set, which other gates share only if theirs has the same rest. Told by
/// what policies say, never by how many pods there are: pods that come and go change no rule.
/// </summary>
internal static class UnionParts
{
    /// <summary>Sets that a new connection is looked up in at a gate, the map that leads there included.</summary>
    public const int MostLookups = 8;

    /// <summary>A gate of more distinct port sets than this is not searched for room: E² · ports.</summary>
    private const int MostEntries = 32;

    private static readonly ImmutableArray<Protocol> Protocols = [Protocol.Tcp, Protocol.Udp, Protocol.Sctp];

    /// <summary>For each entry the sets that its pods are looked up in.</summary>
    public static ImmutableArray<ImmutableArray<ImmutableArray<PodSet>>> Of(ImmutableArray<GateEntry> entries)
    {
        var parts = entries.Select(entry => Math.Min(1, entry.Peers.Pods.Length)).ToArray();
        if (entries.Length <= MostEntries && entries.Any(entry => entry.Peers.Pods.Length > 1))
            Divide(entries, parts);
        return [.. entries.Select((entry, i) => Split(entry.Peers.Pods, parts[i]))];
    }

    private static void Divide(ImmutableArray<GateEntry> entries, int[] parts)
    {
        var packets = Packets(entries);
        foreach (var i in Enumerable.Range(0, parts.Length).OrderBy(i => entries[i].Peers.Pods.Length).ThenBy(i => i))
        {
            while (parts[i] < entries[i].Peers.Pods.Length)
            {
                parts[i]++;
                if (packets.All(packet => Lookups(entries, parts, packet) <= MostLookups))
                    continue;
                parts[i]--;
                break;
            }
        }
    }

    /// <summary>One packet of each kind that entries tell apart: the first port of every range.</summary>
    private static List<(Protocol Protocol, ushort Port)> Packets(ImmutableArray<GateEntry> entries) =>
    [
        .. Protocols.SelectMany(protocol => entries.SelectMany(entry => entry.Ports.Ranges(protocol))
            .Select(range => range.First).Distinct().Select(port => (protocol, port))),
        (Protocol.Other, 0),
    ];

    /// <summary>The most lookups that a packet which no peer allows can cost.</summary>
    private static int Lookups(ImmutableArray<GateEntry> entries, int[] parts, (Protocol Protocol, ushort Port) packet)
    {
        var lookups = 1;
        for (var i = 0; i < entries.Length; i++)
        {
            var entry = entries[i];
            var peers = parts[i] + BlocksOf(entry.Peers);
            // Several ranges are a set that each of the entry's rules asks first.
            if (packet.Protocol != Protocol.Other && entry.Ports.Ranges(packet.Protocol).Length > 1)
                lookups += Math.Max(1, peers);
            if (Has(entry.Ports, packet))
                lookups += peers;
        }

        return lookups;
    }

    private static bool Has(PortSet ports, (Protocol Protocol, ushort Port) packet) =>
        packet.Protocol == Protocol.Other ? ports.HasOther : ports.Contains(packet.Protocol, packet.Port);

    private static int BlocksOf(PeerUnion peers) => peers.Blocks.IsEmpty ? 0 : 1;

    private static ImmutableArray<ImmutableArray<PodSet>> Split(ImmutableArray<PodSet> pods, int parts)
    {
        if (parts <= 1)
            return pods.IsEmpty ? [] : [pods];
        if (parts == pods.Length)
            return [.. pods.Select(set => ImmutableArray.Create(set))];
        var widest = pods.OrderBy(Narrowness).ThenBy(set => set.ToString(), StringComparer.Ordinal)
            .Take(parts - 1).ToHashSet();
        return
        [
            .. pods.Where(widest.Contains).Select(set => ImmutableArray.Create(set)),
            [.. pods.Where(set => !widest.Contains(set))],
        ];
    }

    /// <summary>Sets of many namespaces are the ones that many gates have, and with the most pods.</summary>
    private static int Narrowness(PodSet set) =>
        (set.Namespaces.Name is null ? 0 : 100)
        + set.Namespaces.Selector.Requirements.Length + set.Pods.Requirements.Length;
}
