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
    /// <summary>inet palisade: the one table that is ours.</summary>
    public static Table OurTable => Names.Table();

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
        var families = FamiliesOf(policy.Snapshot.Endpoints.SelectMany(pod => pod.Addresses).Select(a => a.Family));
        var view = new NodeView(
            node, NodeOf(policy.Snapshot, node), LocalPod.On(policy, node), interfaces, families, settings,
            AddressHolders.Of(policy).Claims(policy));
        return TableFrame.Of(view, new(), policy).Fill(policy);
    }

    private static Node? NodeOf(ClusterSnapshot snapshot, string name) =>
        snapshot.Nodes.FirstOrDefault(node => node.Name == name);

    /// <summary>The families that pods of the cluster have addresses of; IPv4 when there are none yet.</summary>
    internal static ImmutableArray<AddressFamily> FamiliesOf(IEnumerable<AddressFamily> ofPods)
    {
        var families = ofPods.Distinct().Order().ToImmutableArray();
        return families.IsEmpty ? [AddressFamily.V4] : families;
    }
}
