using System.Runtime.InteropServices;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>A distinct set of addresses that some rule mentions, with its members.</summary>
internal sealed class AddressTerm(AtomTable table, AddressSet set)
{
    // Two nodes may have one address, and a node's hostNetwork pods have the node's.
    private readonly Dictionary<Address, int> _counts = [];

    public AddressSet Set { get; } = set;

    /// <summary>How many rules have it.</summary>
    public int Uses { get; set; }

    /// <summary>Whether the change under way brought it.</summary>
    public bool IsNew { get; set; } = true;

    /// <summary>The addresses, in no order.</summary>
    public IReadOnlyCollection<Address> Addresses => _counts.Keys;

    /// <summary>Whether an address is meant: each that is one is an atom of its own.</summary>
    public bool Contains(AddressAtom atom) => _counts.ContainsKey(table.Atoms.Bounds(atom.Family, atom.Index).First);

    public bool Has(Address address) => _counts.ContainsKey(address);

    /// <summary>Counts one more or one less reason for an address to be meant.</summary>
    public void Count(Address address, int by)
    {
        ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(_counts, address, out var known);
        count += by;
        if (!known)
            table.Add(Of(address));
        if (count > 0)
            return;
        _counts.Remove(address);
        table.Remove(Of(address));
    }

    private static Cidr Of(Address address) => new(address, address.Width);
}

/// <summary>Nodes, the hostNetwork pods on them and domain names, and the address sets that they are in.</summary>
internal sealed class AddressTerms(AtomTable atoms)
{
    private readonly SortedDictionary<string, Node> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<Endpoint>> _hostPods = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DomainName> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<AddressSet, AddressTerm> _terms = [];
    private readonly List<AddressTerm> _new = [];

    /// <summary>Told before an address begins or stops to be a member of a set.</summary>
    public Action<AddressTerm, Address>? Touched { get; set; }

    /// <summary>By name.</summary>
    public IReadOnlyCollection<Node> Nodes => _nodes.Values;

    /// <summary>What is known of domain names, in no order.</summary>
    public IReadOnlyCollection<DomainName> DomainNames => _names.Values;

    public IReadOnlyDictionary<AddressSet, AddressTerm> Terms => _terms;

    public void Put(Node node)
    {
        Remove(node.Name);
        _nodes[node.Name] = node;
        Count(node, 1);
    }

    public bool Remove(string node)
    {
        if (!_nodes.Remove(node, out var known))
            return false;
        Count(known, -1);
        return true;
    }

    public Node? Find(string node) => _nodes.GetValueOrDefault(node);

    /// <summary>A hostNetwork pod that came: it is its node, so what it listens on is an address of the node.</summary>
    public void Add(Endpoint pod)
    {
        ref var pods = ref CollectionsMarshal.GetValueRefOrAddDefault(_hostPods, pod.Node, out _);
        (pods ??= []).Add(pod);
        CountOnNode(pod, 1);
    }

    /// <summary>A hostNetwork pod that is gone; the same object that came.</summary>
    public void Remove(Endpoint pod)
    {
        var pods = _hostPods[pod.Node];
        pods.RemoveAt(pods.FindIndex(known => ReferenceEquals(known, pod)));
        if (pods.Count == 0)
            _hostPods.Remove(pod.Node);
        CountOnNode(pod, -1);
    }

    public void Put(DomainName name)
    {
        RemoveName(name.Name);
        _names[DomainName.Canonical(name.Name)] = name;
        Count(name, 1);
    }

    public bool RemoveName(string name)
    {
        if (!_names.Remove(DomainName.Canonical(name), out var known))
            return false;
        Count(known, -1);
        return true;
    }

    public DomainName? FindName(string name) => _names.GetValueOrDefault(DomainName.Canonical(name));

    /// <summary>The one term of a set, which is thereby used once more.</summary>
    public AddressTerm Use(AddressSet set)
    {
        if (!_terms.TryGetValue(set, out var term))
        {
            _terms[set] = term = new(atoms, set);
            _new.Add(term);
            foreach (var address in MembersOf(set))
                term.Count(address, 1);
        }

        term.Uses++;
        return term;
    }

    /// <summary>Forgets a term without uses.</summary>
    public void Drop(AddressTerm term)
    {
        if (term.Uses > 0 || !_terms.Remove(term.Set))
            return;
        foreach (var address in MembersOf(term.Set))
            term.Count(address, -1);
    }

    /// <summary>Ends a change.</summary>
    public void Close()
    {
        foreach (var term in _new)
            term.IsNew = false;
        _new.Clear();
    }

    private IEnumerable<Address> MembersOf(AddressSet set) => set.Nodes is null
        ? _names.Values.Where(known => set.Names(known.Name)).SelectMany(known => known.Addresses)
        : _nodes.Values.Where(node => set.Contains(node.Labels)).SelectMany(node => AddressesOf(node));

    private IEnumerable<Address> AddressesOf(Node node) =>
        node.Addresses.Concat(HostPods(node.Name).SelectMany(pod => pod.Addresses));

    private IReadOnlyList<Endpoint> HostPods(string node) =>
        _hostPods.TryGetValue(node, out var pods) ? pods : [];

    private void Count(Node node, int by)
    {
        foreach (var term in _terms.Values)
        {
            if (term.Set.Contains(node.Labels))
                Count(term, AddressesOf(node), by);
        }
    }

    private void CountOnNode(Endpoint pod, int by)
    {
        if (!_nodes.TryGetValue(pod.Node, out var node))
            return;
        foreach (var term in _terms.Values)
        {
            if (term.Set.Contains(node.Labels))
                Count(term, pod.Addresses, by);
        }
    }

    private void Count(DomainName name, int by)
    {
        foreach (var term in _terms.Values)
        {
            if (term.Set.Names(name.Name))
                Count(term, name.Addresses, by);
        }
    }

    private void Count(AddressTerm term, IEnumerable<Address> addresses, int by)
    {
        foreach (var address in addresses)
        {
            Touched?.Invoke(term, address);
            term.Count(address, by);
        }
    }
}
