using Palisade.Policy.Model;

namespace Palisade.Policy.Compile;

/// <summary>
/// Keeps a cluster's policy compiled while its objects come, change and go, and says exactly what each change did. A
/// change costs what it touches: a pod like others next to nothing, a label that policies begin to mention the pods
/// that have it, a policy the classes that it selects. One writer; nobody may read <see cref="Policy"/> while it
/// writes.
/// </summary>
public sealed class PolicyEngine
{
    private readonly PolicyState _state = new();
    private readonly ClusterObjects _objects;
    private readonly DeltaRecorder _recorder;
    private bool _isBroken;

    /// <summary>An engine of this cluster. The gates of all classes are found at once, but not built.</summary>
    public PolicyEngine(ClusterSnapshot snapshot)
    {
        _state.Load(snapshot);
        _objects = new(_state, snapshot);
        _recorder = new(_state);
        foreach (var pods in _state.Classes.All)
        {
            _state.Gates.CellOf(pods.Id, Direction.Ingress);
            _state.Gates.CellOf(pods.Id, Direction.Egress);
        }

        Policy = new(_state, _objects.ToSnapshot);
    }

    /// <summary>
    /// The cluster's policy: one object that changes with each <see cref="Apply(ClusterChange)"/>.
    /// </summary>
    public CompiledPolicy Policy { get; }

    /// <summary>Changes one object.</summary>
    public PolicyDelta Apply(ClusterChange change) => Apply([change]);

    /// <summary>Changes several objects, one after the other, and tells what all of them together did.</summary>
    /// <exception cref="InvalidOperationException">
    /// A change before this one failed half-way, so what is kept is neither the cluster before it nor after it.
    /// </exception>
    public PolicyDelta Apply(IReadOnlyList<ClusterChange> changes)
    {
        if (_isBroken)
            throw new InvalidOperationException("a change failed half-way: load the cluster into a new engine");
        _isBroken = true;
        var delta = Change(changes);
        _isBroken = false;
        return delta;
    }

    private PolicyDelta Change(IReadOnlyList<ClusterChange> changes)
    {
        var changed = false;
        foreach (var change in changes)
            changed |= _objects.Apply(change, _recorder);
        if (!changed)
            return PolicyDelta.None;
        var delta = _recorder.Find(_state.Settle());
        _objects.Close();
        _state.Close();
        Policy.Change();
        return delta;
    }
}
