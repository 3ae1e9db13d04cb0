using Palisade.Dataplane.Network;
using Palisade.Nftables;
using Palisade.Nftables.Flows;
using Palisade.Nftables.Kernel;
using Palisade.Nftables.Netlink;
using Palisade.Nftables.Packets;
using Palisade.Nftables.Rtnetlink;
using Palisade.Policy.Model;

namespace Palisade.Dataplane.FlowLog;

/// <summary>How flows are recorded.</summary>
public sealed record FlowOptions
{
    /// <summary>The node's name.</summary>
    public required string Node { get; init; }

    /// <summary>The log group of the table; 0: denied packets are not heard of.</summary>
    public required ushort LogGroup { get; init; }

    /// <summary>How often the counters are asked what was not logged.</summary>
    public TimeSpan CountEvery { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Records of denied packets, and of connections, a second at most: some 30 µs each.</summary>
    public int MostPerSecond { get; init; } = 1000;

    /// <summary>Is told what does not work, as an event and its reason; from any thread.</summary>
    public Action<string, string> Say { get; init; } = (_, _) => { };

    /// <summary>Sees every record, on the thread that made it; it must not wait.</summary>
    public Action<FlowRecord> Record { get; init; } = _ => { };
}

/// <summary>
/// Hears of denied packets (nflog) and of connections (conntrack), says whose they were and which policy decided, and
/// keeps the last of them. It works on threads of its own in the namespace of the thread that made it, and neither
/// delays nor ends the enforcement beside it, whatever packets hold and whoever else listens.
/// </summary>
public sealed class FlowRecorder : IDisposable
{
    /// <summary>The reason of records of connections that were too many to record.</summary>
    public const string Connections = nameof(Connections);

    private static readonly TimeSpan RetryEvery = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);

    private readonly FlowOptions _options;
    private readonly TimeProvider _time;
    private readonly PolicyHistory _history;
    private readonly ManualResetEventSlim _stopped = new();
    private readonly Thread[] _threads;
    private string? _said;

    /// <summary>Begins to listen.</summary>
    public FlowRecorder(FlowOptions options, TimeProvider time)
    {
        (_options, _time, _history) = (options, time, new(time));
        Action[] work = options.LogGroup == 0 ? [HearConnections] : [HearDenials, HearConnections];
        _threads = [.. work.Select(each => new Thread(() => Keep(each)) { IsBackground = true, Name = "flows" })];
        foreach (var thread in _threads)
            thread.Start();
    }

    /// <summary>The last records.</summary>
    public FlowRing Ring { get; } = new();

    /// <summary>Whether denied packets are heard of now: another agent may have the log group.</summary>
    public bool HearsDenials { get; private set; }

    /// <summary>
    /// The kernel has this cluster's table now, up to this resourceVersion. Called by the loop that enforces; costs it
    /// next to nothing.
    /// </summary>
    /// <param name="snapshot">The cluster.</param>
    /// <param name="network">The node's interfaces.</param>
    /// <param name="generation">The resourceVersion.</param>
    /// <param name="changed">Whether anything was sent to the kernel.</param>
    public void Enforced(ClusterSnapshot snapshot, NodeNetwork network, ulong generation, bool changed) =>
        _history.Enforced(snapshot, network, generation, changed);

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopped.Set();
        foreach (var thread in _threads)
            thread.Join();
        _stopped.Dispose();
    }

    /// <summary>Begins again after what the kernel refuses, now and then.</summary>
    private void Keep(Action work)
    {
        do
        {
            try
            {
                work();
            }
            catch (NetlinkException e) when (e.Errno == Errno.EPERM)
            {
                Say("flows-not-heard", $"{e.Message}: log group {_options.LogGroup} has a listener already (another"
                    + " agent, or ulogd), or CAP_NET_ADMIN is missing. Policies are enforced all the same; --log-group names"
                    + " another group");
            }
            catch (KernelException e)
            {
                Say("flows-not-heard", e.Message);
            }
        }
        while (!_stopped.Wait(RetryEvery));
    }

    /// <summary>The same thing is not said every half minute.</summary>
    private void Say(string what, string reason)
    {
        if (Interlocked.Exchange(ref _said, reason) != reason)
            _options.Say(what, reason);
    }

    private void HearDenials()
    {
        using var nflog = new NflogSocket(_options.LogGroup, new() { FlushTimeout = TimeSpan.FromMilliseconds(20) });
        using var nft = new NftSocket();
        using var routing = new RtSocket();
        var hearing = new DenialHearing(
            new(_history, new(routing), _options.Node, _time), new(_options.MostPerSecond, _time), _time, Publish);
        HearsDenials = true;
        try
        {
            hearing.Look(_options.Node, Counters(nft));
            var looked = _time.GetTimestamp();
            while (!_stopped.IsSet)
            {
                if (nflog.Read(Tick) is { } packet)
                    Try(() => hearing.Hear(packet));
                if (_time.GetElapsedTime(looked) < _options.CountEvery)
                    continue;
                hearing.Look(_options.Node, Counters(nft));
                looked = _time.GetTimestamp();
            }
        }
        finally
        {
            HearsDenials = false;
        }
    }

    /// <summary>Of both tables together, since what they log bears the counter's name only.</summary>
    private static IReadOnlyList<NamedCounter> Counters(NftSocket nft) =>
    [
        .. nft.Counters(Lower.Names.Table()).Concat(nft.Counters(Lower.Names.BridgeTable()))
            .GroupBy(counter => counter.Name, StringComparer.Ordinal)
            .Select(same => same.First() with { Packets = same.Aggregate(0ul, (sum, one) => sum + one.Packets) }),
    ];

    private void HearConnections()
    {
        using var monitor = new FlowMonitor(FlowChange.New | FlowChange.Ended);
        using var routing = new RtSocket();
        var attribution = new Attribution(_history, new(routing), _options.Node, _time);
        var budget = new Budget(_options.MostPerSecond, _time);
        var (beyond, told) = (0L, _time.GetTimestamp());
        while (!_stopped.IsSet)
        {
            if (monitor.Read(Tick) is { } news)
            {
                if (news.Flow is not { } flow || !budget.TryTake())
                    beyond++;
                else
                    Try(() => Publish(attribution.Connection(
                        flow, news.Change == FlowChange.New ? FlowKind.Opened : FlowKind.Closed)));
            }

            if (beyond == 0 || _time.GetElapsedTime(told) < _options.CountEvery)
                continue;
            Publish(Suppressed(_options.Node, Connections, beyond, _time));
            (beyond, told) = (0, _time.GetTimestamp());
        }
    }

    /// <summary>A record of what there are no records of.</summary>
    internal static FlowRecord Suppressed(string node, string reason, long count, TimeProvider time) => new()
    {
        Time = time.GetUtcNow(),
        Node = node,
        Kind = FlowKind.Suppressed,
        Reason = reason,
        Count = count,
        Text = reason == Connections
            ? $"{count} openings and ends of connections were too many to record"
            : $"{count} packets were counted as {reason}, but were too many to log",
    };

    /// <summary>
    /// A packet is anything an attacker likes, and what is odd about one must not end the hearing of the others.
    /// </summary>
    private void Try(Action one)
    {
        try
        {
            one();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Say("flow-not-attributed", $"{e.GetType().Name}: {e.Message}");
        }
    }

    private void Publish(FlowRecord? record)
    {
        if (record is null)
            return;
        Ring.Add(record.Time, FlowJson.Line(record));
        _options.Record(record);
    }
}
