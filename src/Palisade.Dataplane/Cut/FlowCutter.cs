using System.Collections.Immutable;
using Palisade.Nftables;
using Palisade.Nftables.Flows;
using Palisade.Nftables.Kernel;
using Palisade.Nftables.Netlink;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Cut;

/// <summary>What is to become of a connection.</summary>
internal enum FlowFate
{
    /// <summary>It is what it should be.</summary>
    Stay,

    /// <summary>It may carry nothing more.</summary>
    Cut,

    /// <summary>It was cut, and is allowed again.</summary>
    Release,

    /// <summary>It may carry nothing more, and its packets bypass the hooks where they would be dropped.</summary>
    OutOfReach,
}

/// <summary>
/// Marks connections that are no more allowed, so that the first rule of the gates drops them in either direction, and
/// takes the mark from those that are allowed again.
/// </summary>
/// <remarks>
/// The mark is the status bit IPS_FIXED_TIMEOUT: nothing in the kernel sets it, it can be set on any connection in one
/// message (labels only on those that began after the first rule with labels), and it needs no other entry in the
/// table's place, so there is no moment without one. It cannot be taken back: a connection that is allowed again is
/// deleted and put back without it (ADR 18). Its sockets belong to the namespace of the thread that made it.
/// </remarks>
internal sealed class FlowCutter : IDisposable
{
    /// <summary>
    /// A cut connection is remembered this long even if it would have been forgotten earlier: its timeout is fixed.
    /// </summary>
    public const uint LeastSeconds = 600;

    // What a reading costs the kernel, in nanoseconds: a bucket walked over, a connection passed over, one handed out.
    private const int BucketCost = 40;
    private const int PassCost = 100;
    private const int ShowCost = 2600;
    private const int UsualBuckets = 262_144;

    private const int BatchSize = 128;

    /// <summary>What was found is stopped at the latest when so many more were read: some 5 ms.</summary>
    private const int LongestWait = 2000;
    private const int MostAttempts = 6;
    private const int Exists = 17;   // EEXIST
    private readonly ConntrackSocket _reader = new();
    private readonly ConntrackSocket _writer = new();
    private readonly List<Flow> _denied = [];
    private readonly List<Flow> _allowed = [];
    private readonly long _buckets =
        Sysctl.Read("net.netfilter.nf_conntrack_buckets") is { } text && long.TryParse(text, out var number)
            ? number
            : UsualBuckets;

    private int _seen, _cut, _lifted, _offloaded, _refused, _held, _waited;
    private long _packets;
    private bool _mayFilter = true;

    /// <summary>Whether connections may have been cut and not ended or been released since.</summary>
    public bool Holds { get; private set; } = true;

    /// <summary>Looks at all connections of a scope, once.</summary>
    /// <param name="judge">Who decides; null: everything is allowed.</param>
    /// <param name="scope">Which to look at.</param>
    /// <param name="protocol">Only of this protocol.</param>
    /// <param name="time">What measures.</param>
    public CutPass Run(FlowJudge? judge, CutScope scope, byte? protocol, TimeProvider time)
    {
        var began = time.GetTimestamp();
        (_seen, _cut, _lifted, _offloaded, _refused, _held, _packets) = (0, 0, 0, 0, 0, 0, 0);
        try
        {
            Read(judge, Filters(scope, protocol));
        }
        catch (NetlinkException e) when (_mayFilter && e.Errno is Errno.EOPNOTSUPP or Errno.EINVAL)
        {
            _mayFilter = false;   // a kernel that knows less: the judge asks what the filter would have
            Read(judge, [FlowFilter.Everything]);
        }

        var isWhole = scope.Addresses is null && protocol is null;
        Holds = _held > 0 || (Holds && !isWhole && !scope.Opens);
        return new(_seen, _cut, _lifted, _offloaded, _refused, isWhole, time.GetElapsedTime(began))
        {
            CutPackets = _packets,
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _reader.Dispose();
        _writer.Dispose();
    }

    private void Read(FlowJudge? judge, IEnumerable<FlowFilter> filters)
    {
        foreach (var filter in filters)
        {
            _seen += _reader.Scan(filter, (in sight) => Look(judge, sight));
            Flush();
        }
    }

    private ImmutableArray<FlowFilter> Filters(CutScope scope, byte? protocol)
    {
        if (scope.Addresses is not { } addresses)
        {
            // Fields of a tuple are compared only where the family is given (EOPNOTSUPP).
            return protocol is null || !_mayFilter
                ? [FlowFilter.Everything]
                : [.. new byte[] { 4, 6 }.Select(family => Of(family, new() { Protocol = protocol }))];
        }

        var filters = ImmutableArray.CreateBuilder<FlowFilter>();
        if (scope.Opens)
            filters.Add(new() { Status = (FlowStatus.FixedTimeout, FlowStatus.FixedTimeout) });
        foreach (var end in addresses.Where(address => address.Family == AddressFamily.V4)
            .Select(address => new TupleFilter { Source = new PacketAddress(4, address.Bits) }))
        {
            filters.Add(Of(4, end));
            filters.Add(new() { Family = 4, Reply = end });   // whoever answers, after translation
        }

        if (addresses.Any(address => address.Family == AddressFamily.V6))
            filters.Add(Of(6, null));   // the kernel cannot compare addresses of IPv6
        return _mayFilter && IsCheaper(filters.Count) ? filters.DrainToImmutable() : [FlowFilter.Everything];

        static FlowFilter Of(byte family, TupleFilter? original) => new() { Family = family, Original = original };
    }

    /// <summary>Whether so many readings that show little cost less than one of everything.</summary>
    private bool IsCheaper(int readings)
    {
        long connections = _writer.Count();
        var walk = _buckets * BucketCost;
        return readings * (walk + connections * PassCost) < walk + connections * ShowCost;
    }

    /// <summary>What is to become of a connection.</summary>
    /// <param name="judge">Who decides; null: everything is allowed.</param>
    /// <param name="original">Its original direction.</param>
    /// <param name="reply">Its other direction.</param>
    /// <param name="status">Its status: whether it has been cut, and whether marking it is of any use.</param>
    /// <param name="takenUp">Whether nobody saw it begin.</param>
    public static FlowFate FateOf(
        FlowJudge? judge, in FlowTuple original, in FlowTuple reply, FlowStatus status, bool takenUp)
    {
        var isCut = (status & FlowStatus.FixedTimeout) != 0;
        if (judge is null)
            return isCut ? FlowFate.Release : FlowFate.Stay;
        if (!judge.Concerns(original, reply))
            return FlowFate.Stay;
        if (judge.Allows(original, reply, takenUp))
            return isCut ? FlowFate.Release : FlowFate.Stay;
        if ((status & (FlowStatus.Offload | FlowStatus.HardwareOffload)) != 0)
            return FlowFate.OutOfReach;
        return isCut ? FlowFate.Stay : FlowFate.Cut;
    }

    private void Look(FlowJudge? judge, in FlowSight sight)
    {
        var fate = FateOf(judge, sight.Original, sight.Reply, sight.Status, sight.IsTakenUp);
        if (fate != FlowFate.Release && (fate == FlowFate.Cut || (sight.Status & FlowStatus.FixedTimeout) != 0))
            _held++;
        switch (fate)
        {
            case FlowFate.Cut: _denied.Add(sight.ToFlow()); break;
            case FlowFate.Release: _allowed.Add(sight.ToFlow()); break;
            case FlowFate.OutOfReach: _offloaded++; break;
        }

        var found = _allowed.Count + _denied.Count;
        if (found >= BatchSize || (found > 0 && ++_waited >= LongestWait))
            Flush();
    }

    private void Flush()
    {
        _waited = 0;
        if (_denied.Count > 0)
        {
            var outcome = _writer.SetStatus(_denied, FlowStatus.FixedTimeout, LeastSeconds);
            (_cut, _refused) = (_cut + outcome.Done, _refused + outcome.Refused.Length);
            _packets += _denied.Sum(
                flow => Math.Max(1, (long)(flow.Counts.OriginalPackets + flow.Counts.ReplyPackets)));
            _denied.Clear();
        }

        if (_allowed.Count > 0)
        {
            Release(_allowed);
            _allowed.Clear();
        }
    }

    /// <summary>
    /// Puts connections back without the mark. For some microseconds between its deletion and that a connection is as
    /// one that nobody saw begin: gates drop TCP, whose sender sends it again; but an answer of UDP just then opens a
    /// connection the other way, if that is allowed, which would be judged backwards from then on. It is taken away.
    /// </summary>
    private void Release(List<Flow> flows)
    {
        var rest = flows;
        for (var attempt = 0; rest.Count > 0 && attempt < MostAttempts; attempt++)
        {
            var outcome = _writer.Restore(rest, FlowStatus.FixedTimeout);
            _lifted += outcome.Done;
            rest = [.. outcome.Refused.Where(refusal => refusal.Errno == Exists).Select(refusal => refusal.Flow)];
        }

        _held += rest.Count;
    }
}
