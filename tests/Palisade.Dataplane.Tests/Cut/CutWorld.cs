using System.Diagnostics;
using Palisade.Dataplane.Cut;
using Palisade.Dataplane.Lower;
using Palisade.Dataplane.Network;
using Palisade.Dataplane.Reconcile;
using Palisade.Dataplane.Tests.World;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Tests.Cut;

/// <summary>
/// Two nodes: pods a and b on n1, c and d on n2, whose own kernels answer; and what an agent on each node does after a
/// change: apply the table, then cut.
/// </summary>
internal sealed class CutWorld : IDisposable
{
    private readonly Dictionary<string, Cutting> _cutting = [];
    private readonly TimeSpan _grace;

    public CutWorld(TimeSpan grace = default, bool enforce = true, bool bridged = false)
    {
        _grace = grace;
        World = new(nodes: 2, podsPerNode: 2, bridged);
        World.Seat(Cluster([]), stack: true);
        StartAgents();
        if (enforce)
            Change();
    }

    public PacketWorld World { get; }

    /// <summary>What the looks at n1's connections, right after changes, did.</summary>
    public List<CutPass> Passes { get; } = [];

    public static Address Address(char pod, int family) => Policy.Sets.Address.Parse(family == 4
        ? $"10.244.{NodeOf(pod)}.{pod - 'a' + 2}"
        : $"fd00:10:244:{NodeOf(pod)}::{pod - 'a' + 2}");

    public PodPlace Pod(char pod) => World.Fabric.Nodes[NodeOf(pod) - 1].Pods[(pod - 'a') % 2];

    public Traffic Start(Protocol protocol, char from, char to, int family = 4, ushort port = 8080) => Traffic.Start(
        protocol, Pod(from), Address(from, family), Pod(to), Address(to, family), port);

    /// <summary>Agents as after a start: they know nothing of what was.</summary>
    public void StartAgents()
    {
        foreach (var node in (string[])["n1", "n2"])
        {
            _cutting.GetValueOrDefault(node)?.Dispose();
            _cutting[node] = World.PlaceOf(node)!.Namespace.Run(() => new Cutting(node, TimeProvider.System, _grace));
        }
    }

    /// <summary>What an agent does when it has seen a change; gives the moment when it saw it.</summary>
    public long Change(params IEnumerable<NetworkPolicy> policies)
    {
        var seen = Stopwatch.GetTimestamp();
        var policy = PolicyCompiler.Compile(Cluster(policies));
        foreach (var node in (string[])["n1", "n2"])
            Apply(policy, node);
        return seen;
    }

    /// <summary>The same for one node alone.</summary>
    public Applied Apply(CompiledPolicy policy, string node)
    {
        var place = World.PlaceOf(node)!;
        var (reconciler, cutting) = (World.ReconcilerOf(place), _cutting[node]);
        if (reconciler.Current is null)
            cutting.Installing(World.SocketOf(place));
        var network = NodeNetwork.Read(place.Routing);
        var ruleset = Lowering.Lower(policy, node, network, cutting.For(new()));
        var applied = reconciler.Apply(World.SocketOf(place), ruleset);
        World.EnforceOnBridge(policy, node);
        var scope = applied.Messages > 0 ? CutScope.Everything : CutScope.Nothing;
        if (cutting.Changed(policy, network, EnforcementMode.Enforce, scope) is { } pass && node == "n1")
            Passes.Add(pass);
        return applied;
    }

    /// <summary>What an agent does between changes, for a while.</summary>
    public void Wait(TimeSpan time, IEnumerable<NetworkPolicy> policies)
    {
        for (var since = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(since) < time; Thread.Sleep(5))
        {
            foreach (var cutting in _cutting.Values)
                cutting.Again();
            if (_cutting.Values.Any(cutting => cutting.MustApply))
                Change(policies);
        }
    }

    public static ClusterSnapshot Cluster(IEnumerable<NetworkPolicy> policies) => ClusterSnapshot.Of(
        endpoints: "abcd".Select(pod => new Endpoint
        {
            Namespace = "x",
            Name = $"{pod}",
            Labels = LabelSet.Of([new("pod", $"{pod}")]),
            Node = $"n{NodeOf(pod)}",
            Addresses = [Address(pod, 4), Address(pod, 6)],
        }),
        networkPolicies: policies,
        nodes:
        [
            .. new[] { 1, 2 }.Select(n => new Node(
                $"n{n}", LabelSet.Empty,
                [Policy.Sets.Address.Parse($"192.168.50.{n}"), Policy.Sets.Address.Parse($"fd00:50::{n}")])),
        ]);

    public void Dispose()
    {
        foreach (var cutting in _cutting.Values)
            cutting.Dispose();
        World.Dispose();
    }

    private static int NodeOf(char pod) => pod < 'c' ? 1 : 2;
}
