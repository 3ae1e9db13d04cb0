using System.Collections.Immutable;
using Palisade.Dataplane.Network;
using Palisade.Nftables;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Lower;

/// <summary>What of a cluster a node's table is made of, but for the peers.</summary>
/// <param name="Name">The node's name.</param>
/// <param name="Node">The node; null while there is none of that name.</param>
/// <param name="Pods">Its pods.</param>
/// <param name="Interfaces">Which interface is whose.</param>
/// <param name="Families">The families that pods of the cluster have addresses of.</param>
/// <param name="Settings">What its administrator decides.</param>
/// <param name="Claims">Addresses, of any node, that several pods claim.</param>
internal sealed record NodeView(
    string Name, Node? Node, ImmutableArray<LocalPod> Pods, PodInterfaces Interfaces,
    ImmutableArray<AddressFamily> Families, NodeSettings Settings, ImmutableArray<AddressClaim> Claims);

/// <summary>
/// A node's table without the elements of the sets that peers are looked up in: it costs what is on the node, not what
/// is in the cluster.
/// </summary>
/// <param name="Fixed">Counters, chains, and the sets and maps of the node's own pods.</param>
/// <param name="Maps">Which of the sets are last: verdict maps.</param>
/// <param name="Peers">The sets that peers are looked up in, by name.</param>
internal sealed record TableFrame(
    Ruleset Fixed, ImmutableArray<NftSet> Maps, IReadOnlyDictionary<string, PeerSet> Peers)
{
    /// <summary>The frame of a node's table; gates that did not change come from the memo.</summary>
    public static TableFrame Of(NodeView node, ChainMemo memo, CompiledPolicy policy)
    {
        memo.Begin(node.Settings.Mode, node.Families);
        var chains = new GateChains(memo, node.Families, node.Settings.Mode);
        var claims = new ClaimChains(policy, node);
        ImmutableArray<NftSet> maps = [.. GateMaps.All(node.Pods, node.Interfaces, chains), .. claims.Maps];
        var (regular, based) = BaseChains.All(
            node.Settings, maps.Any(map => map.Name == Names.ExemptLinks), node.Interfaces);
        memo.End();
        var comment = NftComment.Fit($"Palisade: NetworkPolicy for the pods of node {node.Name}");
        var table = new Ruleset(Names.Table(comment))
        {
            Counters = Counters(),
            Sets =
            [
                .. FixedSets(node.Pods, node.Node, node.Interfaces), .. Gated(maps), .. NameRules.Sets(node.Settings),
            ],
            Chains = [.. regular, .. chains.All, .. claims.Chains, .. based, .. NameRules.Chains(node.Settings)],
        };
        return new(DropLog.AddTo(table, node.Settings.LogGroup), maps, chains.Sets);
    }

    /// <summary>The whole table. O(members of the sets).</summary>
    public Ruleset Fill(CompiledPolicy policy) => Fixed with
    {
        Sets =
        [
            .. Fixed.Sets,
            .. Peers.Values.Select(set => new NftSet(set.Definition) { Elements = set.Elements(policy) }),
            .. Maps,
        ],
    };

    /// <summary>The whole table but that the sets of peers are empty.</summary>
    public Ruleset Unfilled() => Fixed with
    {
        Sets = [.. Fixed.Sets, .. Peers.Values.Select(set => new NftSet(set.Definition)), .. Maps],
    };

    private static ImmutableArray<NamedCounter> Counters() =>
    [
        new(Names.Spoofed) { Comment = "from a pod, with a source that is not its own" },
        new(Names.RogueAdvertisement) { Comment = "router advertisements and redirects from pods" },
        new(Names.RogueDiscovery) { Comment = "neighbour discovery from beyond the link" },
        new(Names.Tunnelled) { Comment = "from a pod, to a tunnel of its node" },
        new(Names.NoGate) { Comment = "from or to an interface that no known pod has claimed" },
        new(Names.Invalid) { Comment = "at a gate, fitting no connection" },
        new(Names.Untracked) { Comment = "at a gate, exempted from tracking" },
        new(Names.Cut) { Comment = "of connections that were allowed when they began, and are no more" },
        new(Names.Midstream) { Comment = "at a gate, TCP whose beginning was not seen" },
        new(Names.DeniedEgress) { Comment = "allowed by no egress rule" },
        new(Names.DeniedIngress) { Comment = "allowed by no ingress rule" },
        new(Names.RefusedEgress) { Comment = "denied by an egress rule of a ClusterNetworkPolicy" },
        new(Names.RefusedIngress) { Comment = "denied by an ingress rule of a ClusterNetworkPolicy" },
    ];

    private static IEnumerable<NftSet> FixedSets(ImmutableArray<LocalPod> pods, Node? node, PodInterfaces interfaces)
    {
        yield return Of(Names.Uplinks, KeyType.InterfaceName, "interfaces that lead out of the node",
            interfaces.Uplinks.Select(NftKey.Interface));
        yield return Of(Names.Pods, KeyType.InterfaceName, "interfaces of known pods; every other is unclaimed",
            interfaces.Pods.Select(NftKey.Interface));
        if (interfaces.Bridged.Names is { IsEmpty: false } bridges)
        {
            yield return Of(Names.Bridges, KeyType.InterfaceName, "bridges that known pods are ports of",
                bridges.Select(NftKey.Interface));
        }

        foreach (var family in (AddressFamily[])[AddressFamily.V4, AddressFamily.V6])
        {
            var suffix = (int)family;
            var address = AddressSets.TypeOf(family);
            var sources = interfaces.Sources.Where(source => source.Address.Family == family)
                .Select(source =>
                    NftKey.Concatenate(NftKey.Interface(source.Interface), AddressSets.KeyOf(source.Address)));
            var own = pods.SelectMany(pod => pod.Pod.Addresses).Where(a => a.Family == family).Distinct().Order();
            var selves = own.Select(AddressSets.KeyOf).Select(key => NftKey.Concatenate(key, key));
            var nodes = (node?.Addresses ?? []).Where(a => a.Family == family).Distinct().Order()
                .Select(AddressSets.KeyOf);
            yield return Of(
                $"source{suffix}", KeyType.Concatenate(KeyType.InterfaceName, address),
                "which address may come from which interface", sources);
            yield return Of(
                $"self{suffix}", KeyType.Concatenate(address, address), "a pod to itself, through a service", selves);
            yield return Of($"nodes{suffix}", address, "the node's own addresses", nodes);
        }
    }

    /// <summary>The addresses that have a gate in either direction.</summary>
    private static IEnumerable<NftSet> Gated(ImmutableArray<NftSet> maps)
    {
        foreach (var family in (AddressFamily[])[AddressFamily.V4, AddressFamily.V6])
        {
            var suffix = (int)family;
            string[] names = [$"{Names.Egress}{suffix}", $"{Names.Ingress}{suffix}"];
            var ways = maps.Where(map => names.Contains(map.Definition.Name));
            yield return Of(
                $"{Names.Gated}{suffix}", AddressSets.TypeOf(family), "pods of this node that some gate judges",
                ways.SelectMany(map => map.Elements).Select(element => element.Key).Distinct().Order());
        }
    }

    internal static NftSet Of(string name, KeyType key, string comment, IEnumerable<NftKey> keys) =>
        new(new(name, key) { Comment = comment }) { Elements = [.. keys.Select(k => new Element(k))] };
}
