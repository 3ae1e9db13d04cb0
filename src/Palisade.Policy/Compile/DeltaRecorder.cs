using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>
/// Remembers what was before a change, at the moment when something is about to change for the first time, and
/// compares when the change is over: what changed back did not change.
/// </summary>
internal sealed class DeltaRecorder
{
    private readonly PolicyState _state;
    private readonly Dictionary<int, (Endpoint? Pod, EndpointClass? Class)> _pods = [];
    private readonly Dictionary<AddressTerm, Dictionary<Address, bool>> _addresses = [];

    public DeltaRecorder(PolicyState state)
    {
        _state = state;
        state.Classes.PodTouched = Touch;
        state.Classes.PortsTouched = state.Gates.TouchPorts;
        state.Terms.Addresses.Touched = Touch;
    }

    /// <summary>A pod that is about to change, or to be in another class.</summary>
    public void Touch(int pod)
    {
        ref var before = ref CollectionsMarshal.GetValueRefOrAddDefault(_pods, pod, out var known);
        if (!known)
            before = (_state.Pods[pod], ClassOf(pod));
    }

    /// <summary>An address that is about to become, or to be no more, a member of a set.</summary>
    private void Touch(AddressTerm term, Address address)
    {
        if (term.IsNew)
            return;
        _state.TouchNamed(term);
        if (!_addresses.TryGetValue(term, out var members))
            _addresses[term] = members = [];
        members.TryAdd(address, term.Has(address));
    }

    /// <summary>
    /// What the change did, now that classes are settled; finds the gates of those that may have others.
    /// </summary>
    public PolicyDelta Find(Settled settled)
    {
        var classGates = ClassGates(settled);
        var pods = Pods();
        var delta = new PolicyDelta
        {
            Endpoints = pods,
            AppearedClasses = Ordered(settled.Appeared),
            VanishedClasses = Ordered(settled.Vanished),
            ChangedClasses = Changed(pods, settled),
            Gates = [.. _state.Gates.Changes()],
            ClassGates = classGates,
            Addresses = Addresses(),
        };
        _pods.Clear();
        _addresses.Clear();
        return delta;
    }

    private static ImmutableArray<EndpointClass> Ordered(IEnumerable<EndpointClass> classes) =>
        [.. classes.OrderBy(pods => pods.Id)];

    private EndpointClass? ClassOf(int pod) =>
        _state.Classes.ClassOf(pod) is >= 0 and var id ? _state.Classes.ClassAt(id) : null;

    private ImmutableArray<ClassGateChange> ClassGates(Settled settled)
    {
        var changes = new List<(EndpointClass Class, Direction Direction, GateCell? Before, GateCell? After)>();
        foreach (var direction in (ReadOnlySpan<Direction>)[Direction.Ingress, Direction.Egress])
        {
            foreach (var pods in settled.Vanished)
                _state.Gates.Remove(pods, direction);
            foreach (var pods in settled.Appeared)
                _state.Gates.Recheck(pods, direction);
            foreach (var pods in settled.Recheck)
            {
                var (before, after) = _state.Gates.Recheck(pods, direction);
                if (!ReferenceEquals(before, after))
                    changes.Add((pods, direction, before, after));
            }
        }

        return
        [
            .. changes.OrderBy(change => change.Class.Id).ThenBy(change => change.Direction)
                .Select(c => new ClassGateChange(c.Class, c.Direction, GateBefore(c.Before), c.After?.Gate)),
        ];
    }

    private static Gate? GateBefore(GateCell? cell) => cell is { IsTouched: true } ? cell.Before : cell?.Gate;

    private ImmutableArray<EndpointChange> Pods()
    {
        var changes = ImmutableArray.CreateBuilder<EndpointChange>(_pods.Count);
        foreach (var (id, (pod, of)) in _pods.OrderBy(pod => pod.Key))
        {
            var (podNow, ofNow) = (_state.Pods[id], ClassOf(id));
            var same = ReferenceEquals(pod, podNow) || (pod is not null && podNow is not null && pod.IsSame(podNow));
            if (!same || !ReferenceEquals(of, ofNow))
                changes.Add(new(id, pod, podNow, of, ofNow));
        }

        return changes.DrainToImmutable();
    }

    private static ImmutableArray<EndpointClass> Changed(ImmutableArray<EndpointChange> pods, Settled settled)
    {
        var changed = new HashSet<EndpointClass>();
        foreach (var pod in pods)
        {
            if (ReferenceEquals(pod.ClassBefore, pod.ClassAfter))
                continue;
            if (pod.ClassBefore is { } before)
                changed.Add(before);
            if (pod.ClassAfter is { } after)
                changed.Add(after);
        }

        changed.ExceptWith(settled.Appeared);
        changed.ExceptWith(settled.Vanished);
        return Ordered(changed);
    }

    private ImmutableArray<AddressSetChange> Addresses()
    {
        var changes = new List<AddressSetChange>();
        foreach (var (term, members) in _addresses)
        {
            ImmutableArray<Address> added = [.. members.Keys.Where(a => !members[a] && term.Has(a)).Order()];
            ImmutableArray<Address> removed = [.. members.Keys.Where(a => members[a] && !term.Has(a)).Order()];
            // A set that no rule mentions any more has nothing to tell.
            if (term.Uses > 0 && added.Length + removed.Length > 0)
                changes.Add(new(term.Set, added, removed));
        }

        return [.. changes.OrderBy(change => change.Set.ToString(), StringComparer.Ordinal)];
    }
}
