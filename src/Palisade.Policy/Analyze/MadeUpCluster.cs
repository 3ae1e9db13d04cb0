using System.Collections.Immutable;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Analyze;

/// <summary>
/// A cluster made up so that ClusterNetworkPolicies can be compared by themselves: pods that two policies of equal
/// priority are both about, and pods that both have as peers. Of nodes and domain names there are none.
/// </summary>
public sealed class MadeUpCluster
{
    // Comparing costs pods² × addresses: a second where policies are as large as they may be. More finds little more.
    private const int MostPods = 200;
    private const int MostBlocks = 32;

    // TEST-NET-1 (RFC 5737): in no block that a policy names on purpose.
    private static readonly Address Anywhere = Address.Parse("192.0.2.1");

    private readonly Dictionary<(LabelSet Namespace, LabelSet Pod), Endpoint> _pods = [];
    private readonly Dictionary<string, LabelSet> _namespaces = new(StringComparer.Ordinal);

    private MadeUpCluster()
    {
    }

    /// <summary>The policies in a cluster of such pods alone.</summary>
    public static ClusterSnapshot For(IEnumerable<ClusterNetworkPolicy> policies)
    {
        var all = policies.ToImmutableArray();
        var cluster = new MadeUpCluster();
        foreach (var (one, other) in ConflictFinder.Pairs(all, policy => policy))
        {
            if (cluster._pods.Count >= MostPods)
                break;
            cluster.AddPair(one, other);
        }

        return ClusterSnapshot.Of(
            namespaces: cluster._namespaces.Select(ns => new Namespace(ns.Key, ns.Value)),
            endpoints: cluster._pods.Values, clusterNetworkPolicies: all);
    }

    private void AddPair(ClusterNetworkPolicy one, ClusterNetworkPolicy other)
    {
        var rules = (ImmutableArray<ClusterRule>)
            [.. one.Ingress, .. one.Egress, .. other.Ingress, .. other.Egress];
        if (!Add(one.Subject, other.Subject, rules))
            return;
        var (own, others) = (PodsOf(one), PodsOf(other));
        foreach (var peer in own.Concat(others).Distinct())
            Add(peer, peer, rules);
        foreach (var (first, second) in own.SelectMany(first => others.Select(second => (first, second))))
        {
            if (_pods.Count < MostPods)
                Add(first, second, rules);
        }
    }

    private static ImmutableArray<ClusterPods> PodsOf(ClusterNetworkPolicy policy) =>
    [
        .. policy.Ingress.Concat(policy.Egress).SelectMany(rule => rule.Peers).OfType<ClusterPodPeer>()
            .Select(peer => peer.Pods).Distinct(),
    ];

    /// <summary>Makes a pod that is in both sets, if there can be one.</summary>
    private bool Add(ClusterPods one, ClusterPods other, ImmutableArray<ClusterRule> rules)
    {
        if (Meeting(one.Namespaces, other.Namespaces) is not { } ns || Meeting(one.Pods, other.Pods) is not { } labels)
            return false;
        if (_pods.ContainsKey((ns, labels)))
            return true;
        var name = ns.ValueOf(ClusterSnapshot.NameLabel) ?? $"made-up-{_namespaces.Count + 1}";
        if (_namespaces.TryGetValue(name, out var known) && !known.Equals(ns))
            return false;
        _namespaces[name] = ns;
        _pods[(ns, labels)] = new()
        {
            Namespace = name,
            Name = $"made-up-{_pods.Count + 1}",
            Labels = labels,
            Addresses = [Anywhere, .. Blocks(rules).Select(block => block.First).Distinct().Take(MostBlocks)],
            NamedPorts = [.. Names(rules).Select((port, i) => new NamedPort(port, Protocol.Tcp, (ushort)(8000 + i)))],
        };
        return true;
    }

    private static IEnumerable<Cidr> Blocks(ImmutableArray<ClusterRule> rules) =>
        rules.SelectMany(rule => rule.Peers).OfType<NetworksPeer>().SelectMany(peer => peer.Blocks);

    private static IEnumerable<string> Names(ImmutableArray<ClusterRule> rules) =>
        rules.SelectMany(rule => rule.Protocols).Select(port => port.Name).OfType<string>().Distinct();

    /// <summary>The fewest labels that both selectors match; null when none do.</summary>
    private static LabelSet? Meeting(LabelSelector one, LabelSelector other)
    {
        var labels = LabelSet.Empty;
        foreach (var same in one.Requirements.Concat(other.Requirements).GroupBy(requirement => requirement.Key))
        {
            // Where nothing asks for the key, it is absent, which NotIn and DoesNotExist match.
            if (!same.Any(r => r.Operator is SelectorOperator.In or SelectorOperator.Exists))
                continue;
            var meeting = same.SelectMany(r => r.Values).Append("any")
                .Select(value => LabelSet.Empty.With(same.Key, value))
                .FirstOrDefault(label => same.All(requirement => requirement.Matches(label)));
            if (meeting is null)
                return null;
            labels = labels.With(same.Key, meeting.ValueOf(same.Key)!);
        }

        return labels;
    }
}
