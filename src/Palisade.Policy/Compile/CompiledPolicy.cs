using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>
/// What the policies of a snapshot mean: a decision over classes of pods and atoms of addresses. Immutable to its
/// users and safe for
/// many threads; gates are built when first asked for. Memory grows with classes, terms and policies, not with pairs
/// of pods.
/// </summary>
public sealed class CompiledPolicy
{
    private readonly ImmutableArray<Endpoint?> _endpoints;
    private readonly ClassTable _table;
    private readonly IReadOnlyDictionary<PodSet, PodTerm> _terms;
    private readonly IReadOnlyDictionary<AddressSet, AddressTerm> _addresses;
    private readonly GateBuilder _gates;
    private readonly Lazy<ImmutableArray<PriorityConflict>> _conflicts;
    private readonly Lazy<CellTable> _cells;

    internal CompiledPolicy(
        ClusterSnapshot snapshot, ImmutableArray<Endpoint?> endpoints, ClassTable table, CidrAtoms atoms, IReadOnlyDictionary<PodSet, PodTerm> terms,
        IReadOnlyDictionary<AddressSet, AddressTerm> addresses, GateBuilder gates,
        ImmutableArray<CompiledClusterPolicy> clusterPolicies)
    {
        _conflicts = new(() => new ConflictFinder(this).Find(clusterPolicies));
        _endpoints = endpoints;
        _cells = new(() => new(this));
        (Snapshot, Atoms, _table, _terms, _addresses, _gates) = (snapshot, atoms, table, terms, addresses, gates);
    }

    /// <summary>
    /// What was compiled. Of an engine's policy it is made when first asked for: O(objects), so not for every change.
    /// </summary>
    public ClusterSnapshot Snapshot { get; }

    /// <summary>The ids of pods are below this; some of them may be free.</summary>
    public int EndpointLimit => _endpoints.Length;

    /// <summary>
    /// The pod of an id, or null where the id is free. After a full compile the ids are the indices of the snapshot's
    /// endpoints; in an engine a pod keeps its id while it lives.
    /// </summary>
    public Endpoint? EndpointAt(int id) => _endpoints[id];

    /// <summary>The nodes, by name.</summary>
    public IReadOnlyCollection<Node> Nodes => Snapshot.Nodes;

    /// <summary>The classes, by id.</summary>
    public ImmutableArray<EndpointClass> Classes => _table.Classes;

    /// <summary>The sets of addresses that rules mention.</summary>
    public IEnumerable<AddressSet> AddressSets => _addresses.Keys;

    /// <summary>The address intervals that no ipBlock tells apart.</summary>
    public CidrAtoms Atoms { get; }

    /// <summary>
    /// ClusterNetworkPolicies of one tier and priority that disagree, at most one conflict per two policies and
    /// direction. Found when first asked for; O(classes × peers) for each two policies of equal priority.
    /// </summary>
    public ImmutableArray<PriorityConflict> PriorityConflicts => _conflicts.Value;

    /// <summary>
    /// The class of a pod by its id; -1 for hostNetwork pods, which have no policy of their own, and for free ids.
    /// </summary>
    public int ClassOf(int endpoint) => _table.ClassOf[endpoint];

    /// <summary>
    /// The gate of a class in a direction; null when no policy isolates it there and no rule of a cluster policy is for
    /// it. The same gate may serve several classes.
    /// </summary>
    public Gate? GateOf(int classId, Direction direction) => _gates.GateOf(classId, direction);

    /// <summary>
    /// The pods of a set that a gate of this compile mentions, as ascending ids;
    /// hostNetwork pods are
    /// never among them. With <see cref="PodSet.Within"/>, those with some address in the block. O(classes + members).
    /// </summary>
    /// <exception cref="ArgumentException">No rule of this compile mentions the set.</exception>
    public IReadOnlyList<int> Members(PodSet set)
    {
        var members = new List<int>();
        foreach (var pods in ClassesIn(set))
            members.AddRange(pods.Endpoints.Where(IsWithin));
        members.Sort();
        return members;

        bool IsWithin(int endpoint) =>
            set.Within is null || _endpoints[endpoint]!.Addresses.Any(set.Within.Contains);
    }

    /// <summary>
    /// The addresses of a set's members in a family, ascending and distinct; with Within only those in the block.
    /// </summary>
    /// <exception cref="ArgumentException">No rule of this compile mentions the set.</exception>
    public IReadOnlyList<Address> MemberAddresses(PodSet set, AddressFamily family) =>
    [
        .. ClassesIn(set).SelectMany(pods => pods.Endpoints).SelectMany(i => _endpoints[i]!.Addresses)
            .Where(address => address.Family == family && (set.Within is null || set.Within.Contains(address)))
            .Distinct().Order(),
    ];

    /// <summary>The addresses of a set that a gate of this compile mentions, ascending and distinct.</summary>
    /// <exception cref="ArgumentException">No rule of this compile mentions the set.</exception>
    public IReadOnlyList<Address> MemberAddresses(AddressSet set, AddressFamily family) =>
        _addresses.TryGetValue(set, out var term)
            ? [.. term.Addresses.Where(address => address.Family == family)]
            : throw new ArgumentException($"no rule mentions {set}", nameof(set));

    /// <summary>
    /// The ports a gate lets through between its pods and a peer of this class (-1: no pod; then <paramref
    /// name="address"/> alone
    /// counts) at this address (null: none in the family of the connection), all tiers asked.
    /// </summary>
    /// <param name="gate">A gate of this compile.</param>
    /// <param name="peerClass">The class of the peer.</param>
    /// <param name="address">Its address.</param>
    /// <param name="exempt">Whether NetworkPolicies exempt the peer: the node that the pod runs on.</param>
    public PortSet PortsFor(Gate gate, int peerClass, Address? address, bool exempt = false) =>
        new TierWalk(this).PortsFor(gate, peerClass, AtomOf(address), exempt);

    /// <summary>
    /// The gates as tables. Who changes classes, terms, atoms or gates in place calls <see cref="CellTable.Forget"/>.
    /// </summary>
    internal CellTable Cells => _cells.Value;

    /// <summary>The atom of an address, or null when there is none.</summary>
    internal AddressAtom? AtomOf(Address? address) =>
        address is { } known ? new AddressAtom(known.Family, Atoms.AtomOf(known)) : null;

    /// <summary>What a port name stands for on the pods of a class; nothing on what is no pod.</summary>
    internal PortSet NumbersOf(int classId, PortName name) =>
        classId < 0 ? PortSet.Nothing : GateBuilder.Resolve(name, Classes[classId].NamedPorts);

    private IEnumerable<EndpointClass> ClassesIn(PodSet set)
    {
        if (!_terms.TryGetValue(set with { Having = null, Within = null }, out var term))
            throw new ArgumentException($"no rule mentions {set}", nameof(set));
        return Classes.Where(pods =>
            term.Contains(pods.Id) && (set.Having is not { } port || pods.NamedPorts.Contains(port)));
    }
}
