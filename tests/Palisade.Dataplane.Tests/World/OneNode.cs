using System.Diagnostics;
using Palisade.Dataplane.Lower;
using Palisade.Dataplane.Reconcile;
using Palisade.Dataplane.Tests.Packets;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Tests.World;

/// <summary>
/// One node "n1" with pods "a", "b" and "c" of namespace "x" (label pod=NAME), a place for a fourth that no cluster
/// knows, and policies as a test gives them. Packets are sent one by one and looked for where they should come out.
/// </summary>
internal sealed class OneNode : IDisposable
{
    private uint _id = 1_000_000;

    public OneNode(params IEnumerable<NetworkPolicy> policies)
        : this(bridged: false, policies)
    {
    }

    /// <summary>The same with its pods by links of their own, or as ports of a bridge.</summary>
    public OneNode(bool bridged, IEnumerable<NetworkPolicy> policies)
        : this(stack: false, bridged) => Apply(policies);

    /// <summary>Without a table yet.</summary>
    /// <param name="stack">Whether the pods' kernels have their addresses, so that programs run there.</param>
    /// <param name="bridged">Whether the pods are ports of a bridge.</param>
    public OneNode(bool stack, bool bridged = false)
    {
        World = new(nodes: 1, podsPerNode: 4, bridged);
        World.Seat(Cluster([]), stack);
    }

    public static Address Node4 { get; } = Address.Parse("192.168.50.1");

    public static Address Node6 { get; } = Address.Parse("fd00:50::1");

    /// <summary>Nobody's address, beyond the node.</summary>
    public static Address Beyond4 { get; } = Address.Parse("203.0.113.9");

    /// <summary>Nobody's address, beyond the node.</summary>
    public static Address Beyond6 { get; } = Address.Parse("2001:db8::9");

    public PacketWorld World { get; }

    public NodePlace Node => World.Fabric.Nodes[0];

    public PodPlace A => Node.Pods[0];

    public PodPlace B => Node.Pods[1];

    public PodPlace C => Node.Pods[2];

    /// <summary>A pod's link that no known pod has claimed until <see cref="Occupy"/> and a cluster say so.</summary>
    public PodPlace Stranger => Node.Pods[3];

    public static Address Address4(char pod) => Address.Parse($"10.244.1.{pod - 'a' + 2}");

    public static Address Address6(char pod) => Address.Parse($"fd00:10:244:1::{pod - 'a' + 2}");

    public static ClusterSnapshot Cluster(IEnumerable<NetworkPolicy> policies, string pods = "abc") =>
        ClusterSnapshot.Of(
        endpoints: pods.Select(pod => new Endpoint
        {
            Namespace = "x",
            Name = $"{pod}",
            Labels = LabelSet.Of([new("pod", $"{pod}")]),
            Node = "n1",
            Addresses = [Address4(pod), Address6(pod)],
        }),
        networkPolicies: policies,
        nodes: [new("n1", LabelSet.Empty, [Node4, Node6])]);

    /// <summary>Selects one pod for a direction and allows nothing but these rules.</summary>
    public static NetworkPolicy Isolate(char pod, Direction direction, params PolicyRule[] rules) => new()
    {
        Namespace = "x",
        Name = $"{direction}-{pod}".ToLowerInvariant(),
        Subject = Pod(pod),
        IsolatesIngress = direction == Direction.Ingress,
        IsolatesEgress = direction == Direction.Egress,
        Ingress = direction == Direction.Ingress ? [.. rules] : [],
        Egress = direction == Direction.Egress ? [.. rules] : [],
    };

    public static LabelSelector Pod(char pod) => LabelSelector.Of([new("pod", SelectorOperator.In, [$"{pod}"])]);

    public void Apply(IEnumerable<NetworkPolicy> policies, string pods = "abc") => Apply(Cluster(policies, pods));

    public Applied Apply(ClusterSnapshot cluster) => World.Enforce(PolicyCompiler.Compile(cluster), "n1");

    /// <summary>
    /// Gives the stranger's link its addresses and routes on the node; the cluster still does not know it.
    /// </summary>
    public void Occupy() => Stranger.Take(Node.Routing, [Address4('d'), Address6('d')], stack: false);

    /// <summary>The first packet of a connection.</summary>
    public byte[] Open(Address from, Address to, ushort port = 80, Protocol protocol = Protocol.Tcp) =>
        Packet.Opening(protocol, from, (ushort)(10_000 + ++_id % 50_000), to, port, _id);

    /// <summary>An id for a packet made elsewhere.</summary>
    public uint NextId() => ++_id;

    /// <summary>Sends by <paramref name="send"/>, and says whether it came out at the pod.</summary>
    public bool Arrives(PodPlace at, byte[] packet, Action<byte[]> send) => Arrives([at.Frames], packet, send);

    /// <summary>Whether the node's own stack took it.</summary>
    public bool ArrivesAtNode(byte[] packet, Action<byte[]> send) => Arrives(Node.Delivered, packet, send);

    /// <summary>Whether it left the node by its uplink.</summary>
    public bool Leaves(byte[] packet, Action<byte[]> send) => Arrives(World.Fabric.Captures, packet, send);

    /// <summary>The packets a counter of the tables has counted.</summary>
    public ulong Counted(string counter) =>
        new[] { Lowering.OurTable, BridgeTable.OurTable }.SelectMany(table => World.SocketOf(Node).Counters(table))
            .Where(c => c.Name == counter).Aggregate(0ul, (sum, c) => sum + c.Packets);

    /// <summary>
    /// Asserts that a packet is stopped, and that this counter counted it (and perhaps what the pods' kernels say by
    /// themselves).
    /// </summary>
    public void Stops(string counter, byte[] packet, Action<byte[]> send, Func<byte[], Action<byte[]>, bool> arrives)
    {
        var before = Counted(counter);
        Assert.False(arrives(packet, send), $"a packet that {counter} should count went through");
        Assert.True(Counted(counter) > before, $"{counter} did not count it");
    }

    /// <summary>Loads nft text beside our table, in the node's namespace.</summary>
    public void Foreign(string ruleset) => Nft(ruleset, "-f", "-");

    /// <summary>Runs nft in the node's namespace; without it the test is skipped, loudly.</summary>
    public string Nft(string input, params string[] arguments)
    {
        if (!File.Exists("/usr/sbin/nft"))
            Assert.Skip("NO nft HERE: apt-get install nftables; it is the independent judge of these tests");
        var start = new ProcessStartInfo("/usr/sbin/nft", arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Node.Namespace.Start(start);
        var errors = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"nft {string.Join(' ', arguments)}: {errors.Result}\n{input}");
        return output;
    }

    public void Dispose() => World.Dispose();

    private static bool Arrives(IEnumerable<PacketSocket> at, byte[] packet, Action<byte[]> send)
    {
        var id = Packet.IdIn(packet) ?? throw new ArgumentException("a packet without a mark");
        var buffer = new byte[4096];
        send(packet);
        // Forwarding between veth pairs happens inside the send; the second look is for a softirq that was put off.
        for (var look = 0; look < 2; look++)
        {
            foreach (var socket in at)
            {
                int length;
                while ((length = socket.Receive(buffer)) >= 0)
                {
                    if (Packet.IdIn(buffer.AsSpan(0, length)) == id)
                        return true;
                }
            }

            Thread.Sleep(look == 0 ? 5 : 0);
        }

        return false;
    }
}
