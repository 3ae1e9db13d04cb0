using Palisade.Dataplane.Dns;
using Palisade.Dataplane.Network;
using Palisade.Dataplane.Proof;
using Palisade.Dataplane.Tests.Packets;
using Palisade.Dataplane.Tests.World;
using Palisade.Nftables.Packets;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Tests.Dns;

/// <summary>
/// One node whose pod "a" may reach port 53 of the pods and the names a test gives, and nothing else; "b" is the
/// resolver. What the kernel hands over is learned from, on a clock that the test moves, and the table is made anew.
/// </summary>
internal sealed class NameWorld : IDisposable
{
    private const ushort AskingPort = 40_000;
    private readonly ClusterNetworkPolicy _policy;
    private readonly NflogSocket _log;
    private readonly MovedTime _time = new();

    public NameWorld(IEnumerable<string> names, bool stack = false, Address? resolver = null)
    {
        Node = new(stack);
        _policy = Tiers.Admin(
            1, 'a', Port53(Tiers.Peer('b')), Port53(Tiers.Peer('c')), Port53(Tiers.Networks("10.96.0.10/32")),
            Tiers.Accept(new DomainNamesPeer([.. names])), Tiers.Deny(Tiers.Anything));
        Learner = new([resolver ?? Resolver], _time);
        Learner.Mention([_policy]);
        _log = Node.Node.Namespace.Run(() => new NflogSocket(
            new NodeSettings().NamesGroup, new() { CopyLength = 65_000, QueueThreshold = 1 }));
        Apply();
    }

    public static Address Resolver { get; } = OneNode.Address4('b');

    public static Address Asker { get; } = OneNode.Address4('a');

    public OneNode Node { get; }

    public NameLearner Learner { get; }

    /// <summary>The packets the kernel has handed over.</summary>
    public int Heard { get; private set; }

    public NodeSettings Settings => Learner.For(new());

    public CompiledPolicy Policy { get; private set; } = null!;

    /// <summary>Sends a query of a's, which arrives at the resolver.</summary>
    public void Ask(byte[] query, ushort port = AskingPort, Address? to = null) => Assert.True(
        Node.Arrives(
            to == OneNode.Address4('c') ? Node.C : Node.B,
            Packet.Datagram(Asker, port, to ?? Resolver, 53, query, Node.NextId()), Node.A.Send),
        "the query was stopped");

    /// <summary>Sends an answer to a, and whether it came there.</summary>
    public bool Tell(byte[] answer, ushort port = AskingPort, ushort fromPort = 53) => Node.Arrives(
        Node.A, Packet.Datagram(Resolver, fromPort, Asker, port, answer, Node.NextId()), Node.B.Send);

    /// <summary>Learns from what the kernel handed over, and enforces it.</summary>
    public void Learn()
    {
        while (_log.Read(TimeSpan.FromMilliseconds(50)) is { } packet)
        {
            Heard++;
            Learner.Take(packet);
        }

        Learner.TakeChanges();
        Apply();
    }

    public void Wait(int seconds)
    {
        _time.Move(TimeSpan.FromSeconds(seconds));
        Learner.TakeChanges();
        Apply();
    }

    /// <summary>Whether a new connection of a's gets out of the node.</summary>
    public bool Reaches(string address)
    {
        var to = Address.Parse(address);
        var from = to.Family == AddressFamily.V4 ? Asker : OneNode.Address6('a');
        return Node.Leaves(Node.Open(from, to, 443), Node.A.Send);
    }

    public NodeProof Prove()
    {
        var network = NodeNetwork.Read(Node.Node.Routing);
        return Prover.Read(Node.World.SocketOf(Node.Node))
            .Prove(Policy, "n1", network, Settings, TestContext.Current.CancellationToken);
    }

    public void Dispose()
    {
        _log.Dispose();
        Node.Dispose();
    }

    private void Apply()
    {
        var cluster = OneNode.Cluster([]);
        Policy = PolicyCompiler.Compile(ClusterSnapshot.Of(
            endpoints: cluster.Endpoints, nodes: cluster.Nodes, clusterNetworkPolicies: [_policy],
            domainNames: Learner.Known));
        Node.World.Enforce(Policy, "n1", Settings);
    }

    private static ClusterRule Port53(ClusterPeer peer) => Tiers.Accept(peer) with
    {
        Protocols = [ClusterPort.Range(Protocol.Udp, 53, 53), ClusterPort.Range(Protocol.Tcp, 53, 53)],
    };
}
