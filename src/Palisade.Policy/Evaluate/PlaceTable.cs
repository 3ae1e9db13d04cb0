using System.Collections.Immutable;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Evaluate;

/// <summary>
/// The places of all pods and nodes, found by id or by address. 16 bytes a pod and family, and 48 to 96 an address. Of
/// the time at which it was made; safe for many threads.
/// </summary>
internal sealed class PlaceTable
{
    private static readonly Place Nowhere = new(-1, -1, -1, -1);

    private readonly CompiledPolicy _policy;
    private readonly Dictionary<string, int> _nodes = new(StringComparer.Ordinal);
    private readonly List<string> _nodeNames = [];
    private readonly AddressTable _v4 = new();
    private readonly AddressTable _v6 = new();
    private readonly Dictionary<Address, int> _shared = [];
    private readonly List<ImmutableArray<Place>> _claimants = [];
    private Place[] _places;
    private int _count;

    public PlaceTable(CompiledPolicy policy)
    {
        _policy = policy;
        _count = 2 * policy.EndpointLimit;
        _places = new Place[_count];
        Array.Fill(_places, Nowhere);
        var hostPods = new List<Endpoint>();
        for (var id = 0; id < policy.EndpointLimit; id++)
        {
            if (policy.EndpointAt(id) is not { } pod)
                continue;
            _places[2 * id] = At(id, pod, pod.AddressOf(AddressFamily.V4));
            _places[2 * id + 1] = At(id, pod, pod.AddressOf(AddressFamily.V6));
            if (pod.HostNetwork)
                hostPods.Add(pod);
            else
                AddAddresses(id, pod);
        }

        foreach (var (address, claim) in _shared)
            Share(address, claim);

        foreach (var node in policy.Nodes)
            AddNode(node.Name, node.Addresses);
        hostPods.Sort((a, b) => IsBefore(a, b) ? -1 : IsBefore(b, a) ? 1 : 0);
        foreach (var pod in hostPods)
            AddNode(pod.Node, pod.Addresses);
    }

    /// <summary>A pod by its id, at its first address of a family; its node if it is a hostNetwork pod.</summary>
    public ref readonly Place At(int endpoint, AddressFamily family) =>
        ref _places[unchecked(2 * endpoint + (family == AddressFamily.V4 ? 0 : 1))];

    /// <summary>Whoever has an address; false where nobody of the cluster does, then only the atom is known.</summary>
    public bool TryFind(Address address, out Place place)
    {
        var found = TableOf(address.Family).Find(address.Bits);
        place = found >= 0 ? _places[found] : Nowhere with { Atom = _policy.Atoms.NumberOf(address) };
        return found >= 0;
    }

    /// <summary>
    /// All pods that claim the address of a place, by namespace and name, each with its own class.
    /// </summary>
    public ImmutableArray<Place> Claimants(in Place place) => _claimants[Place.NoClass - 1 - place.Class];

    /// <summary>
    /// The class that the place of a pod of this class has at an address: its own, if no other pod claims the address.
    /// </summary>
    public int ClassAt(int classId, Address? address) =>
        classId >= 0 && address is { } at && _shared.TryGetValue(at, out var claim)
            ? Place.NoClass - 1 - claim
            : classId;

    /// <summary>The number of a node that some pod or node is called by; -1 for others and the empty name.</summary>
    public int NumberOf(string node) => _nodes.GetValueOrDefault(node, -1);

    /// <summary>The name of a node's number; empty for -1.</summary>
    public string NodeName(int number) => number < 0 ? "" : _nodeNames[number];

    private AddressTable TableOf(AddressFamily family) => family == AddressFamily.V4 ? _v4 : _v6;

    private Place At(int id, Endpoint pod, Address? address) =>
        new(pod.HostNetwork ? -1 : id, _policy.ClassOf(id), Number(pod.Node), _policy.Atoms.NumberOf(address));

    private void AddAddresses(int id, Endpoint pod)
    {
        foreach (var address in pod.Addresses)
        {
            var other = TableOf(address.Family).Find(address.Bits);
            if (other >= 0 && _places[other].Endpoint is var holder && holder != id)
                Claim(address, holder, id);
            // Ids need not be in the order of names.
            if (other < 0 || IsBefore(pod, _policy.EndpointAt(_places[other].Endpoint)!))
                TableOf(address.Family).Set(address, IndexOf(id, pod, address));
        }
    }

    private void Claim(Address address, int holder, int id)
    {
        if (_shared.TryAdd(address, _claimants.Count))
            _claimants.Add([At(holder, _policy.EndpointAt(holder)!, address)]);
        var claim = _shared[address];
        if (_claimants[claim].Any(place => place.Endpoint == id))
            return;
        _claimants[claim] =
        [
            .. _claimants[claim].Add(At(id, _policy.EndpointAt(id)!, address))
                .OrderBy(place => _policy.EndpointAt(place.Endpoint)!.Namespace, StringComparer.Ordinal)
                .ThenBy(place => _policy.EndpointAt(place.Endpoint)!.Name, StringComparer.Ordinal),
        ];
    }

    /// <summary>Marks the places of those that claim an address.</summary>
    private void Share(Address address, int claim)
    {
        var marked = Place.NoClass - 1 - claim;
        var at = TableOf(address.Family).Find(address.Bits);
        _places[at] = _places[at] with { Class = marked };
        foreach (var place in _claimants[claim])
        {
            if (_policy.EndpointAt(place.Endpoint)!.AddressOf(address.Family) != address)
                continue;
            var own = 2 * place.Endpoint + (address.Family == AddressFamily.V4 ? 0 : 1);
            _places[own] = _places[own] with { Class = marked };
        }
    }

    private int IndexOf(int id, Endpoint pod, Address address) => pod.AddressOf(address.Family) == address
        ? 2 * id + (address.Family == AddressFamily.V4 ? 0 : 1)
        : Append(At(id, pod, address));

    private void AddNode(string name, IEnumerable<Address> addresses)
    {
        foreach (var address in addresses)
        {
            if (TableOf(address.Family).Find(address.Bits) < 0)
            {
                var place = new Place(-1, -1, Number(name), _policy.Atoms.NumberOf(address));
                TableOf(address.Family).Set(address, Append(place));
            }
        }
    }

    private int Append(Place place)
    {
        if (_count == _places.Length)
            Array.Resize(ref _places, Math.Max(16, 2 * _count));
        _places[_count] = place;
        return _count++;
    }

    private int Number(string node)
    {
        if (node.Length == 0)
            return -1;
        if (!_nodes.TryGetValue(node, out var number))
        {
            _nodes[node] = number = _nodeNames.Count;
            _nodeNames.Add(node);
        }

        return number;
    }

    /// <summary>Of two pods with one address the first by namespace and name has it.</summary>
    private static bool IsBefore(Endpoint one, Endpoint other)
    {
        var order = string.CompareOrdinal(one.Namespace, other.Namespace);
        return order != 0 ? order < 0 : string.CompareOrdinal(one.Name, other.Name) < 0;
    }
}
