using System.Collections.Immutable;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Analyze;

/// <summary>Every pod of the one groups may connect to every pod of the others, on exactly these ports.</summary>
public readonly record struct AllowedBlock(IdSet From, IdSet To, PortSet Ports);

/// <summary>A run of addresses outside of the cluster (or of other nodes) that a gate treats alike.</summary>
public readonly record struct OutsideRange(Address First, Address Last, PortSet Ports);

/// <summary>
/// Who may connect to whom in one address family, between groups of pods and kept as factors: gate by gate, the rows of
/// peers that are let through. A pair's ports are what the sender's egress and the receiver's ingress both let through.
/// Between two different pods: a pod and itself, and a pod and its own node, are not what gates are asked about.
/// </summary>
public sealed class Connectivity
{
    private readonly CompiledPolicy _policy;
    private readonly PeerGroups _groups;
    private readonly PortMeets _meets = new();
    private readonly int _firstAtom;

    private Connectivity(CompiledPolicy policy, AddressFamily family)
    {
        (_policy, Family) = (policy, family);
        _firstAtom = policy.Atoms.FirstOf(family);
        _groups = new(policy, family);
        var builder = new RowBuilder(policy, _groups, _meets, family);
        Egress = builder.Build(Direction.Egress);
        Ingress = builder.Build(Direction.Ingress);
    }

    /// <summary>The family of the connections.</summary>
    public AddressFamily Family { get; }

    /// <summary>The groups, by id.</summary>
    public ImmutableArray<PeerGroup> Groups => _groups.All;

    /// <summary>What each egress gate lets through. Every group is the subject of one of them.</summary>
    public ImmutableArray<GateRows> Egress { get; }

    /// <summary>What each ingress gate lets through. Every group is the subject of one of them.</summary>
    public ImmutableArray<GateRows> Ingress { get; }

    /// <summary>
    /// The whole connectivity of a policy as it is now. O(gates × groups / 64) words of time and at most of memory.
    /// </summary>
    public static Connectivity Of(CompiledPolicy policy, AddressFamily family = AddressFamily.V4) =>
        new(policy, family);

    /// <summary>The group of a pod by its id; -1 for hostNetwork pods, which are their nodes.</summary>
    public int GroupOf(int endpoint) => _groups.Of(endpoint);

    /// <summary>The ports on which a pod of one group may connect to a pod of another.</summary>
    public PortSet Ports(int from, int to) =>
        Side(from, to, Direction.Egress).Intersect(Side(to, from, Direction.Ingress));

    /// <summary>The pairs of groups (the same twice included) between which some port is allowed.</summary>
    public long CountAllowedPairs()
    {
        var count = 0L;
        var rows = Egress;
        Parallel.For(0, rows.Length, () => 0L, (i, _, sum) => sum + CountAllowedPairs(rows[i]),
            sum => Interlocked.Add(ref count, sum));
        return count;
    }

    /// <summary>
    /// All that is allowed, as blocks that do not overlap, made one after the other. A pair of groups is in one block
    /// at most; those in none are not let through at all.
    /// </summary>
    public IEnumerable<AllowedBlock> Blocks()
    {
        foreach (var egress in Egress)
        {
            foreach (var ingress in Ingress)
            {
                if (!egress.Peers.Overlaps(ingress.Subjects) || !ingress.Peers.Overlaps(egress.Subjects))
                    continue;
                foreach (var block in Blocks(egress, ingress))
                    yield return block;
            }
        }
    }

    /// <summary>Each pair of groups between which some port is allowed, once, with its ports.</summary>
    public IEnumerable<(int From, int To, PortSet Ports)> Pairs() =>
        from block in Blocks()
        from sender in block.From
        from receiver in block.To
        select (sender, receiver, block.Ports);

    /// <summary>
    /// What a group's gate lets through from or to addresses that are no pod's, ascending, neighbours with the same
    /// ports as one. Every address of the family is in exactly one range.
    /// </summary>
    public IEnumerable<OutsideRange> Outside(int group, Direction direction)
    {
        var cells = _policy.Cells.Of(Groups[group].Class, direction);
        var count = _policy.Atoms.Count(Family);
        int[] starts = [0, .. cells.Kinds.RunStarts.Select(start => start - _firstAtom).Where(s => s > 0 && s < count)];
        var first = 0;
        for (var i = 0; i < starts.Length; i++)
        {
            var ports = cells.PortsFor(-1, _firstAtom + starts[i], exempt: false);
            if (i + 1 < starts.Length
                && ports.Equals(cells.PortsFor(-1, _firstAtom + starts[i + 1], exempt: false)))
                continue;
            var last = i + 1 < starts.Length ? starts[i + 1] - 1 : count - 1;
            yield return new(
                _policy.Atoms.Bounds(Family, first).First, _policy.Atoms.Bounds(Family, last).Last, ports);
            first = last + 1;
        }
    }

    private PortSet Side(int subject, int peer, Direction direction)
    {
        var (one, other) = (Groups[subject], Groups[peer]);
        return _groups.PortsFor(_policy.Cells.Of(one.Class, direction), other);
    }

    private IEnumerable<AllowedBlock> Blocks(GateRows egress, GateRows ingress)
    {
        foreach (var outgoing in egress.Rows)
        {
            var to = outgoing.Peers.And(ingress.Subjects);
            if (to.IsEmpty)
                continue;
            foreach (var incoming in ingress.Rows)
            {
                var ports = _meets.Both(outgoing.Number, incoming.Number);
                var from = ports.IsEmpty ? IdSet.Empty : incoming.Peers.And(egress.Subjects);
                if (!from.IsEmpty)
                    yield return new(from, to, ports);
            }
        }
    }

    private long CountAllowedPairs(GateRows egress)
    {
        var count = 0L;
        foreach (var ingress in Ingress)
        {
            if (!egress.Peers.Overlaps(ingress.Subjects) || !ingress.Peers.Overlaps(egress.Subjects))
                continue;
            foreach (var outgoing in egress.Rows)
            {
                var receivers = outgoing.Peers.CountShared(ingress.Subjects);
                if (receivers == 0)
                    continue;
                foreach (var incoming in ingress.Rows)
                {
                    if (!_meets.Both(outgoing.Number, incoming.Number).IsEmpty)
                        count += (long)receivers * incoming.Peers.CountShared(egress.Subjects);
                }
            }
        }

        return count;
    }
}
