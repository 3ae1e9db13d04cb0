using Palisade.Dataplane.Lower;
using Palisade.Dataplane.Network;
using Palisade.Dataplane.Proof;
using Palisade.Dataplane.Reconcile;
using Palisade.Nftables;
using Palisade.Nftables.Kernel;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Tests.Proof;

/// <summary>A cluster of 100,000 pods, 110 of them on the node that is proved.</summary>
public sealed class LargeTableTests
{
    private const int Pods = 100_000;
    private const int LocalPods = 110;
    private const int Applications = 200;

    [Fact]
    public void A_hundred_thousand_pods_are_proved_in_seconds()
    {
        NetworkNamespace place;
        try
        {
            place = NetworkNamespace.Create("large");
        }
        catch (KernelException e)
        {
            Assert.Skip($"NO NETWORK NAMESPACES HERE ({e.Message}): run as root or under unshare -Ur");
            throw;
        }

        using var _ = place;
        using var socket = place.Run(() => new NftSocket());
        var policy = PolicyCompiler.Compile(Cluster());
        var network = NodeNetwork.Of(
            Enumerable.Range(0, LocalPods).Select(i => new HostRoute($"pod{i}", AddressOf(i))),
            [new("up0", Address.Parse("192.168.50.1"), 24)], ["up0"]);
        var table = Lowering.Lower(policy, "n0", network, new());
        new Reconciler().Apply(socket, table);
        var proof = Prover.Read(socket).Prove(policy, "n0", network, new(), TestContext.Current.CancellationToken);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{table.Sets.Sum(s => s.Elements.Length)} elements, {table.Chains.Length} chains: {proof.Cells} cells in "
            + $"{proof.Took.TotalMilliseconds:F0} ms");
        Assert.True(proof.Holds, string.Join('\n', proof.Differences.Take(3)));
        Assert.True(proof.Cells > 100_000_000, $"{proof.Cells} cells");
        Assert.True(proof.Took < TimeSpan.FromSeconds(240), $"{proof.Took}");   // a debug build on a loaded machine
    }

    private static Address AddressOf(int pod) => new(AddressFamily.V4, (UInt128)(0x0a00_0000 + 256 + pod * 3));

    private static ClusterSnapshot Cluster() => ClusterSnapshot.Of(
        endpoints: Enumerable.Range(0, Pods).Select(i => new Endpoint
        {
            Namespace = $"ns{i % 20}",
            Name = $"p{i}",
            Labels = LabelSet.Of([new("app", $"a{i % Applications}")]),
            Node = i < LocalPods ? "n0" : "elsewhere",
            Addresses = [AddressOf(i)],
        }),
        networkPolicies: Enumerable.Range(0, 400).Select(i => new NetworkPolicy
        {
            Namespace = $"ns{i % 20}",
            Name = $"policy{i}",
            Subject = App(i % Applications),
            IsolatesIngress = true,
            IsolatesEgress = i % 2 == 0,
            Ingress = [Rule(i, 8000 + i % 7)],
            Egress = i % 2 == 0 ? [Rule(i + 3, 9000 + i % 5)] : [],
        }),
        nodes: [new("n0", LabelSet.Empty, [Address.Parse("192.168.50.1")])]);

    private static PolicyRule Rule(int peer, int port) => new(
        [
            new PodPeer(LabelSelector.Everything, App(peer % Applications)),
            new BlockPeer(Cidr.Parse($"10.{peer % 3}.0.0/16"), [Cidr.Parse($"10.{peer % 3}.{peer % 200}.0/24")]),
        ],
        [PolicyPort.Range(Protocol.Tcp, (ushort)port, (ushort)port)]);

    private static LabelSelector App(int number) => LabelSelector.Of([new("app", SelectorOperator.In, [$"a{number}"])]);
}
