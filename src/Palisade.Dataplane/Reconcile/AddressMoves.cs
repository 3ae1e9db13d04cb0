using System.Collections.Immutable;
using Palisade.Dataplane.Lower;
using Palisade.Policy.Compile;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Reconcile;

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
