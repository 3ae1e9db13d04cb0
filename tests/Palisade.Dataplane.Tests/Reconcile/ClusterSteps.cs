using System.Collections.Immutable;
using Palisade.Dataplane.Network;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;

namespace Palisade.Dataplane.Tests.Reconcile;

/// <summary>How a cluster goes on from one random step to the next.</summary>
internal static class ClusterSteps
{
    /// <summary>
    /// Mostly a few things of the next cluster over the present one: a policy's rules, pods' labels and addresses,
    /// labels of namespaces; or something goes; sometimes all is new.
    /// </summary>
    public static ClusterSnapshot Step(ClusterSnapshot now, ClusterSnapshot next, int kind, int dice)
    {
        var (namespaces, pods, policies) = (now.Namespaces, now.Endpoints, now.NetworkPolicies);
        var tiers = now.ClusterNetworkPolicies;
        switch (kind)
        {
            case 0:
                return next;
            case 1:
                return now;
            case <= 3:
                policies = [.. policies, .. next.NetworkPolicies.Take(2)];
                tiers = [.. tiers, .. next.ClusterNetworkPolicies.Take(dice % 2)];
                break;
            case 4:
                policies = Without(policies, dice);
                tiers = Without(tiers, dice);
                break;
            case 5:
                pods = Without(pods, dice);
                break;
            case 6:
                namespaces = next.Namespaces;
                // What the conformance suite patches: priorities, and what a rule does.
                tiers = [.. tiers.Select((policy, i) => Patched(policy, dice + i))];
                break;
            case 7 when pods.Count(pod => !pod.HostNetwork) is var count and > 1:
                // An address that another pod had, or still has; the others have their node's, always.
                var own = pods.RemoveAll(pod => pod.HostNetwork);
                var taker = own[dice % count];
                var giver = own[(dice + 1 + dice / 7 % (count - 1)) % count];
                pods = [.. pods, taker with { Addresses = giver.Addresses }];
                if (dice % 3 != 0)
                    pods = [.. pods, giver with { Addresses = [] }];
                break;
            default:
                pods = [.. pods, .. next.Endpoints.Take(1 + dice % 3)];
                break;
        }

        return ClusterSnapshot.Of(namespaces, pods, policies, [], next.Nodes, tiers, next.DomainNames);
    }

    private static ClusterNetworkPolicy Patched(ClusterNetworkPolicy policy, int dice) => policy with
    {
        Priority = (policy.Priority + dice) % 4,
        Egress =
        [
            .. policy.Egress.Select(rule => rule with { Action = (ClusterAction)(((int)rule.Action + dice) % 3) }),
        ],
    };

    private static ImmutableArray<T> Without<T>(ImmutableArray<T> items, int dice) =>
        items.IsEmpty ? items : items.RemoveAt(dice % items.Length);

    /// <summary>
    /// Each pod of the node on an interface of its own, some not yet, two of them sharing one at times.
    /// </summary>
    public static NodeNetwork NetworkOf(ClusterSnapshot cluster, int dice) => NodeNetwork.Of(
        cluster.Endpoints.Where((pod, i) => pod.Node == "n1" && (i + dice) % 9 != 0)
            .SelectMany((pod, i) => pod.Addresses.Select(address =>
                new HostRoute(dice % 5 == 0 ? $"veth{i / 2}" : $"veth-{pod.Name}-15chr", address))),
        outward: ["eth0"]);

    /// <summary>What makes one cluster the other: the events that an API would send, in no special order.</summary>
    public static List<ClusterChange> Between(ClusterSnapshot from, ClusterSnapshot to)
    {
        var changes = new List<ClusterChange>();
        Compare(from.NetworkPolicies, to.NetworkPolicies, p => (p.Namespace, p.Name), ClusterChange.Put,
            key => ClusterChange.RemoveNetworkPolicy(key.Namespace, key.Name));
        Compare(from.ClusterNetworkPolicies, to.ClusterNetworkPolicies, p => p.Name, ClusterChange.Put,
            ClusterChange.RemoveClusterNetworkPolicy);
        Compare(from.Endpoints, to.Endpoints, p => (p.Namespace, p.Name), ClusterChange.Put,
            key => ClusterChange.RemoveEndpoint(key.Namespace, key.Name));
        Compare(from.Namespaces, to.Namespaces, n => n.Name, ClusterChange.Put, ClusterChange.RemoveNamespace);
        Compare(from.Nodes, to.Nodes, n => n.Name, ClusterChange.Put, ClusterChange.RemoveNode);
        Compare(from.DomainNames, to.DomainNames, d => d.Name, ClusterChange.Put, ClusterChange.RemoveDomainName);
        return changes;

        void Compare<T, TKey>(
            ImmutableArray<T> old, ImmutableArray<T> now, Func<T, TKey> key, Func<T, ClusterChange> put,
            Func<TKey, ClusterChange> remove)
            where TKey : notnull
        {
            var before = old.ToDictionary(key);
            var after = now.Select(key).ToHashSet();
            changes.AddRange(before.Keys.Where(gone => !after.Contains(gone)).Select(remove));
            changes.AddRange(now.Where(item => !before.TryGetValue(key(item), out var was) || !Equals(was, item))
                .Select(put));
        }
    }
}
