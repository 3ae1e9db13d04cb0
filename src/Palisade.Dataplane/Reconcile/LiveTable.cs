using System.Collections.Immutable;
using Palisade.Dataplane.Cut;
using Palisade.Dataplane.Lower;
using Palisade.Dataplane.Network;
using Palisade.Nftables;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Reconcile;

/// <summary>
/// A node's table as an engine's policy goes on: each change of the policy, of the node or of its network becomes the
/// change of the table, and nothing else is computed. A pod elsewhere is a few elements; a pod of this node and a
/// policy for one cost what is on the node. What it holds in memory are the chains and the pods' addresses, not the
/// elements of sets. Not for several threads at once, nor while the engine changes.
/// </summary>
public sealed class LiveTable
{
    private readonly CompiledPolicy _policy;
    private readonly string _node;
    private readonly ChainMemo _memo = new();
    private readonly AddressHolders _holders = new();
    private readonly SortedSet<int> _local = [];
    private readonly Dictionary<AddressFamily, int> _families = [];
    private readonly Dictionary<string, ImmutableArray<Element>> _addresses = new(StringComparer.Ordinal);
    private NodeNetwork _network;
    private NodeSettings _settings;
    private NodeView _view;
    private TableFrame _frame;
    private ImmutableArray<Address> _shared = [];

    /// <summary>The table of a policy that an engine keeps. O(pods).</summary>
    public LiveTable(CompiledPolicy policy, string node, NodeNetwork network, NodeSettings settings)
    {
        (_policy, _node, _network, _settings) = (policy, node, network, settings);
        for (var id = 0; id < policy.EndpointLimit; id++)
        {
            if (policy.EndpointAt(id) is { } pod)
                Add(id, pod);
        }

        _view = View(policy.Nodes.FirstOrDefault(known => known.Name == node), network, _holders.Claims(policy));
        _frame = TableFrame.Of(_view, _memo, policy);
        Remember(_frame.Peers.Values);
    }

    /// <summary>Which interface is whose.</summary>
    public PodInterfaces Interfaces => _view.Interfaces;

    /// <summary>Whether it is not known of all pods of the node which interface is theirs.</summary>
    public bool LacksInterfaces => _view.Pods.SelectMany(pod => pod.Pod.Addresses)
        .Except(_view.Interfaces.Sources.Select(source => source.Address)).Any();

    /// <summary>The whole table as it should be. O(members of the sets).</summary>
    public Ruleset Ruleset() => _frame.Fill(_policy);

    /// <summary>
    /// What a change of the policy makes of the table, together with what is known of the node and its network now,
    /// and what its administrator says.
    /// Null: the change is no difference that the kernel can make in place; <see cref="Ruleset"/> says what it is.
    /// </summary>
    public TableChange? Update(PolicyDelta delta, Node? node, NodeNetwork network, NodeSettings settings)
    {
        var families = Families();
        var isLocal = Forget(delta.Gates) || delta.Endpoints.Any(IsLocal) || delta.ClassGates.Any(Concerns);
        var moves = Move(delta.Endpoints);
        _shared = [.. moves.Shared];
        var claims = _holders.Claims(_policy);
        // What a claimed address may is in the frame: addresses that gates look up come and go without them.
        var isClaimed = !claims.SequenceEqual(_view.Claims) || (claims.Length > 0 && !delta.Addresses.IsEmpty);
        var before = _frame;
        if (isLocal || isClaimed || !ReferenceEquals(network, _network)
            || !IsSame(node, _view.Node) || settings != _settings || !families.SequenceEqual(Families()))
        {
            _settings = settings;
            _view = View(node, network, claims);
            _frame = TableFrame.Of(_view, _memo, _policy);
        }

        var kept = _frame.Peers.Values.Where(set => before.Peers.ContainsKey(set.Definition.Name)).ToList();
        var elements = kept.Select(set => Change(set, moves, delta.Addresses)).OfType<ElementChange>().ToList();
        if (ReferenceEquals(before, _frame))
            return new(_frame.Fixed.Table) { Elements = [.. elements] };
        if (RulesetDiff.Find(before.Unfilled(), _frame.Unfilled()) is not { } change)
            return null;
        Remember(_frame.Peers.Values);
        return change with
        {
            Elements = [.. change.Elements, .. elements],
            AddedSets = [.. change.AddedSets.Select(Filled)],
        };
    }

    /// <summary>Which connections a change concerns, of which <see cref="Update"/> just told the change of the table.
    /// </summary>
    /// <param name="delta">What changed of the policy; nothing of the network did.</param>
    /// <param name="change">What that made of the table.</param>
    public CutScope Concerned(PolicyDelta delta, TableChange? change)
    {
        var denies = _view.Pods.Any(pod =>
            pod.Ingress is { Steps.IsEmpty: false } || pod.Egress is { Steps.IsEmpty: false });
        return new Concerned(_frame, _node, denies).By(delta, change, _shared);
    }

    private NftSet Filled(NftSet set) =>
        _frame.Peers.TryGetValue(set.Name, out var peers) ? set with { Elements = peers.Elements(_policy) } : set;

    private ImmutableArray<AddressFamily> Families() =>
        Lowering.FamiliesOf(_families.Where(count => count.Value > 0).Select(count => count.Key));

    private NodeView View(Node? node, NodeNetwork network, ImmutableArray<AddressClaim> claims)
    {
        _network = network;
        var pods = _local.Select(LocalPodOf).ToImmutableArray();
        var interfaces = PodInterfaces.Of(network, pods.Select(pod => pod.Pod), node, _settings);
        return new(_node, node, pods, interfaces, Families(), _settings, claims);
    }

    private LocalPod LocalPodOf(int id)
    {
        var of = _policy.ClassOf(id);
        return new(
            _policy.EndpointAt(id)!, of, _policy.GateOf(of, Direction.Ingress), _policy.GateOf(of, Direction.Egress));
    }

    /// <summary>Only a node's addresses stand in its table; its heartbeats change other things.</summary>
    private static bool IsSame(Node? one, Node? other) => one is null || other is null
        ? one is null && other is null
        : one.Addresses.AsSpan().SequenceEqual(other.Addresses.AsSpan());

    private bool IsLocal(EndpointChange change) => change.Before?.Node == _node || change.After?.Node == _node;

    private bool Concerns(ClassGateChange change) => _local.Any(id => _policy.ClassOf(id) == change.Class.Id);

    /// <summary>Whether chains of this table were made of gates that say something else now.</summary>
    private bool Forget(ImmutableArray<GateChange> gates)
    {
        var any = false;
        foreach (var gate in gates.Where(gate => _memo.Knows(gate.Id)))
        {
            _memo.Forget(gate.Id);
            any = true;
        }

        return any;
    }

    private AddressMoves Move(ImmutableArray<EndpointChange> changes)
    {
        foreach (var change in changes.Where(change => change.Before is not null))
            Count(change.Before!, -1);
        foreach (var change in changes.Where(change => change.After is not null))
            Count(change.After!, 1);
        foreach (var change in changes)
        {
            _local.Remove(change.Id);
            if (change.After is { } pod && change.ClassAfter is not null && pod.Node == _node)
                _local.Add(change.Id);
        }

        return new(_holders, _policy, changes);
    }

    private void Add(int id, Endpoint pod)
    {
        Count(pod, 1);
        if (_policy.ClassOf(id) < 0)
            return;
        if (pod.Node == _node)
            _local.Add(id);
        foreach (var address in pod.Addresses)
            _holders.Add(address, id);
    }

    private void Count(Endpoint pod, int by)
    {
        foreach (var address in pod.Addresses)
            _families[address.Family] = _families.GetValueOrDefault(address.Family) + by;
    }

    /// <summary>What a set that stays loses and gains.</summary>
    private ElementChange? Change(PeerSet set, AddressMoves moves, ImmutableArray<AddressSetChange> addresses)
    {
        if (!set.Addresses.IsEmpty)
            return ChangeAddresses(set, addresses);
        var (removed, added) = (ImmutableArray.CreateBuilder<Element>(), ImmutableArray.CreateBuilder<Element>());
        foreach (var (address, before, after) in set.Pods.IsEmpty ? [] : moves.Of(set.Family))
        {
            var was = before.Any(pods => set.Holds(pods, address));
            var isNow = after.Any(pods => set.Holds(pods, address));
            if (was != isNow)
                (isNow ? added : removed).Add(new(AddressSets.KeyOf(address)));
        }

        return removed.Count + added.Count == 0
            ? null
            : new(set.Definition, removed.ToImmutable(), added.ToImmutable());
    }

    /// <summary>Nodes and names have few addresses: what the set had is remembered.</summary>
    private ElementChange? ChangeAddresses(PeerSet set, ImmutableArray<AddressSetChange> changes)
    {
        if (!changes.Any(change => set.Addresses.Contains(change.Set)))
            return null;
        var before = _addresses[set.Definition.Name];
        var now = _addresses[set.Definition.Name] = set.Elements(_policy);
        ImmutableArray<Element> removed = [.. before.Except(now)];
        ImmutableArray<Element> added = [.. now.Except(before)];
        return removed.IsEmpty && added.IsEmpty ? null : new(set.Definition, removed, added);
    }

    private void Remember(IEnumerable<PeerSet> sets)
    {
        var kept = sets.Where(set => !set.Addresses.IsEmpty).ToDictionary(set => set.Definition.Name);
        foreach (var gone in _addresses.Keys.Where(name => !kept.ContainsKey(name)).ToList())
            _addresses.Remove(gone);
        foreach (var (name, set) in kept.Where(set => !_addresses.ContainsKey(set.Key)))
            _addresses[name] = set.Elements(_policy);
    }
}
