using System.Collections.Concurrent;
using System.Diagnostics;
using Palisade.Dataplane.FlowLog;
using Palisade.Dataplane.Lower;
using Palisade.Dataplane.Network;
using Palisade.Dataplane.Tests.World;
using Palisade.Nftables;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;

namespace Palisade.Dataplane.Tests.FlowLog;

/// <summary>One node with real packets, and the recorder that hears what becomes of them.</summary>
internal sealed class HeardNode : IDisposable
{
    private readonly ConcurrentQueue<FlowRecord> _records = [];
    private ulong _generation;

    public HeardNode(ClusterSnapshot cluster, ushort group = 7254)
    {
        Node = new();
        Recorder = Node.Node.Namespace.Run(() => new FlowRecorder(
            new()
            {
                Node = "n1",
                LogGroup = group,
                CountEvery = TimeSpan.FromMilliseconds(200),
                Record = Take,
                Say = (what, reason) => Said.Enqueue($"{what}: {reason}"),
            },
            TimeProvider.System));
        Enforce(cluster);
        var since = Stopwatch.GetTimestamp();
        while (!Recorder.HearsDenials && Said.IsEmpty && Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(10))
            Thread.Sleep(5);
        Thread.Sleep(50);   // the conntrack listener of the other thread
    }

    public OneNode Node { get; }

    public FlowRecorder Recorder { get; }

    public ConcurrentQueue<string> Said { get; } = [];

    public void Enforce(ClusterSnapshot cluster, NodeSettings? settings = null)
    {
        if (settings is null)
            Node.Apply(cluster);
        else
            Observe(cluster, settings);
        Tell(cluster);
    }

    /// <summary>Says that a cluster is enforced, whatever the kernel has.</summary>
    public void Tell(ClusterSnapshot cluster) =>
        Recorder.Enforced(cluster, NodeNetwork.Read(Node.Node.Routing), _generation += 10, changed: true);

    /// <summary>Sends a packet that must not be delivered, and gives the one record there is of it.</summary>
    public FlowRecord Denied(byte[] packet, Action<byte[]> send) => Assert.Single(Heard(() => send(packet), 1));

    /// <summary>What is heard because of an action: waits for so many, then a little longer for one too many.</summary>
    public List<FlowRecord> Heard(Action action, int expected, FlowKind kind = FlowKind.Denied)
    {
        _records.Clear();
        action();
        var since = Stopwatch.GetTimestamp();
        while (_records.Count(r => r.Kind == kind) < expected
            && Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(10))
        {
            Thread.Sleep(5);
        }

        Thread.Sleep(120);
        return [.. _records.Where(record => record.Kind == kind)];
    }

    public void Dispose()
    {
        Recorder.Dispose();
        Node.Dispose();
    }

    /// <summary>What kernels say by themselves on a link (multicast listeners, neighbours) is nobody's test.</summary>
    private void Take(FlowRecord record)
    {
        if (record.Icmp is not { Type: >= 130 and <= 143 })
            _records.Enqueue(record);
    }

    private void Observe(ClusterSnapshot cluster, NodeSettings settings)
    {
        var (socket, network) = (Node.World.SocketOf(Node.Node), NodeNetwork.Read(Node.Node.Routing));
        var ruleset = Lowering.Lower(PolicyCompiler.Compile(cluster), "n1", network, settings);
        var transaction = new Transaction(ruleset.Table);
        transaction.DestroyTable();
        transaction.AddRuleset(ruleset);
        socket.Commit(transaction);
    }
}
