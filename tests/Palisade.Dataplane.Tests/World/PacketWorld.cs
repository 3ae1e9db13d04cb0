using System.Diagnostics;
using Palisade.Dataplane.Lower;
using Palisade.Dataplane.Network;
using Palisade.Dataplane.Reconcile;
using Palisade.Dataplane.Tests.Packets;
using Palisade.Nftables;
using Palisade.Nftables.Kernel;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Tests.World;

/// <summary>One connection to try: who sends its first packet, and from and to which address.</summary>
internal readonly record struct Attempt(
    Place From, Address Source, Place To, Address Destination, Protocol Protocol, ushort Port);

/// <summary>Where packets come from or go to: a pod, a node's own stack, or beyond (both null).</summary>
internal readonly record struct Place(PodPlace? Pod, NodePlace? Node)
{
    public static Place Beyond => default;

    /// <summary>Null: beyond, where no programs are.</summary>
    public NetworkNamespace? Namespace => Pod?.Namespace ?? Node?.Namespace;
}

/// <summary>
/// Two nodes with pods and what lies beyond, on which clusters are played one after the other: addresses and routes are
/// moved, the table is brought from one cluster's to the next by the reconciler, and connections are tried by real
/// packets, many at once.
/// </summary>
internal sealed class PacketWorld : IDisposable
{
    private static readonly NodeSettings Settings = new();
    private static readonly string[] Timeouts =
    [
        "tcp_timeout_syn_sent", "tcp_timeout_close", "udp_timeout", "icmp_timeout", "icmpv6_timeout",
        "sctp_timeout_cookie_wait",
    ];

    private readonly Dictionary<NodePlace, (NftSocket Socket, Reconciler Reconciler)> _kernels = [];
    private readonly Dictionary<NodePlace, Reconciler> _bridges = [];
    private readonly Dictionary<int, PodPlace> _pods = [];
    private readonly byte[] _received = new byte[4096];
    private uint _lastId;

    public PacketWorld(int nodes, int podsPerNode, bool bridged = false)
    {
        try
        {
            Fabric = new([.. Enumerable.Range(1, nodes).Select(i => new NodePlace($"n{i}", podsPerNode, bridged))]);
        }
        catch (KernelException e)
        {
            Assert.Skip($"NO NETWORK NAMESPACES HERE ({e.Message}): run as root or under unshare -Ur");
            throw;
        }

        foreach (var node in Fabric.Nodes)
        {
            _kernels[node] = (node.Namespace.Run(() => new NftSocket()), new());
            _bridges[node] = new();

            // Ports come round again: let the kernel forget attempts soon.
            foreach (var timeout in Timeouts)
                node.Namespace.SetSysctl($"net.netfilter.nf_conntrack_{timeout}", "1");
        }
    }

    public FabricPlace Fabric { get; }

    public ClusterSnapshot Cluster { get; private set; } = new();

    /// <summary>
    /// Seats a cluster: its first node is the first node place, and so on. With <paramref name="stack"/> pods' kernels
    /// answer.
    /// </summary>
    public void Seat(ClusterSnapshot cluster, bool stack = false)
    {
        Fabric.Clear();
        _pods.Clear();
        Cluster = cluster;
        var free = Fabric.Nodes.ToDictionary(node => node, node => new Queue<PodPlace>(node.Pods));
        foreach (var node in cluster.Nodes)
        {
            if (PlaceOf(node.Name) is not { } place)
                continue;   // a node of the cluster that lies beyond
            place.Take(node.Addresses);
            foreach (var address in node.Addresses)
                Fabric.Announce(place, address);
        }

        for (var i = 0; i < cluster.Endpoints.Length; i++)
        {
            var pod = cluster.Endpoints[i];
            if (pod.HostNetwork || PlaceOf(pod.Node) is not { } node)
                continue;
            var place = _pods[i] = free[node].Dequeue();
            place.Take(node.Routing, pod.Addresses, stack);
            foreach (var address in pod.Addresses)
                Fabric.Announce(node, address);
        }
    }

    /// <summary>Brings every node's table to what the policies mean for it.</summary>
    public IReadOnlyList<Applied> Enforce(CompiledPolicy policy) =>
        [.. Cluster.Nodes.Select(node => Enforce(policy, node.Name))];

    public Applied Enforce(CompiledPolicy policy, string node, NodeSettings? settings = null)
    {
        var place = PlaceOf(node)!;
        var (socket, reconciler) = _kernels[place];
        var network = NodeNetwork.Read(place.Routing);
        var applied = reconciler.Apply(socket, Lowering.Lower(policy, node, network, settings ?? Settings));
        EnforceOnBridge(policy, node, settings);
        return applied;
    }

    /// <summary>The table of the bridge, where the node has one.</summary>
    public void EnforceOnBridge(CompiledPolicy policy, string node, NodeSettings? settings = null)
    {
        var place = PlaceOf(node)!;
        var pods = policy.Snapshot.Endpoints.Where(pod => pod.Node == node && !pod.HostNetwork);
        var interfaces = PodInterfaces.Of(
            NodeNetwork.Read(place.Routing), pods, policy.Snapshot.Nodes.First(n => n.Name == node),
            settings ?? Settings);
        if (BridgeTable.Of(interfaces.Bridged, settings ?? Settings) is { } table)
            _bridges[place].Apply(_kernels[place].Socket, table);
        else if (_bridges[place].Current is not null)
            _bridges[place].Remove(_kernels[place].Socket, BridgeTable.OurTable);
    }

    public NftSocket SocketOf(NodePlace node) => _kernels[node].Socket;

    public Reconciler ReconcilerOf(NodePlace node) => _kernels[node].Reconciler;

    public NodePlace? PlaceOf(string node)
    {
        for (var i = 0; i < Cluster.Nodes.Length && i < Fabric.Nodes.Count; i++)
        {
            if (Cluster.Nodes[i].Name == node)
                return Fabric.Nodes[i];
        }

        return null;
    }

    public PodPlace? PlaceOf(int endpoint) => _pods.GetValueOrDefault(endpoint);

    /// <summary>Sends the first packet of every attempt, then says which arrived where they should.</summary>
    /// <param name="attempts">All are sent before the first is looked for.</param>
    /// <param name="expected">What ought to arrive: waited for up to a second. What should not has no more time than
    /// that.</param>
    public bool[] Try(IReadOnlyList<Attempt> attempts, IReadOnlyList<bool> expected)
    {
        var first = _lastId + 1;
        for (var i = 0; i < attempts.Count; i++)
            Send(attempts[i], ++_lastId);
        var arrived = new bool[attempts.Count];
        var since = Stopwatch.GetTimestamp();
        do
        {
            Collect(attempts, first, arrived);
        }
        while (Missing(arrived, expected) && Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(1));
        Thread.Sleep(2);   // forwarding happens inside send(); this is for a softirq that was put off
        Collect(attempts, first, arrived);
        return arrived;
    }

    public void Dispose()
    {
        foreach (var (socket, _) in _kernels.Values)
            socket.Dispose();
        Fabric.Dispose();
    }

    private static bool Missing(bool[] arrived, IReadOnlyList<bool> expected)
    {
        for (var i = 0; i < arrived.Length; i++)
        {
            if (expected[i] && !arrived[i])
                return true;
        }

        return false;
    }

    private void Send(Attempt attempt, uint id)
    {
        var port = (ushort)(10_000 + id % 55_000);
        var packet = Packet.Opening(attempt.Protocol, attempt.Source, port, attempt.Destination, attempt.Port, id);
        if (attempt.From.Pod is { } pod)
            pod.Send(packet);
        else if (attempt.From.Node is { } node)
            node.Send(packet);
        else
            Fabric.Inject((attempt.To.Pod?.Node ?? attempt.To.Node)!, packet);   // never from beyond to beyond
    }

    private void Collect(IReadOnlyList<Attempt> attempts, uint first, bool[] arrived)
    {
        foreach (var node in Fabric.Nodes)
        {
            foreach (var pod in node.Pods)
                Drain(pod.Frames, i => attempts[i].To.Pod == pod);
            foreach (var socket in node.Delivered)
                Drain(socket, i => attempts[i].To.Pod is null && attempts[i].To.Node == node);
        }

        foreach (var capture in Fabric.Captures)
            Drain(capture, i => attempts[i].To == Place.Beyond);

        void Drain(PacketSocket socket, Func<int, bool> isRightPlace)
        {
            int length;
            while ((length = socket.Receive(_received)) >= 0)
            {
                if (Packet.IdIn(_received.AsSpan(0, length)) is { } id && id >= first && id - first < attempts.Count
                    && isRightPlace((int)(id - first)))
                {
                    arrived[id - first] = true;
                }
            }
        }
    }
}
