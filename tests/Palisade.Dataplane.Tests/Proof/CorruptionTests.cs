using System.Globalization;
using System.Text;
using CsCheck;
using Palisade.Dataplane.Proof;
using Palisade.Dataplane.Tests.Judged;
using Palisade.Dataplane.Tests.World;
using Palisade.Nftables;
using Palisade.Policy.Compile;
using Palisade.Policy.Evaluate;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;
using Palisade.Tests.Shared;

namespace Palisade.Dataplane.Tests.Proof;

/// <summary>
/// The kernel's table is damaged in random places. What changes a packet's fate must be found, with a packet that shows
/// it: that packet is sent. Where nothing is found, packets near the damage are sent, and all must fare as the policies
/// say.
/// </summary>
public sealed class CorruptionTests
{
    private static readonly ClusterShape Shape = new()
    {
        MaxNodes = 2,
        MaxPods = 9,
        MaxPolicies = 6,
        MaxClusterPolicies = 2,
    };

    private static readonly int Wanted = Environment.GetEnvironmentVariable("PALISADE_NIGHTLY") == "1" ? 3000 : 300;
    private static readonly ushort[] Ports = [0, 80, 8080, 53, 79, 81, 82, 1, 65535];
    private readonly Dictionary<Damage, (int Found, int Sent, int Hidden)> _seen = [];
    private readonly List<string> _hidden = [];

    /// <summary>300 damages of 17 kinds; nightly 3,000.</summary>
    [Fact]
    public void Damage_is_found_with_a_packet_that_shows_it()
    {
        using var world = new PacketWorld(nodes: 1, podsPerNode: 9);
        // The damages are part of what is generated: the seed that a failure prints makes them again.
        Gen.Select(RandomClusters.Clusters(Shape), Gen.Int).Sample(
            (cluster, seed) => Play(world, cluster, new Random(seed), null), iter: Wanted / 4, threads: 1);
        // Chance may have left out a kind that mostly changes nothing: it gets more chances.
        foreach (var damage in NeverFound())
        {
            Gen.Select(RandomClusters.Clusters(Shape), Gen.Int).Sample(
                (cluster, seed) => Play(world, cluster, new Random(seed), damage), iter: 20, threads: 1);
        }

        Tell();
        Assert.True(_seen.Values.Sum(seen => seen.Found + seen.Hidden) >= Wanted, "too few were tried");
        Assert.True(_seen.Values.Sum(seen => seen.Found) >= Wanted * 2 / 3, "too few were found");
        Assert.True(_seen.Values.Sum(seen => seen.Sent) >= Wanted / 4, "too few witnesses could be sent");
        Assert.Empty(NeverFound());
    }

    private List<Damage> NeverFound() =>
        [.. Enum.GetValues<Damage>().Where(damage => _seen.GetValueOrDefault(damage).Found == 0)];

    /// <summary>A cluster's true table, eight damages to it one after the other, and the true table again.</summary>
    private void Play(PacketWorld world, ClusterSnapshot cluster, Random random, Damage? only)
    {
        if (!cluster.Endpoints.Any(pod => pod is { Node: "n1", HostNetwork: false } && !pod.Addresses.IsEmpty))
            return;   // nobody to protect
        var policy = PolicyCompiler.Compile(cluster);
        world.Seat(cluster);
        world.Enforce(policy, "n1");
        var table = world.ReconcilerOf(world.Fabric.Nodes[0]).Current!;
        for (var i = 0; i < 8; i++)
        {
            var damage = only ?? (Damage)random.Next(Enum.GetValues<Damage>().Length);
            if (Corruption.Of(damage, table, random) is { } corruption)
                Judge(world, cluster, policy, corruption, table, random);
        }

        Restore(world, table);
        var proof = TrueTableTests.Prove(world, policy, "n1");
        Assert.True(proof.Holds, $"the true table no longer proves: {proof.Differences.FirstOrDefault()}");
    }

    private void Judge(
        PacketWorld world, ClusterSnapshot cluster, CompiledPolicy policy, Corruption corruption, Ruleset table,
        Random random)
    {
        var node = world.Fabric.Nodes[0];
        try
        {
            world.ReconcilerOf(node).Apply(world.SocketOf(node), corruption.Table);
        }
        catch (NftablesException)
        {
            Restore(world, table);   // the kernel does not take such a table: no damage done
            return;
        }

        var proof = TrueTableTests.Prove(world, policy, "n1");
        var (found, sent, hidden) = _seen.GetValueOrDefault(corruption.Damage);
        if (proof.Holds)
        {
            Everything(world, cluster, policy, corruption, random);
            hidden++;
            _hidden.Add(corruption.ToString());
        }
        else
        {
            found++;
            Assert.All(proof.Differences, difference => Assert.NotNull(difference.Packet));
            var movedHook = corruption.Damage is Damage.HookChanged or Damage.PriorityChanged;
            var sendable = movedHook ? null : proof.Differences.FirstOrDefault(d => AttemptOf(world, d) is not null);
            if (sendable is not null)
            {
                var expected = sendable.Kind == DifferenceKind.Leak;
                var arrived = world.Try([AttemptOf(world, sendable)!.Value], [expected])[0];
                Assert.True(arrived == expected, $"{corruption}\nthe witness did otherwise: {sendable}");
                sent++;
            }
        }

        _seen[corruption.Damage] = (found, sent, hidden);
        Restore(world, table);
    }

    private static void Restore(PacketWorld world, Ruleset table)
    {
        var node = world.Fabric.Nodes[0];
        world.ReconcilerOf(node).Apply(world.SocketOf(node), table);
    }

    /// <summary>Nothing was found, so nothing may be there: packets between all that matter are tried.</summary>
    private static void Everything(
        PacketWorld world, ClusterSnapshot cluster, CompiledPolicy policy, Corruption corruption, Random random)
    {
        var evaluator = new Evaluator(policy);
        var attempts = new List<Attempt>();
        foreach (var family in (AddressFamily[])[AddressFamily.V4, AddressFamily.V6])
        {
            // What a pod and a node have is not compared: nobody can say which of them is meant.
            var contested = cluster.Endpoints.SelectMany(pod => pod.Addresses)
                .Concat(cluster.Nodes.SelectMany(n => n.Addresses))
                .GroupBy(a => a).Where(same => same.Count() > 1).Select(same => same.Key).ToHashSet();
            var addresses = RandomClusters.Interesting(cluster, family)
                .Concat(corruption.Near.Where(a => a.Family == family)).Distinct()
                .Where(a => !contested.Contains(a)).ToList();
            var local = cluster.Endpoints.Where(pod => pod is { Node: "n1", HostNetwork: false })
                .SelectMany(pod => pod.Addresses).Where(a => a.Family == family && !contested.Contains(a)).ToList();
            var pairs = local.SelectMany(pod => addresses.SelectMany(a => new[] { (pod, a), (a, pod) }))
                .Where(pair => pair.Item1 != pair.Item2).Distinct();
            foreach (var (from, to) in pairs)
            {
                // All ports where the damage is, and one elsewhere.
                var isNear = corruption.Near.Contains(from) || corruption.Near.Contains(to);
                foreach (var port in isNear ? Ports : [Ports[random.Next(Ports.Length)]])
                {
                    var protocol = port == 0 ? Protocol.Other : isNear ? Protocol.Tcp : (Protocol)random.Next(3);
                    var probe = new Probe(ProbeEnd.OfAddress(from), ProbeEnd.OfAddress(to), family, protocol, port);
                    if (KernelTries.Of(world, probe) is { } attempt)
                        attempts.Add(attempt);
                }
            }
        }

        var half = attempts.OrderBy(a => IsNear(a) ? 0 : 1).ThenBy(_ => random.Next()).Take(400).ToList();
        var expected = half.Select(attempt => AllowsHere(policy, evaluator, attempt)).ToList();
        var arrived = world.Try(half, expected);
        var wrong = half.Where((_, i) => arrived[i] != expected[i]).ToList();
        Assert.True(wrong.Count == 0, $"not found: {corruption}\nbut {string.Join('\n', wrong.Take(3))}");

        bool IsNear(Attempt attempt) =>
            corruption.Near.Contains(attempt.Source) || corruption.Near.Contains(attempt.Destination);
    }

    /// <summary>What this node decides: the side of a pod that lies beyond is judged there.</summary>
    private static bool AllowsHere(CompiledPolicy policy, Evaluator evaluator, Attempt attempt)
    {
        var explanation = evaluator.Explain(new(
            evaluator.Parties.OfAddress(attempt.Source), evaluator.Parties.OfAddress(attempt.Destination),
            attempt.Protocol, attempt.Port));
        return (attempt.From.Pod is null || explanation.Egress.Verdict == Verdict.Allow)
            && (attempt.To.Pod is null || explanation.Ingress.Verdict == Verdict.Allow);
    }

    /// <summary>The packet of a difference as one that can be sent here; null: it takes more than one packet.</summary>
    private static Attempt? AttemptOf(PacketWorld world, Difference difference)
    {
        var packet = difference.Packet!;
        var echo = packet.Protocol is "ICMP" && packet.Port == 8 || packet.Protocol is "ICMPv6" && packet.Port == 128;
        Protocol? protocol = packet.Protocol switch
        {
            "TCP" => Protocol.Tcp,
            "UDP" => Protocol.Udp,
            "SCTP" => Protocol.Sctp,
            _ => echo ? Protocol.Other : null,
        };
        var node = world.Fabric.Nodes[0];
        var sendable = protocol is not null && packet.State == "new" && difference.Kind != DifferenceKind.Unproved
            && packet.From != packet.To && packet.Output != "lo"
            && !(packet.Input == "up0" && packet.Output is "up0" or "")   // through the node, or to it: nobody listens
            && Place(packet.Input, packet.From) is not null && Place(packet.Output, packet.To) is not null
            && IsRouted(packet.From) && IsRouted(packet.To);
        return sendable
            ? new(
                Place(packet.Input, packet.From)!.Value, packet.From, Place(packet.Output, packet.To)!.Value,
                packet.To, protocol!.Value, protocol == Protocol.Other ? (ushort)0 : (ushort)packet.Port!)
            : null;

        Place? Place(string link, Address address)
        {
            if (link.Length == 0)
                return node.Addresses.Contains(address) ? new(null, node) : null;
            if (link == "up0")
                return World.Place.Beyond;
            return node.Pods.FirstOrDefault(pod => pod.Link == link && pod.Addresses.Contains(address)) is { } pod
                ? new(pod, null)
                : null;
        }

        static bool IsRouted(Address address) => address.Family == AddressFamily.V4
            ? (uint)(address.Bits >> 24) is > 0 and < 224 and not 127 && !Cidr.Parse("169.254.0.0/16").Contains(address)
            : Cidr.Parse("2000::/3").Contains(address) || Cidr.Parse("fc00::/7").Contains(address);
    }

    private void Tell()
    {
        var text = new StringBuilder();
        foreach (var (damage, (found, sent, hidden)) in _seen.OrderBy(pair => pair.Key))
        {
            text.AppendLine(
                CultureInfo.InvariantCulture, $"{damage}: {found} found, {sent} sent, {hidden} change nothing");
        }

        text.AppendJoin('\n', _hidden.Take(60));
        TestContext.Current.TestOutputHelper?.WriteLine(text.ToString());
    }
}
