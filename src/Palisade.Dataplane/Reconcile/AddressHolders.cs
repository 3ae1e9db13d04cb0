using System.Collections.Immutable;
using Palisade.Policy.Compile;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Reconcile;

/// <summary>
/// Which pods have an address: mostly one. Pods on their host's network are not among them: no set of pods has them.
/// </summary>
internal sealed class AddressHolders
{
    private readonly Dictionary<Address, int> _first = [];
    private readonly Dictionary<Address, ImmutableArray<int>> _more = [];

    /// <summary>The ids of the pods that have an address.</summary>
    public IEnumerable<int> Of(Address address)
    {
        if (!_first.TryGetValue(address, out var first))
            return [];
        return _more.TryGetValue(address, out var more) ? more.Prepend(first) : [first];
    }

    public void Add(Address address, int pod)
    {
        if (_first.TryAdd(address, pod))
            return;
        var more = _more.GetValueOrDefault(address, []);
        if (_first[address] != pod && !more.Contains(pod))
            _more[address] = more.Add(pod);
    }

    public void Remove(Address address, int pod)
    {
        var more = _more.GetValueOrDefault(address, []);
        if (_first.GetValueOrDefault(address, -1) != pod)
            more = more.Remove(pod);
        else if (more.IsEmpty)
            _first.Remove(address);
        else
            (_first[address], more) = (more[0], more.RemoveAt(0));
        if (more.IsEmpty)
            _more.Remove(address);
        else
            _more[address] = more;
    }
}

/// <summary>
/// Addresses that changed hands in a change, with the classes of the pods that had them, and that have them now.
/// </summary>
internal sealed class AddressMoves
{
    private readonly List<(Address Address, ImmutableArray<EndpointClass> Before, ImmutableArray<EndpointClass> After)>
        _moves = [];

    /// <summary>Updates who has which address, and notes what moved.</summary>
    public AddressMoves(AddressHolders holders, CompiledPolicy policy, ImmutableArray<EndpointChange> changes)
    {
        var changed = changes.ToDictionary(change => change.Id);
        var touched = changes.SelectMany(Before).Concat(changes.SelectMany(After)).ToHashSet();
        var before = touched.ToDictionary(
            address => address,
            address => holders.Of(address).Select(ClassBefore).OfType<EndpointClass>().ToImmutableArray());
        foreach (var change in changes)
        {
            foreach (var address in Before(change))
                holders.Remove(address, change.Id);
        }

        foreach (var change in changes)
        {
            foreach (var address in After(change))
                holders.Add(address, change.Id);
        }

        foreach (var address in touched)
            _moves.Add((address, before[address], [.. holders.Of(address).Select(ClassNow)]));

        EndpointClass? ClassBefore(int id) =>
            changed.TryGetValue(id, out var change) ? change.ClassBefore : ClassNow(id);

        EndpointClass ClassNow(int id) => policy.ClassAt(policy.ClassOf(id))!;
    }

    /// <summary>The moved addresses of a family, with the classes that had and have them.</summary>
    public IEnumerable<(Address Address, ImmutableArray<EndpointClass> Before, ImmutableArray<EndpointClass> After)> Of(
        AddressFamily family) => _moves.Where(move => move.Address.Family == family);

    /// <summary>The moved addresses that several pods claimed, or claim now.</summary>
    public IEnumerable<Address> Shared =>
        _moves.Where(move => move.Before.Length > 1 || move.After.Length > 1).Select(move => move.Address);

    private static IEnumerable<Address> Before(EndpointChange change) =>
        change.ClassBefore is null ? [] : change.Before!.Addresses;

    private static IEnumerable<Address> After(EndpointChange change) =>
        change.ClassAfter is null ? [] : change.After!.Addresses;
}
