using System.Collections.Immutable;
using Palisade.Policy.Compile;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Lower;

/// <summary>
/// Which pods have an address: mostly one. Pods on their host's network are not among them: no set of pods has them.
/// </summary>
internal sealed class AddressHolders
{
    private readonly Dictionary<Address, int> _first = [];
    private readonly Dictionary<Address, ImmutableArray<int>> _more = [];

    /// <summary>Who has which address of a cluster. O(pods).</summary>
    public static AddressHolders Of(CompiledPolicy policy)
    {
        var holders = new AddressHolders();
        for (var id = 0; id < policy.EndpointLimit; id++)
        {
            foreach (var address in policy.ClassOf(id) < 0 ? [] : policy.EndpointAt(id)!.Addresses)
                holders.Add(address, id);
        }

        return holders;
    }

    /// <summary>The ids of the pods that have an address.</summary>
    public IEnumerable<int> Of(Address address)
    {
        if (!_first.TryGetValue(address, out var first))
            return [];
        return _more.TryGetValue(address, out var more) ? more.Prepend(first) : [first];
    }

    /// <summary>The addresses whose pods policies can tell apart, ascending.</summary>
    public ImmutableArray<AddressClaim> Claims(CompiledPolicy policy) =>
    [
        .. _more.Keys.Order().Select(address => new AddressClaim(
                address,
                [.. Of(address).Select(pod => policy.ClassAt(policy.ClassOf(pod))!).Distinct().OrderBy(c => c.Id)]))
            .Where(claim => claim.Classes.Length > 1),
    ];

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
