using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>
/// What the policies of a cluster mean: a decision over classes of pods and atoms of addresses. Safe for many readers,
/// but while an engine's policy changes (<see cref="PolicyEngine"/>) there may be none; <see cref="Generation"/> tells
/// that it did. Gates are built when first asked for. Memory grows with pods, classes, terms and policies, not with
/// pairs of pods.
/// </summary>
public sealed class CompiledPolicy
{
    private readonly PolicyState _state;
    private readonly Func<ClusterSnapshot> _makeSnapshot;
    private readonly Lock _lock = new();
    private readonly Lazy<CellTable> _cells;
    private ClusterSnapshot? _snapshot;
    private ImmutableArray<EndpointClass> _classes;
    private ImmutableArray<PriorityConflict> _conflicts;

    internal CompiledPolicy(PolicyState state, Func<ClusterSnapshot> makeSnapshot)
    {
        (_state, _makeSnapshot) = (state, makeSnapshot);
        _cells = new(() => new(this));
    }

    /// <summary>
    /// Grows with every change that was not without effect: what was found out about classes, gates, atoms or pods of
    /// another generation may be wrong now.
    /// </summary>
    public long Generation { get; private set; }

    /// <summary>
    /// What was compiled. Of an engine's policy it is made when first asked for: O(objects), so not for every change.
    /// </summary>
    public ClusterSnapshot Snapshot
    {
        get
        {
            lock (_lock)
                return _snapshot ??= _makeSnapshot();
        }
    }

    /// <summary>The ids of pods are below this; some of them may be free.</summary>
    public int EndpointLimit => _state.Pods.Count;

    /// <summary>
    /// The pod of an id, or null where the id is free. After a full compile the ids are the indices of the snapshot's
    /// endpoints; in an engine a pod keeps its id while it lives.
    /// </summary>
    public Endpoint? EndpointAt(int id) => _state.Pods[id];

    /// <summary>The nodes, by name.</summary>
    public IReadOnlyCollection<Node> Nodes => _state.Terms.Addresses.Nodes;

    /// <summary>
    /// The classes, in the order of their ids; after a full compile a class stands where its id says. O(classes) once a
    /// generation.
    /// </summary>
    public ImmutableArray<EndpointClass> Classes
    {
        get
        {
            lock (_lock)
            {
                if (_classes.IsDefault)
                    _classes = [.. _state.Classes.All.OrderBy(pods => pods.Id)];
                return _classes;
            }
        }
    }

    /// <summary>The ids of classes are below this; some of them may be free.</summary>
    public int ClassLimit => _state.Classes.Limit;

    /// <summary>The class of an id, or null where the id is free.</summary>
    public EndpointClass? ClassAt(int id) => _state.Classes.ClassAt(id);

    /// <summary>The sets of addresses that rules mention.</summary>
    public IEnumerable<AddressSet> AddressSets => _state.Terms.Addresses.Terms.Keys;

    /// <summary>The address intervals that no ipBlock tells apart.</summary>
    public CidrAtoms Atoms => _state.Terms.Atoms.Atoms;

    /// <summary>
    /// ClusterNetworkPolicies of one tier and priority that disagree, at most one conflict per two policies and
    /// direction. Found when first asked for; O(classes × peers) for each two policies of equal priority.
    /// </summary>
    public ImmutableArray<PriorityConflict> PriorityConflicts
    {
        get
        {
            lock (_lock)
            {
                if (_conflicts.IsDefault)
                    _conflicts = new ConflictFinder(this).Find(ClusterPolicies());
                return _conflicts;
            }
        }
    }

    /// <summary>
    /// The class of a pod by its id; -1 for hostNetwork pods, which have no policy of their own, and for free ids.
    /// </summary>
    public int ClassOf(int endpoint) => _state.Classes.ClassOf(endpoint);

    /// <summary>
    /// The gate of a class in a direction; null when no policy isolates it there and no rule of a cluster policy is for
    /// it. The same gate may serve several classes.
    /// </summary>
    public Gate? GateOf(int classId, Direction direction) => _state.Gates.GateOf(classId, direction);

    /// <summary>
    /// The pods of a set that a gate of this compile mentions, as ascending ids; hostNetwork pods are
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
            set.Within is null || EndpointAt(endpoint)!.Addresses.Any(set.Within.Contains);
    }

    /// <summary>
    /// The addresses of a set's members in a family, ascending and distinct; with Within only those in the block.
    /// </summary>
    /// <exception cref="ArgumentException">No rule of this compile mentions the set.</exception>
    public IReadOnlyList<Address> MemberAddresses(PodSet set, AddressFamily family) =>
    [
        .. ClassesIn(set).SelectMany(pods => pods.Endpoints).SelectMany(i => EndpointAt(i)!.Addresses)
            .Where(address => address.Family == family && (set.Within is null || set.Within.Contains(address)))
            .Distinct().Order(),
    ];

    /// <summary>The addresses of a set that a gate of this compile mentions, ascending and distinct.</summary>
    /// <exception cref="ArgumentException">No rule of this compile mentions the set.</exception>
    public IReadOnlyList<Address> MemberAddresses(AddressSet set, AddressFamily family) =>
        _state.Terms.Addresses.Terms.TryGetValue(set, out var term)
            ? [.. term.Addresses.Where(address => address.Family == family).Order()]
            : throw new ArgumentException($"no rule mentions {set}", nameof(set));

    /// <summary>
    /// Whether the pods of a class, which may be one that vanished in the last change, are in a set that rules mention
    /// (before and after that change). With <see cref="PodSet.Within"/> the block is still to be asked.
    /// </summary>
    public static bool IsIn(PodSet set, EndpointClass pods) =>
        (set.Having is not { } port || pods.NamedPorts.Contains(port)) && set.Pods.Matches(pods.Labels)
        && (set.Namespaces.Name is { } name
            ? pods.Namespace == name
            : set.Namespaces.Selector.Matches(pods.NamespaceLabels));

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
        classId < 0 ? PortSet.Nothing : GateBuilder.Resolve(name, ClassAt(classId)!.NamedPorts);

    /// <summary>Tells that something changed.</summary>
    internal void Change()
    {
        Generation++;
        _snapshot = null;
        _classes = default;
        _conflicts = default;
        if (_cells.IsValueCreated)
            Cells.Forget();
    }

    private ImmutableArray<CompiledClusterPolicy> ClusterPolicies() =>
        [.. _state.Gates.Cluster.Select(slot => slot.Compiled!).OrderBy(p => p.Policy, AskedBefore.Order)];

    private IEnumerable<EndpointClass> ClassesIn(PodSet set)
    {
        var term = _state.Terms.Find(set with { Having = null, Within = null })
            ?? throw new ArgumentException($"no rule mentions {set}", nameof(set));
        return (term.ClassesInName ?? Classes).Where(pods =>
            term.Contains(pods) && (set.Having is not { } port || pods.NamedPorts.Contains(port)));
    }
}
