using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>Compiles what policies say into decisions. The only reader of rule semantics.</summary>
public static class PolicyCompiler
{
    /// <summary>
    /// The decision of a snapshot. O(pods × their labels + rules); gates are built later, when asked for.
    /// </summary>
    public static CompiledPolicy Compile(ClusterSnapshot snapshot) =>
        Compile(snapshot, [.. snapshot.Endpoints]);

    /// <summary>The same with the ids that the pods are to have: their indices, null where an id is free.</summary>
    internal static CompiledPolicy Compile(ClusterSnapshot snapshot, ImmutableArray<Endpoint?> endpoints)
    {
        var pool = new PortSetPool();
        var rules = new RuleCompiler(pool);
        var policies = snapshot.NetworkPolicies.Select(p => CompiledNetworkPolicy.Of(p, rules)).ToImmutableArray();
        var cluster = new ClusterCompiler(rules, snapshot);
        var clusterPolicies = cluster.Compile();
        var table = new ClassTable(snapshot, endpoints, rules.Vocabulary);
        var blocks = rules.Blocks.SelectMany(term => term.Block.Except.Append(term.Block.Block));
        var addresses = cluster.Addresses.Values.SelectMany(term => term.Addresses);
        var atoms = CidrAtoms.Of(blocks.Concat(addresses.Select(address => new Cidr(address, address.Width))));
        foreach (var term in rules.Pods.Values)
            term.Bind(table);
        foreach (var term in rules.Blocks)
            term.Bind(atoms);
        foreach (var term in cluster.Addresses.Values)
            term.Bind(atoms);
        var gates = new GateBuilder(table, policies, clusterPolicies, pool);
        return new(snapshot, endpoints, table, atoms, rules.Pods, cluster.Addresses, gates, clusterPolicies);
    }
}

/// <summary>A policy with its rules compiled; a direction in which it does not isolate has none.</summary>
internal sealed record CompiledNetworkPolicy(
    NetworkPolicy Policy, ImmutableArray<CompiledRule> Ingress, ImmutableArray<CompiledRule> Egress)
{
    public ImmutableArray<CompiledRule> Rules(Direction direction) => direction == Direction.Ingress ? Ingress : Egress;

    public static CompiledNetworkPolicy Of(NetworkPolicy policy, RuleCompiler rules)
    {
        rules.Vocabulary.MentionNamespace(policy.Namespace);
        rules.Vocabulary.MentionPods(policy.Subject);
        return new(policy, rules.Compile(policy, Direction.Ingress), rules.Compile(policy, Direction.Egress));
    }
}
