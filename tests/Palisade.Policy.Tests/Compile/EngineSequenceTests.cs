using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;
using Xunit;

namespace Palisade.Policy.Tests.Compile;

/// <summary>
/// After any sequence of changes, one by one or several at once, an engine says what a fresh compile says, and each
/// delta is the difference.
/// </summary>
public sealed class EngineSequenceTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void Engines_equal_fresh_compiles(int seed)
    {
        var small = new SmallCluster(new Random(seed));
        var engine = new PolicyEngine(ClusterSnapshot.Of());
        var before = new EnginePicture(engine.Policy);
        for (var step = 0; step < 700; step++)
        {
            var changes = small.Next();
            var delta = engine.Apply(changes);
            var after = new EnginePicture(engine.Policy);
            var fresh = new EnginePicture(PolicyCompiler.Compile(engine.Policy.Snapshot));
            Assert.Equal(fresh.ToString(), after.ToString());
            Assert.Equal(EnginePicture.Difference(before, after), EnginePicture.Lines(delta));
            before = after;
        }

        var loaded = new PolicyEngine(engine.Policy.Snapshot);
        Assert.Equal(before.ToString(), new EnginePicture(loaded.Policy).ToString());
    }

    /// <summary>Changes of a cluster so small that they meet each other all the time.</summary>
    private sealed class SmallCluster(Random random)
    {
        public IReadOnlyList<ClusterChange> Next() =>
            [.. Enumerable.Range(0, random.Next(3) == 0 ? random.Next(6) : 1).Select(_ => One())];

        private ClusterChange One() => random.Next(22) switch
        {
            < 6 => ClusterChange.Put(Pod()),
            < 8 => ClusterChange.RemoveEndpoint(Namespace(), $"p{random.Next(4)}"),
            8 or 9 => ClusterChange.Put(new Namespace(Namespace(), Labels())),
            10 => ClusterChange.RemoveNamespace(Namespace()),
            11 => ClusterChange.Put(new Node($"n{random.Next(3)}", Labels(), [NodeAddress()])),
            12 => ClusterChange.RemoveNode($"n{random.Next(3)}"),
            < 16 => ClusterChange.Put(Policy()),
            16 => ClusterChange.RemoveNetworkPolicy(Namespace(), $"np{random.Next(3)}"),
            17 or 18 => ClusterChange.Put(Cluster()),
            19 => ClusterChange.RemoveClusterNetworkPolicy($"c{random.Next(3)}"),
            20 => ClusterChange.Put(new DomainName(Domain(), [NodeAddress(), NodeAddress()])),
            _ => ClusterChange.RemoveDomainName(Domain()),
        };

        private string Namespace() => $"ns{random.Next(3)}";

        private string Domain() => random.Next(3) switch { 0 => "a.x.com", 1 => "B.x.com.", _ => "x.com" };

        private Address NodeAddress() => Address.Parse($"10.0.0.{random.Next(1, 4)}");

        private LabelSet Labels() => LabelSet.Of(Enumerable.Range(0, random.Next(3))
            .Select(_ => KeyValuePair.Create(Key(), Value())));

        private string Key() => random.Next(2) == 0 ? "a" : "b";

        private string Value() => random.Next(12) switch { < 2 => "", < 5 => "1", < 9 => "2", _ => "3" };

        private Endpoint Pod() => new()
        {
            Namespace = Namespace(),
            Name = $"p{random.Next(4)}",
            Labels = Labels(),
            Node = $"n{random.Next(3)}",
            HostNetwork = random.Next(5) == 0,
            Addresses = random.Next(4) == 0 ? [] : [Address.Parse($"10.1.0.{random.Next(1, 5)}")],
            NamedPorts = [.. Enumerable.Range(0, random.Next(3)).Select(_ => Port())],
        };

        private NamedPort Port() => new(
            random.Next(2) == 0 ? "http" : "dns", random.Next(3) == 0 ? Protocol.Udp : Protocol.Tcp,
            (ushort)(80 + random.Next(2)));

        private LabelSelector Selector() => LabelSelector.Of(Enumerable.Range(0, random.Next(3)).Select(_ =>
            random.Next(5) switch
            {
                0 => new Requirement(Key(), SelectorOperator.Exists, []),
                1 => new Requirement(Key(), SelectorOperator.DoesNotExist, []),
                2 => new Requirement(Key(), SelectorOperator.NotIn, [Value()]),
                _ => new Requirement(Key(), SelectorOperator.In, [Value(), random.Next(9) == 0 ? "*" : Value()]),
            }));

        private LabelSelector? Namespaces() => random.Next(4) switch
        {
            0 => null,
            1 => LabelSelector.Of([new(ClusterSnapshot.NameLabel, SelectorOperator.In, [Namespace()])]),
            _ => Selector(),
        };

        private NetworkPolicy Policy() => new()
        {
            Namespace = Namespace(),
            Name = $"np{random.Next(3)}",
            Subject = Selector(),
            IsolatesIngress = random.Next(4) > 0,
            IsolatesEgress = random.Next(2) == 0,
            Ingress = [.. Enumerable.Range(0, random.Next(3)).Select(_ => Rule())],
            Egress = [.. Enumerable.Range(0, random.Next(3)).Select(_ => Rule())],
        };

        private PolicyRule Rule() => new(
            [.. Enumerable.Range(0, random.Next(3)).Select(_ => Peer())],
            [.. Enumerable.Range(0, random.Next(3)).Select(_ => PolicyPort())]);

        private PolicyPort PolicyPort() => random.Next(3) == 0
            ? Model.PolicyPort.Named(Protocol.Tcp, random.Next(2) == 0 ? "http" : "dns")
            : Model.PolicyPort.Range(Protocol.Tcp, 80, (ushort)(80 + random.Next(3)));

        private PolicyPeer Peer() => random.Next(3) == 0
            ? new BlockPeer(Block(), random.Next(2) == 0 ? [] : [new(NodeAddress(), 31)])
            : new PodPeer(Namespaces(), Selector());

        private Cidr Block() => new(NodeAddress(), random.Next(8, 33));

        private ClusterNetworkPolicy Cluster() => new()
        {
            Name = $"c{random.Next(3)}",
            Tier = (ClusterTier)random.Next(2),
            Priority = random.Next(3),
            Subject = new(Selector(), Selector()),
            Ingress = [.. Enumerable.Range(0, random.Next(2)).Select(_ => ClusterRule(egress: false))],
            Egress = [.. Enumerable.Range(0, random.Next(3)).Select(_ => ClusterRule(egress: true))],
        };

        private ClusterRule ClusterRule(bool egress) => new()
        {
            Action = (ClusterAction)random.Next(3),
            Peers = [.. Enumerable.Range(0, random.Next(1, 3)).Select(_ => ClusterPeer(egress))],
            Protocols =
            [
                .. Enumerable.Range(0, random.Next(2)).Select(_ => random.Next(2) == 0
                    ? ClusterPort.Named(random.Next(2) == 0 ? "http" : "dns")
                    : ClusterPort.Range(Protocol.Tcp, 80, 81)),
            ],
        };

        private ClusterPeer ClusterPeer(bool egress) => (egress ? random.Next(4) : 0) switch
        {
            0 => new ClusterPodPeer(new(Namespaces() ?? LabelSelector.Everything, Selector())),
            1 => new NetworksPeer([Block()]),
            2 => new NodesPeer(Selector()),
            _ => new DomainNamesPeer([random.Next(2) == 0 ? "*.x.com" : "x.com"]),
        };
    }
}
