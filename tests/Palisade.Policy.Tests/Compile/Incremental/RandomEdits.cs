using System.Collections.Immutable;
using CsCheck;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;
using Palisade.Tests.Shared;

namespace Palisade.Policy.Tests.Compile.Incremental;

/// <summary>Objects that differ from others in one respect, or in none.</summary>
internal sealed class RandomEdits(ClusterShape shape, PCG random)
{
    private const int NodeNames = 3;

    private static readonly ImmutableArray<string> Keys = ["app", "tier", "k", "other"];
    private static readonly ImmutableArray<string> Values = ["", "a", "b", "c", "d"];

    public T Draw<T>(Gen<T> gen) => gen.Generate(random, null, out _);

    public ClusterNetworkPolicy NewClusterPolicy() => Draw(RandomClusterPolicies.Policy(shape, NodeNames));

    public Endpoint Change(Endpoint pod) => Below(12) switch
    {
        0 or 1 => pod with { Labels = Draw(RandomClusters.Labels) },
        2 or 3 => pod with { Labels = pod.Labels.With(Pick(Keys), Pick(Values)) },
        4 => pod with { Labels = LabelSet.Of(pod.Labels.Pairs.Skip(1)) },
        5 => pod with { Addresses = Draw(RandomClusters.PodAt(shape, NodeNames, Below(12))).Addresses },
        6 => pod with { Addresses = [.. pod.Addresses.Reverse()] },
        7 => pod with { Node = Pick(["", "n1", "n2", "n4", "unknown"]) },
        8 => pod with { HostNetwork = !pod.HostNetwork },
        9 => pod with { NamedPorts = Draw(RandomClusters.NamedPorts) },
        10 => pod with { Workload = new("Deployment", Pick(["web", "db"])), Origin = SomeLine() },
        _ => pod with
        {
            Labels = LabelSet.Of(pod.Labels.Pairs),
            Addresses = [.. pod.Addresses],
            NamedPorts = [.. pod.NamedPorts],
        },
    };

    public NetworkPolicy Change(NetworkPolicy policy) => Below(10) switch
    {
        0 => policy with { Subject = Draw(RandomClusters.PodSelector) },
        1 => policy with { IsolatesIngress = !policy.IsolatesIngress },
        2 => policy with { IsolatesEgress = !policy.IsolatesEgress },
        3 or 4 => policy with { Ingress = Change(policy.Ingress) },
        5 or 6 => policy with { Egress = Change(policy.Egress) },
        7 => policy with { Ingress = policy.Egress, Egress = policy.Ingress },
        8 => policy with { Origin = SomeLine() },
        _ => policy with { Ingress = [.. policy.Ingress], Egress = [.. policy.Egress] },
    };

    public ClusterNetworkPolicy Change(ClusterNetworkPolicy policy) => Below(10) switch
    {
        0 => policy with { Priority = Below(4) },
        1 => policy with { Tier = policy.Tier == ClusterTier.Admin ? ClusterTier.Baseline : ClusterTier.Admin },
        2 => policy with { Subject = NewClusterPolicy().Subject },
        3 or 4 => policy with { Ingress = Change(policy.Ingress) },
        5 or 6 => policy with { Egress = Change(policy.Egress) },
        7 => policy with { Egress = [.. policy.Egress.Reverse()] },
        8 => policy with { Origin = SomeLine() },
        _ => policy with { Ingress = [.. policy.Ingress], Egress = [.. policy.Egress] },
    };

    private ImmutableArray<PolicyRule> Change(ImmutableArray<PolicyRule> rules)
    {
        var other = Draw(RandomClusters.Rule(shape, NodeNames));
        if (rules.IsEmpty)
            return [other];
        var at = Below(rules.Length);
        return Below(5) switch
        {
            0 => rules.SetItem(at, rules[at] with { Ports = other.Ports }),
            1 => rules.SetItem(at, rules[at] with { Peers = other.Peers }),
            2 => rules.RemoveAt(at),
            3 => rules.Insert(at, other),
            _ => [.. rules.Reverse()],
        };
    }

    private ImmutableArray<ClusterRule> Change(ImmutableArray<ClusterRule> rules)
    {
        var others = NewClusterPolicy() is var policy && !policy.Egress.IsEmpty ? policy.Egress : policy.Ingress;
        if (rules.IsEmpty || others.IsEmpty)
            return others;
        var at = Below(rules.Length);
        return Below(5) switch
        {
            0 => rules.SetItem(at, rules[at] with { Action = (ClusterAction)Below(3) }),
            1 => rules.SetItem(at, rules[at] with { Peers = others[0].Peers }),
            2 => rules.SetItem(at, rules[at] with { Protocols = others[0].Protocols }),
            3 => rules.RemoveAt(at),
            _ => rules.Insert(at, others[0]),
        };
    }

    private SourceLocation SomeLine() => new("policies.yaml", 1 + Below(3), 1);

    private T Pick<T>(ImmutableArray<T> items) => items[Below(items.Length)];

    private int Below(int limit) => (int)random.Next((uint)limit);
}
