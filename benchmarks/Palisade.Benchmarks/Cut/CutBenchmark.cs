using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Palisade.Benchmarks.Compile;
using Palisade.Benchmarks.Incremental;
using Palisade.Dataplane.Cut;
using Palisade.Dataplane.Lower;
using Palisade.Dataplane.Network;
using Palisade.Dataplane.Reconcile;
using Palisade.Nftables;
using Palisade.Nftables.Expressions;
using Palisade.Nftables.Flows;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;
using Address = Palisade.Policy.Sets.Address;

namespace Palisade.Benchmarks.Cut;

/// <summary>
/// A node with 110 pods and 100,000 connections of theirs, all allowed, and one more that really carries packets: from
/// the moment a change that denies it is seen to its last packet; and what the cut rule costs a packet that passes.
/// </summary>
internal sealed class CutBenchmark : IDisposable
{
    private const int Connections = 100_000;
    private const int Pods = 110;
    private const int Burst = 40_000;
    private const int Pairs = 20;
    private readonly CutNode _node = new(AddressOf(0), AddressOf(1));
    private readonly PolicyEngine _engine = new(Cluster());
    private readonly NftSocket _nft;
    private readonly Reconciler _reconciler = new();
    private readonly Cutting _cutting;
    private readonly NodeNetwork _network;
    private readonly LiveTable _live;
    private long _last;
    private volatile bool _ends;

    private CutBenchmark()
    {
        _nft = _node.Node.Run(() => new NftSocket());
        _cutting = _node.Node.Run(() => new Cutting("n1", TimeProvider.System, TimeSpan.Zero));
        _network = NodeNetwork.Read(_node.Routing);
        _live = new(_engine.Policy, "n1", _network, _cutting.For(new()));
    }

    public static int Run(int changes)
    {
        using var bench = new CutBenchmark();
        bench.Start();
        using var flows = bench._node.Node.Run(() => new ConntrackSocket());
        flows.Insert(Enumerable.Range(0, Connections).Select(Flow));
        foreach (var whole in (bool[])[false, true])
            bench.Latency(changes, whole, flows.Count());

        flows.Delete([.. flows.Dump()]);
        bench.PerPacket();
        return 0;
    }

    public void Dispose()
    {
        _cutting.Dispose();
        _nft.Dispose();
        _node.Dispose();
    }

    private static string AddressOf(int pod) => $"10.244.1.{pod + 2}";

    private static ClusterSnapshot Cluster() => ClusterSnapshot.Of(
        endpoints: Enumerable.Range(0, Pods).Select(i => new Endpoint
        {
            Namespace = "x",
            Name = $"p{i}",
            Labels = LabelSet.Of([new("pod", $"p{i}"), new("team", $"t{i % 10}")]),
            Node = "n1",
            Addresses = [Address.Parse(AddressOf(i))],
        }),
        networkPolicies: Enumerable.Range(0, 10).Select(team => new NetworkPolicy
        {
            Namespace = "x",
            Name = $"team{team}",
            Subject = LabelSelector.Of([new("team", SelectorOperator.In, [$"t{team}"])]),
            IsolatesIngress = true,
            Ingress = [new([], [PolicyPort.Range(Protocol.Udp, 8080, 8080), PolicyPort.Range(Protocol.Tcp, 80, 80)])],
        }),
        nodes: [new("n1", LabelSet.Empty, [Address.Parse("192.168.50.1")])]);

    private static NetworkPolicy Denial() => new()
    {
        Namespace = "x",
        Name = "deny",
        Subject = LabelSelector.Of([new("pod", SelectorOperator.In, ["p0"])]),
        IsolatesEgress = true,
    };

    /// <summary>From beyond to the pods' port 80.</summary>
    private static Flow Flow(int i)
    {
        var tuple = new FlowTuple(
            PacketAddress.Parse($"203.{i / 50_000}.113.{i % 250 + 1}"),
            PacketAddress.Parse(AddressOf(2 + i % (Pods - 2))), 6, (ushort)(10_000 + i / 250 % 50_000), 80);
        return new(tuple, tuple.Reversed)
        {
            Status = FlowStatus.SeenReply | FlowStatus.Assured,
            Timeout = 86_400,
            TcpState = TcpState.Established,
        };
    }

    private void Start()
    {
        _reconciler.Converge(_nft, _live.Ruleset());
        _cutting.Changed(_engine.Policy, _network, EnforcementMode.Enforce, CutScope.Everything);
    }

    /// <summary>As the agent does it.</summary>
    private CutPass? Apply(ClusterChange change, bool whole)
    {
        var delta = _engine.Apply(change);
        var table = _live.Update(delta, _engine.Policy.Nodes.Single(), _network, _cutting.For(new()));
        var scope = whole ? CutScope.Everything : _live.Concerned(delta, table);
        _reconciler.Apply(_nft, table!);
        return _cutting.Changed(_engine.Policy, _network, EnforcementMode.Enforce, scope);
    }

    private void Latency(int changes, bool whole, int connections)
    {
        var pump = new Thread(Pump) { IsBackground = true };
        (_ends, _last) = (false, 0);
        pump.Start();
        var (stopped, looks, applies) = (new List<double>(), new List<double>(), new List<double>());
        var processor = new List<double>();
        const int Warm = 10;
        for (var i = 0; i < changes + Warm; i++)
        {
            while (Stopwatch.GetElapsedTime(Volatile.Read(ref _last)) > TimeSpan.FromMilliseconds(5))
                Thread.Sleep(1);
            var (seen, used) = (Stopwatch.GetTimestamp(), ThreadClock.Microseconds);
            var pass = Apply(ClusterChange.Put(Denial()), whole)!.Value;
            var took = Stopwatch.GetElapsedTime(seen);
            used = ThreadClock.Microseconds - used;
            Thread.Sleep(60);
            _cutting.Again();
            Thread.Sleep(60);
            var last = Volatile.Read(ref _last);
            if (i >= Warm)
            {
                stopped.Add(Math.Max(0, Stopwatch.GetElapsedTime(seen, last).TotalMilliseconds));
                looks.Add(pass.Took.TotalMilliseconds);
                processor.Add(used / 1000);
                applies.Add((took - pass.Took).TotalMilliseconds);
            }

            Apply(ClusterChange.RemoveNetworkPolicy("x", "deny"), whole);
        }

        _ends = true;
        pump.Join();
        var name = whole ? "every connection" : "those of the pods concerned";
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {connections:#,0} | {name} | {Row(stopped)} | {Row(looks)} | {Row(applies)} | {Row(processor)} |"));
    }

    private static string Row(List<double> values) => string.Join(" / ",
        ((double[])[0.5, 0.99, 1]).Select(share => Figures.Text(Figures.Quantile(values, share))));

    /// <summary>Both ends send, two thousand times a second each, and what arrives is noted.</summary>
    private void Pump()
    {
        var buffer = new byte[100];
        while (!_ends)
        {
            foreach (var (from, to) in ((Socket, Socket)[])[(_node.Client, _node.Server), (_node.Server, _node.Client)])
            {
                from.Send("x"u8, SocketFlags.None, out _);
                while (to.Available > 0)
                {
                    to.Receive(buffer);
                    Volatile.Write(ref _last, Stopwatch.GetTimestamp());
                }
            }

            Thread.Sleep(TimeSpan.FromMicroseconds(300));
        }
    }

    /// <summary>A datagram is forwarded inside its sending: the time of the call is that of the way.</summary>
    private void PerPacket()
    {
        var with = Lowering.Lower(_engine.Policy, "n1", _network, new());
        var without = with with
        {
            Chains = [.. with.Chains.Select(c => c with { Rules = [.. c.Rules.Where(rule => !IsCut(rule))] })],
        };
        var (plain, cut) = (new List<double>(), new List<double>());
        _node.Server.Send("x"u8);
        for (var i = 0; i < Pairs; i++)
        {
            foreach (var (ruleset, times) in i % 2 == 0
                ? new[] { (with, cut), (without, plain) }
                : [(without, plain), (with, cut)])
            {
                _reconciler.Apply(_nft, ruleset);
                Send(2000);
                times.Add(Send(Burst));
            }
        }

        var ratios = cut.Zip(plain, (c, p) => c / p).Order().ToList();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"per packet: {Figures.Median(plain):F0} ns without the rule, {Figures.Median(cut):F0} ns with it; "
            + $"ratio of pairs: median {Figures.Median(ratios):F3}, "
            + $"half of them in {ratios[Pairs / 4]:F3} to {ratios[Pairs * 3 / 4]:F3}"));
    }

    private static bool IsCut(Rule rule) =>
        rule.Expressions.Any(expression => expression is Conntrack { Key: ConntrackKey.Status });

    private double Send(int count)
    {
        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < count; i++)
            _node.Client.Send("x"u8, SocketFlags.None, out _);
        return Stopwatch.GetElapsedTime(began).TotalNanoseconds / count;
    }
}
