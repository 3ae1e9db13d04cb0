using System.Collections.Immutable;
using Palisade.Policy.Model;

namespace Palisade.Policy.Compile;

/// <summary>Compiles what policies say into decisions. The only reader of rule semantics.</summary>
public static class PolicyCompiler
{
    /// <summary>
    /// The decision of a snapshot. O(pods × their labels + rules); gates are built later, when asked for.
    /// </summary>
    public static CompiledPolicy Compile(ClusterSnapshot snapshot)
    {
        var state = new PolicyState();
        state.Load(snapshot);
        return new(state, () => snapshot);
    }
}

/// <summary>A policy with its rules compiled; a direction in which it does not isolate has none.</summary>
internal sealed record CompiledNetworkPolicy(
    NetworkPolicy Policy, SelectorTerm Subject, ImmutableArray<CompiledRule> Ingress,
    ImmutableArray<CompiledRule> Egress)
{
    public ImmutableArray<CompiledRule> Rules(Direction direction) => direction == Direction.Ingress ? Ingress : Egress;
}
