using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;

namespace Palisade.Tests.Shared;

/// <summary>
/// Who an end of a connection is: a pod, else a node by name (empty: nobody knows which), else external (both null).
/// </summary>
internal readonly record struct Who(Endpoint? Pod, string? Node, Address? Address);

/// <summary>
/// ClusterNetworkPolicy as semantics.md §3 tells it, rule by rule, over the model: the second judge's other half.
/// </summary>
internal sealed class NaiveClusterTiers(ClusterSnapshot cluster)
{
    /// <summary>§3.3: by priority, then name; rules top to bottom; the first match. Null: none matches.</summary>
    public ClusterAction? Decide(ClusterTier tier, Direction direction, Endpoint subject, Who peer, Who to, Probe probe)
    {
        var policies = cluster.ClusterNetworkPolicies.Where(p => p.Tier == tier).ToList();
        policies.Sort((a, b) => a.Priority != b.Priority
            ? a.Priority.CompareTo(b.Priority)
            : string.CompareOrdinal(a.Name, b.Name));
        foreach (var policy in policies.Where(p => IsAmong(p.Subject, subject)))
        {
            foreach (var rule in direction == Direction.Ingress ? policy.Ingress : policy.Egress)
            {
                if (!IsClear(rule, direction))
                {
                    // §3.3, fail closed: Accept matches nothing, Deny and Pass are "Deny all".
                    if (rule.Action != ClusterAction.Accept)
                        return ClusterAction.Deny;
                    continue;
                }

                if (Matches(rule, peer, to, probe))
                    return rule.Action;
            }
        }

        return null;
    }

    public bool Matches(ClusterRule rule, Who peer, Who to, Probe probe) =>
        rule.Peers.Any(p => PeerMatches(p, peer))
            && (rule.Protocols.Length == 0 || rule.Protocols.Any(p => PortMatches(p, probe, to.Pod)));

    /// <summary>
    /// §3.2: every rule has peers; ingress peers are pods only; domainNames only accept. Anything else is not
    /// understood.
    /// </summary>
    public static bool IsClear(ClusterRule rule, Direction direction)
    {
        if (rule.NotUnderstood || rule.Peers.Length == 0)
            return false;
        if (direction == Direction.Ingress && rule.Peers.Any(p => p is not ClusterPodPeer))
            return false;
        return rule.Action == ClusterAction.Accept || !rule.Peers.Any(p => p is DomainNamesPeer);
    }

    private bool PeerMatches(ClusterPeer peer, Who who) => peer switch
    {
        ClusterPodPeer pods => who.Pod is { } pod && IsAmong(pods.Pods, pod),
        NetworksPeer networks => who.Address is { } at && networks.Blocks.Any(b => NaiveEvaluator.InBlock(b, at)),
        NodesPeer nodes => who.Address is { } at && cluster.Nodes.Any(node =>
            NaiveEvaluator.Selects(nodes.Nodes, node.Labels) && HasAddress(node, at)),
        DomainNamesPeer domains => who.Address is { } at && cluster.DomainNames.Any(known =>
            known.Addresses.Contains(at) && domains.Names.Any(name => NameCovers(name, known.Name))),
        _ => false,
    };

    /// <summary>All of status.addresses; a hostNetwork pod listens on its node's.</summary>
    private bool HasAddress(Node node, Address address) => node.Addresses.Contains(address)
        || cluster.Endpoints.Any(p => p.HostNetwork && p.Node == node.Name && p.Addresses.Contains(address));

    /// <summary>§3.3: protocols never match ICMP; a name has the protocol its destination declares.</summary>
    private static bool PortMatches(ClusterPort port, Probe probe, Endpoint? destination)
    {
        if (probe.Protocol == Protocol.Other)
            return false;
        if (port.Name is null)
            return port.Protocol == probe.Protocol && probe.Port >= port.First && probe.Port <= port.Last;
        return destination is not null && destination.NamedPorts.Any(declared =>
            declared.Name == port.Name && declared.Protocol == probe.Protocol && declared.Number == probe.Port);
    }

    /// <summary>Label by label from the right, as resolvers read names.</summary>
    private static bool NameCovers(string pattern, string name)
    {
        var (wanted, has) = (LabelsOf(pattern), LabelsOf(name));
        if (wanted[^1] != "*")
            return wanted.SequenceEqual(has, StringComparer.OrdinalIgnoreCase);
        var below = wanted.SkipLast(1).ToList();
        return has.Count > below.Count && has.Take(below.Count).SequenceEqual(below, StringComparer.OrdinalIgnoreCase);
    }

    private static List<string> LabelsOf(string name)
    {
        var labels = name.Split('.').ToList();
        if (labels[^1].Length == 0)
            labels.RemoveAt(labels.Count - 1);
        labels.Reverse();
        return labels;
    }

    private bool IsAmong(ClusterPods pods, Endpoint pod) =>
        NaiveEvaluator.Selects(pods.Namespaces, cluster.Namespaces.Single(ns => ns.Name == pod.Namespace).Labels)
            && NaiveEvaluator.Selects(pods.Pods, pod.Labels);
}
