using System.Collections.Immutable;
using Palisade.Policy.Model;

namespace Palisade.Policy.Compile;

/// <summary>
/// The gates of classes. A class's gate is found when it is first asked for and kept; one object serves all classes
/// that the same policies concern.
/// </summary>
internal sealed class GateTable(TermTable terms, GateBuilder builder)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<GateKey, GateCell> _cells = [];
    private readonly Dictionary<PortName, List<Slot>> _egressNames = [];
    private readonly List<GateCell> _touched = [];
    private readonly List<PolicySlot> _isolating = [];
    private readonly List<ClusterSlot> _concerning = [];
    private readonly GateCell _none = new(new(Direction.Ingress, [], [], []), builder);

    // By class and direction; null where nobody has asked.
    private GateCell?[] _ofClass = [];

    /// <summary>The ClusterNetworkPolicies in the order in which they are asked; some may be gone until the change is
    /// over.</summary>
    public List<ClusterSlot> Cluster { get; } = [];

    public Gate? GateOf(int classId, Direction direction) => CellOf(classId, direction)?.Gate;

    /// <summary>The gate of a class in a direction, not necessarily built.</summary>
    public GateCell? CellOf(int classId, Direction direction)
    {
        var at = IndexOf(classId, direction);
        var cells = Volatile.Read(ref _ofClass);
        var cell = at < cells.Length ? Volatile.Read(ref cells[at]) : null;
        cell ??= Resolve(classId, direction);
        return ReferenceEquals(cell, _none) ? null : cell;
    }

    /// <summary>Notes the port names that a policy's egress rules leave to peers, in place of those it had.</summary>
    public void SetEgressNames(Slot slot, ImmutableArray<PortName> names)
    {
        foreach (var name in slot.EgressNames)
        {
            _egressNames[name].Remove(slot);
            if (_egressNames[name].Count == 0)
                _egressNames.Remove(name);
        }

        slot.EgressNames = names;
        foreach (var name in names)
        {
            if (!_egressNames.TryGetValue(name, out var slots))
                _egressNames[name] = slots = [];
            slots.Add(slot);
        }
    }

    /// <summary>To be called before what a policy says, or what it is about, changes.</summary>
    public void TouchAll(Slot slot)
    {
        foreach (var cell in slot.Cells)
            Renew(cell);
    }

    /// <summary>To be called before a class with named ports appears or vanishes.</summary>
    public void TouchPorts(EndpointClass pods)
    {
        foreach (var port in pods.NamedPorts)
        {
            if (!_egressNames.TryGetValue(PortName.Of(port), out var slots))
                continue;
            foreach (var slot in slots)
            {
                foreach (var cell in slot.Cells)
                {
                    if (cell.Key.Direction == Direction.Egress)
                        Renew(cell);
                }
            }
        }
    }

    /// <summary>A class that is gone has no gate.</summary>
    public void Remove(EndpointClass pods, Direction direction) => Set(IndexOf(pods.Id, direction), null);

    /// <summary>Finds the gate of a class again, and gives the one that it had and the one that it has.</summary>
    public (GateCell? Before, GateCell? After) Recheck(EndpointClass pods, Direction direction)
    {
        var at = IndexOf(pods.Id, direction);
        var before = at < _ofClass.Length ? _ofClass[at] : null;
        Set(at, Find(pods, direction) ?? _none);
        return (ReferenceEquals(before, _none) ? null : before, CellOf(pods.Id, direction));
    }

    /// <summary>The gates that the change under way has to do with, by id; those that no class has go.</summary>
    public IEnumerable<GateChange> Changes()
    {
        var changes = new List<GateChange>();
        foreach (var cell in _touched)
        {
            var after = cell.Users > 0 ? cell.Gate : null;
            var known = cell.Before ?? after;
            if (known is not null && (cell.Before is null || after is null || !cell.Before.SaysTheSame(after)))
                changes.Add(new(known.Id, cell.Before, after));
        }

        return changes.OrderBy(change => change.Id, StringComparer.Ordinal);
    }

    /// <summary>Ends a change.</summary>
    public void Close()
    {
        foreach (var cell in _touched)
        {
            cell.Close();
            if (cell.Users > 0 || !_cells.Remove(cell.Key))
                continue;
            foreach (var slot in cell.Key.Isolating)
                slot.Cells.Remove(cell);
            foreach (var slot in cell.Key.Cluster)
                slot.Cells.Remove(cell);
        }

        _touched.Clear();
        Cluster.RemoveAll(slot => slot.Compiled is null);
    }

    private static int IndexOf(int classId, Direction direction) => 2 * classId + (int)direction;

    private void Renew(GateCell cell)
    {
        Touch(cell);
        cell.Forget();
    }

    private void Touch(GateCell cell)
    {
        if (cell.Touch())
            _touched.Add(cell);
    }

    private GateCell Resolve(int classId, Direction direction)
    {
        lock (_lock)
        {
            var at = IndexOf(classId, direction);
            if (at < _ofClass.Length && _ofClass[at] is { } known)
                return known;
            var found = Find(terms.Classes.ClassAt(classId)!, direction) ?? _none;
            Reserve(at);
            if (!ReferenceEquals(found, _none))
                found.Users++;
            Volatile.Write(ref _ofClass[at], found);
            return found;
        }
    }

    private void Set(int at, GateCell? cell)
    {
        Reserve(at);
        var before = _ofClass[at];
        if (ReferenceEquals(before, cell))
            return;
        foreach (var (one, by) in (ReadOnlySpan<(GateCell?, int)>)[(before, -1), (cell, 1)])
        {
            if (one is null || ReferenceEquals(one, _none))
                continue;
            // A gate comes with its first class and goes with its last.
            if (one.Users == (by < 0 ? 1 : 0))
                Touch(one);
            one.Users += by;
        }

        _ofClass[at] = cell;
    }

    private void Reserve(int at)
    {
        if (at < _ofClass.Length)
            return;
        var grown = new GateCell?[Math.Max(2 * terms.Classes.Limit, _ofClass.Length * 5 / 4) + 2];
        _ofClass.CopyTo(grown, 0);
        Volatile.Write(ref _ofClass, grown);
    }

    private GateCell? Find(EndpointClass subject, Direction direction)
    {
        FindPolicies(subject, direction);
        if (_isolating.Count == 0 && _concerning.Count == 0)
            return null;
        var key = new GateKey(
            direction, [.. _isolating], [.. _concerning],
            direction == Direction.Ingress ? PortsNamed(subject, direction) : []);
        // What makes gates the same must not depend on priorities, which change what they say.
        Array.Sort(key.Cluster, (one, other) => string.CompareOrdinal(one.Name, other.Name));
        if (_cells.TryGetValue(key, out var cell))
            return cell;
        _cells[key] = cell = new(key, builder);
        foreach (var slot in key.Isolating)
            slot.Cells.Add(cell);
        foreach (var slot in key.Cluster)
            slot.Cells.Add(cell);
        return cell;
    }

    private void FindPolicies(EndpointClass subject, Direction direction)
    {
        _isolating.Clear();
        _concerning.Clear();
        // A class without a namespace of its own is in none that holds policies.
        foreach (var slot in subject.Group.Name?.Policies ?? [])
        {
            if (slot.Compiled is { } p && p.Policy.Isolates(direction) && p.Subject.Contains(subject.RestrictedLabels))
                _isolating.Add(slot);
        }

        foreach (var slot in Cluster)
        {
            if (slot.Compiled is { } p && !p.Rules(direction).IsEmpty && p.Subject.Contains(subject))
                _concerning.Add(slot);
        }
    }

    /// <summary>The ports of the subject that rules of a direction name.</summary>
    private ImmutableArray<NamedPort> PortsNamed(EndpointClass subject, Direction direction)
    {
        if (subject.NamedPorts.IsEmpty)
            return [];
        var names = _isolating.SelectMany(slot => slot.Compiled!.Rules(direction))
            .Concat(_concerning.SelectMany(slot => slot.Compiled!.Rules(direction)).Select(rule => rule.Rule))
            .SelectMany(rule => rule.Names).ToHashSet();
        return [.. subject.NamedPorts.Where(p => names.Contains(PortName.Of(p)))];
    }
}
