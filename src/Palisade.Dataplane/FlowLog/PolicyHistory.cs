using System.Collections.Immutable;
using Palisade.Dataplane.Network;
using Palisade.Policy.Compile;
using Palisade.Policy.Evaluate;
using Palisade.Policy.Model;

namespace Palisade.Dataplane.FlowLog;

/// <summary>What one table meant.</summary>
/// <param name="Generation">The resourceVersion up to which it did.</param>
/// <param name="Snapshot">The cluster it was made of.</param>
/// <param name="Network">The node's interfaces then.</param>
/// <param name="Since">When the kernel had it (a timestamp of the clock).</param>
internal sealed record PolicyView(ulong Generation, ClusterSnapshot Snapshot, NodeNetwork Network, long Since)
{
    private readonly Lazy<(CompiledPolicy, Evaluator)> _compiled = new(() =>
    {
        var policy = PolicyCompiler.Compile(Snapshot);
        return (policy, new(policy));
    });

    /// <summary>Compiled when first asked for: most tables never deny anything.</summary>
    public CompiledPolicy Policy => _compiled.Value.Item1;

    /// <summary>Answers by it.</summary>
    public Evaluator Evaluator => _compiled.Value.Item2;
}

/// <summary>
/// The last tables that were in force, newest first. Written by the loop that enforces, read by those who attribute:
/// neither waits for the other. It compiles for itself, so that nothing the loop changes in place is ever read.
/// </summary>
internal sealed class PolicyHistory(TimeProvider time)
{
    /// <summary>How many tables back a denied packet is looked for.</summary>
    public const int Depth = 4;

    private readonly Lock _lock = new();
    private PolicyView[] _views = [];

    /// <summary>The tables, newest first; none before the first.</summary>
    public IReadOnlyList<PolicyView> Views
    {
        get
        {
            lock (_lock)
                return _views;
        }
    }

    /// <summary>The kernel has this now; if its table is no other than before, only names and labels may be.</summary>
    public void Enforced(ClusterSnapshot snapshot, NodeNetwork network, ulong generation, bool changed)
    {
        lock (_lock)
        {
            if (!changed && _views is [var newest, ..])
            {
                if (!IsSame(newest.Snapshot, snapshot) || !IsSame(newest.Network, network))
                    _views = [new(generation, snapshot, network, newest.Since), .. _views[1..]];
                return;
            }

            var view = new PolicyView(generation, snapshot, network, time.GetTimestamp());
            _views = [view, .. _views.Take(Depth - 1)];
        }
    }

    /// <summary>Objects that did not change stay the same ones from snapshot to snapshot.</summary>
    private static bool IsSame(ClusterSnapshot a, ClusterSnapshot b) =>
        IsSame(a.Endpoints, b.Endpoints) && IsSame(a.NetworkPolicies, b.NetworkPolicies)
        && IsSame(a.ClusterNetworkPolicies, b.ClusterNetworkPolicies) && IsSame(a.Namespaces, b.Namespaces)
        && IsSame(a.Nodes, b.Nodes) && IsSame(a.DomainNames, b.DomainNames);

    private static bool IsSame(NodeNetwork a, NodeNetwork b) => a.Attached.SequenceEqual(b.Attached);

    private static bool IsSame<T>(ImmutableArray<T> a, ImmutableArray<T> b)
        where T : class
    {
        if (a.Length != b.Length)
            return false;
        for (var i = 0; i < a.Length; i++)
        {
            if (!ReferenceEquals(a[i], b[i]))
                return false;
        }

        return true;
    }
}
