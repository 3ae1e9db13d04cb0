using System.Collections.Immutable;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Cut;

/// <summary>
/// Which connections a change may have made allowed or denied: those from or to some addresses, or all.
/// </summary>
/// <param name="Addresses">Sorted and distinct; null: all connections.</param>
public sealed record CutScope(ImmutableArray<Address>? Addresses)
{
    /// <summary>Every connection: at a start, after a relist, when the node's own addresses changed.</summary>
    public static CutScope Everything { get; } = new((ImmutableArray<Address>?)null);

    /// <summary>No connection.</summary>
    public static CutScope Nothing { get; } = new([]);

    /// <summary>Whether there is nothing to look at.</summary>
    public bool IsNothing => Addresses is [];

    /// <summary>What a change of the policy concerns on a node. O(pods) only where gates or classes changed.</summary>
    /// <param name="delta">What changed.</param>
    /// <param name="policy">The policy after it.</param>
    /// <param name="node">The node whose pods count.</param>
    public static CutScope Of(PolicyDelta delta, CompiledPolicy policy, string node)
    {
        var found = new SortedSet<Address>();
        foreach (var change in delta.Endpoints)
        {
            found.UnionWith(change.Before?.Addresses ?? []);
            found.UnionWith(change.After?.Addresses ?? []);
        }

        foreach (var change in delta.Addresses)
        {
            found.UnionWith(change.Added);
            found.UnionWith(change.Removed);
        }

        if (!delta.Gates.IsEmpty || !delta.ClassGates.IsEmpty)
            AddPods(found, delta, policy, node);
        return new([.. found]);
    }

    /// <summary>Both.</summary>
    public CutScope With(CutScope other) => Addresses is { } mine && other.Addresses is { } others
        ? new([.. mine.Union(others).Order()])
        : Everything;

    private static void AddPods(SortedSet<Address> found, PolicyDelta delta, CompiledPolicy policy, string node)
    {
        var gates = delta.Gates.Select(change => change.Id).ToHashSet(StringComparer.Ordinal);
        var classes = delta.ClassGates.Select(change => change.Class.Id).ToHashSet();
        for (var id = 0; id < policy.EndpointLimit; id++)
        {
            if (policy.EndpointAt(id) is not { HostNetwork: false } pod || pod.Node != node)
                continue;
            var of = policy.ClassOf(id);
            if (classes.Contains(of) || Has(of, Direction.Ingress) || Has(of, Direction.Egress))
                found.UnionWith(pod.Addresses);
        }

        bool Has(int of, Direction direction) =>
            of >= 0 && policy.GateOf(of, direction) is { } gate && gates.Contains(gate.Id);
    }
}
