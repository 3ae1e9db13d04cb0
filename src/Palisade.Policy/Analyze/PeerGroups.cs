using System.Collections.Immutable;
using Palisade.Policy.Compile;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Analyze;

/// <summary>
/// Pods of one class whose addresses of a family lie in one atom: no gate tells them apart as peers, nor as subjects.
/// </summary>
/// <param name="Id">0 to the number of groups - 1; the groups of a class are neighbours.</param>
/// <param name="Class">Their class.</param>
/// <param name="Atom">The atom of the family that their addresses lie in; null for pods without one.</param>
/// <param name="Endpoints">Their ids, ascending. Never empty.</param>
public sealed record PeerGroup(int Id, int Class, int? Atom, ImmutableArray<int> Endpoints);

/// <summary>The groups of a policy in one family, and how sets of classes and of atoms become sets of groups.</summary>
internal sealed class PeerGroups
{
    private readonly int _firstAtom;
    private readonly int[] _groupOf;
    private readonly int[] _firstOfClass;
    private readonly int[] _usedAtoms;
    private readonly IdSet[] _ofUsedAtom;
    private readonly bool _oneEach;

    public PeerGroups(CompiledPolicy policy, AddressFamily family)
    {
        _firstAtom = policy.Atoms.FirstOf(family);
        var groups = ImmutableArray.CreateBuilder<PeerGroup>();
        _groupOf = new int[policy.EndpointLimit];
        Array.Fill(_groupOf, -1);
        var classes = policy.Classes;
        // Ids of classes ascend, but some may be free.
        _firstOfClass = new int[classes.IsEmpty ? 1 : classes[^1].Id + 2];
        foreach (var pods in classes)
        {
            _firstOfClass[pods.Id] = groups.Count;
            foreach (var same in pods.Endpoints.GroupBy(AtomOf).OrderBy(same => same.Key))
                groups.Add(new(groups.Count, pods.Id, same.Key < 0 ? null : same.Key, [.. same]));
            // Until the next class says where it begins; for a free id nobody asks.
            _firstOfClass[pods.Id + 1] = groups.Count;
        }

        All = groups.ToImmutable();
        foreach (var group in All)
        {
            foreach (var pod in group.Endpoints)
                _groupOf[pod] = group.Id;
        }

        // Then a set of classes is a set of groups as it is.
        _oneEach = All.All(group => group.Id == group.Class);
        Everyone = IdSet.Below(All.Length);
        var byAtom = All.GroupBy(group => group.Atom ?? -1, group => group.Id).OrderBy(same => same.Key).ToList();
        _usedAtoms = [.. byAtom.Select(same => same.Key)];
        _ofUsedAtom = [.. byAtom.Select(same => IdSet.Of(same))];

        int AtomOf(int pod) => policy.EndpointAt(pod)!.AddressOf(family) is { } at ? policy.Atoms.AtomOf(at) : -1;
    }

    public ImmutableArray<PeerGroup> All { get; }

    public IdSet Everyone { get; }

    /// <summary>The group of a pod by its id; -1 for hostNetwork pods and free ids.</summary>
    public int Of(int endpoint) => _groupOf[endpoint];

    /// <summary>What a gate lets through of a group.</summary>
    public PortSet PortsFor(GateCells cells, PeerGroup peer) =>
        cells.PortsFor(peer.Class, peer.Atom is { } atom ? _firstAtom + atom : -1, exempt: false);

    public IdSet OfClasses(IdSet classes) => _oneEach
        ? classes
        : IdSet.Of(classes.SelectMany(id => Enumerable.Range(
            _firstOfClass[id], _firstOfClass[id + 1] - _firstOfClass[id])));

    /// <summary>The groups whose atom is at least the first and below the end; -1 is no address.</summary>
    public IdSet OfAtoms(int first, int end)
    {
        var groups = IdSet.Empty;
        for (var i = Lowest(first); i < _usedAtoms.Length && _usedAtoms[i] < end; i++)
            groups = groups.Or(_ofUsedAtom[i]);
        return groups;
    }

    /// <summary>How many atoms that pods have lie from the first to before the end: what OfAtoms costs.</summary>
    public int CountAtoms(int first, int end) => Math.Max(0, Lowest(end) - Lowest(first));

    private int Lowest(int atom)
    {
        var found = Array.BinarySearch(_usedAtoms, atom);
        return found >= 0 ? found : ~found;
    }
}
