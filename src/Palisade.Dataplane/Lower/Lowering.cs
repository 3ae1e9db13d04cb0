using System.Collections.Immutable;
using Palisade.Dataplane.Network;
using Palisade.Nftables;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Lower;

/// <summary>
/// From what policies mean to what one node's kernel is told: the table inet palisade. Pure and deterministic. Only
/// pods of the node have gates; a gate's chain and its sets are named by what they mean, so that pods that come and go
/// change set and map elements only.
/// </summary>
public static class Lowering
{
    /// <summary>The ruleset of a node whose network is known.</summary>
    /// <param name="policy">The compiled cluster.</param>
    /// <param name="node">The node's name; a name no Node has means no addresses of its own.</param>
    /// <param name="network">What the node's network stack says.</param>
    /// <param name="settings">What the node's administrator says.</param>
    public static Ruleset Lower(CompiledPolicy policy, string node, NodeNetwork network, NodeSettings settings)
    {
        var pods = LocalPod.On(policy, node).Select(local => local.Pod);
        return Lower(policy, node, PodInterfaces.Of(network, pods, NodeOf(policy.Snapshot, node), settings), settings);
    }

    /// <summary>The ruleset of a node with these interfaces.</summary>
    public static Ruleset Lower(CompiledPolicy policy, string node, PodInterfaces interfaces, NodeSettings settings)
    {
        var pods = LocalPod.On(policy, node);
        var sets = new AddressSets(policy);
        var chains = new GateChains(new(sets, FamiliesOf(policy.Snapshot)), settings.Mode);
        var maps = GateMaps.All(pods, interfaces, chains);
        var (regular, based) = BaseChains.All(settings, maps.Any(map => map.Name == Names.ExemptLinks));
        var ruleset = new Ruleset(Names.Table(NftComment.Fit($"Palisade: NetworkPolicy for the pods of node {node}")))
        {
            Counters = Counters(),
            Sets =
            [
                .. FixedSets(pods, NodeOf(policy.Snapshot, node), interfaces), .. Gated(maps), .. sets.All, .. maps,
            ],
            Chains = [.. regular, .. chains.All, .. based],
        };
        return DropLog.AddTo(ruleset, settings.LogGroup);
    }

    private static Node? NodeOf(ClusterSnapshot snapshot, string name) =>
        snapshot.Nodes.FirstOrDefault(node => node.Name == name);

    /// <summary>The families that pods of the cluster have addresses of; IPv4 when there are none yet.</summary>
    private static ImmutableArray<AddressFamily> FamiliesOf(ClusterSnapshot snapshot)
    {
        var families = snapshot.Endpoints.SelectMany(pod => pod.Addresses).Select(address => address.Family).Distinct()
            .Order().ToImmutableArray();
        return families.IsEmpty ? [AddressFamily.V4] : families;
    }

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

    private static NftSet Of(string name, KeyType key, string comment, IEnumerable<NftKey> keys) =>
        new(new(name, key) { Comment = comment }) { Elements = [.. keys.Select(k => new Element(k))] };
}
