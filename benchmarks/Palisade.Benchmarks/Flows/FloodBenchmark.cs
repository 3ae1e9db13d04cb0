using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Palisade.Dataplane.FlowLog;
using Palisade.Dataplane.Lower;
using Palisade.Dataplane.Network;
using Palisade.Nftables;
using Palisade.Nftables.Expressions;
using Palisade.Nftables.Kernel;
using Palisade.Nftables.Rtnetlink;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Address = Palisade.Policy.Sets.Address;

namespace Palisade.Benchmarks.Flows;

/// <summary>
/// What a flood of denied packets costs: a pod sends UDP to a closed one, as fast as one thread can. The path through
/// both links, routing, conntrack and the gate runs inside send, so that its time is all of it. Tables in turn, many
/// rounds: with a log and a limit (with and without a listener), without any log, and with a log that has no limit.
/// </summary>
internal static class FloodBenchmark
{
    private const int Packets = 50_000;
    private const ushort Group = 7254;

    private static readonly Address Sender = Address.Parse("10.244.1.2");
    private static readonly Address Closed = Address.Parse("10.244.1.3");

    private sealed record Way(string Name, bool Listens, Ruleset Table)
    {
        public List<double> Nanoseconds { get; } = [];

        public List<double> Processor { get; } = [];
    }

    public static int Run(int rounds)
    {
        using var node = NetworkNamespace.Create("node");
        using var from = Pod(node, "pod-a", Sender);
        using var to = Pod(node, "pod-b", Closed);
        node.SetSysctl("net.ipv4.ip_forward", "1");
        using var nft = node.Run(() => new NftSocket());
        using var routing = node.Run(() => new RtSocket());
        var network = NodeNetwork.Read(routing);
        var cluster = Cluster();
        var policy = PolicyCompiler.Compile(cluster);
        Ruleset Table(ushort group) => Lowering.Lower(policy, "n1", network, new() { LogGroup = group });
        Way[] ways =
        [
            new("no log", false, Table(0)),
            new("log, limit, nobody listens", false, Table(Group)),
            new("log, limit, the agent listens", true, Table(Group)),
            new("log without limit, the agent listens", true, Unlimited(Table(Group))),
        ];
        using var socket = from.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        socket.Connect(new IPEndPoint(new IPAddress(Closed.ToBytes()), 9));
        for (var round = -1; round < rounds; round++)
        {
            foreach (var way in ways)
            {
                Load(nft, way.Table);
                using var recorder = way.Listens ? Listen(node, cluster, network) : null;
                var (nanoseconds, processor) = Flood(socket);
                if (round < 0)
                    continue;   // the first warms up
                way.Nanoseconds.Add(nanoseconds);
                way.Processor.Add(processor);
            }
        }

        const string Columns = "ns/packet  CPU ns/packet  CPU to no log, same round: median [4th - 4th last]";
        Console.WriteLine($"{"table",-38} {Columns}");
        foreach (var way in ways)
        {
            var ratios = way.Processor.Zip(ways[0].Processor, (with, without) => with / without).Order().ToList();
            Console.WriteLine(
                $"{way.Name,-38} {Median(way.Nanoseconds),9:0}  {Median(way.Processor),13:0}  {Median(ratios):0.000}"
                + $" [{ratios[Math.Min(3, ratios.Count - 1)]:0.000} - {ratios[Math.Max(0, ratios.Count - 4)]:0.000}]");
        }

        return 0;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static (double Nanoseconds, double Processor) Flood(Socket socket)
    {
        var payload = new byte[18];
        var processor = Environment.CpuUsage.TotalTime;
        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < Packets; i++)
            socket.Send(payload);
        var took = Stopwatch.GetElapsedTime(began);
        Thread.Sleep(300);   // what the listener has not done yet is its cost too
        var used = Environment.CpuUsage.TotalTime - processor;
        return (took.TotalNanoseconds / Packets, used.TotalNanoseconds / Packets);
    }

    private static FlowRecorder Listen(NetworkNamespace node, ClusterSnapshot cluster, NodeNetwork network)
    {
        var recorder = node.Run(() => new FlowRecorder(new() { Node = "n1", LogGroup = Group }, TimeProvider.System));
        recorder.Enforced(cluster, network, 1, changed: true);
        while (!recorder.HearsDenials)
            Thread.Sleep(1);
        return recorder;
    }

    private static void Load(NftSocket nft, Ruleset table)
    {
        var transaction = new Transaction(table.Table);
        transaction.DestroyTable();
        transaction.AddRuleset(table);
        nft.Commit(transaction);
    }

    private static Ruleset Unlimited(Ruleset table) => table with
    {
        Chains =
        [
            .. table.Chains.Select(chain => chain with
            {
                Rules =
                [
                    .. chain.Rules.Select(rule => rule with
                    {
                        Expressions = [.. rule.Expressions.Where(expression => expression is not Limit)],
                    }),
                ],
            }),
        ],
    };

    private static ClusterSnapshot Cluster() => ClusterSnapshot.Of(
        endpoints:
        [
            new() { Namespace = "x", Name = "a", Node = "n1", Addresses = [Sender] },
            new() { Namespace = "x", Name = "b", Node = "n1", Addresses = [Closed] },
        ],
        networkPolicies:
        [
            new() { Namespace = "x", Name = "closed", Subject = LabelSelector.Everything, IsolatesIngress = true },
        ],
        nodes: [new("n1", LabelSet.Empty, [Address.Parse("192.168.50.1")])]);

    private static NetworkNamespace Pod(NetworkNamespace node, string link, Address address)
    {
        var pod = NetworkNamespace.Create(link);
        var own = new IPAddress(address.ToBytes());
        var gateway = IPAddress.Parse("169.254.77.1");
        var mac = node.Run(() =>
        {
            using var routing = new RtSocket();
            routing.CreateVeth(link, "eth0", pod.FileDescriptor);
            routing.SetUp(link);
            return routing.FindLink(link)!.HardwareAddress.GetAddressBytes();
        });
        var inside = pod.Run(() =>
        {
            using var routing = new RtSocket();
            routing.SetUp("eth0");
            routing.AddAddress("eth0", own, 32);
            routing.AddNeighbour("eth0", gateway, new(mac));
            routing.ReplaceRoute(new(IPNetwork.Parse("0.0.0.0/0"))
            {
                Gateway = gateway,
                Device = "eth0",
                OnLink = true,
                PreferredSource = own,
            });
            return routing.FindLink("eth0")!.HardwareAddress.GetAddressBytes();
        });
        node.Run(() =>
        {
            using var routing = new RtSocket();
            routing.AddNeighbour(link, own, new(inside));
            routing.ReplaceRoute(new(new IPNetwork(own, 32)) { Device = link });
        });
        return pod;
    }
}
