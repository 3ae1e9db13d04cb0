using System.Diagnostics;
using System.Net;
using Palisade.Benchmarks.Compile;
using Palisade.Dataplane.Network;
using Palisade.Dataplane.Reconcile;
using Palisade.Nftables;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;
using Address = Palisade.Policy.Sets.Address;

namespace Palisade.Benchmarks.Throughput;

/// <summary>
/// Policies that all select one pod, each for another peer and one of three port lists, as the agent enforces them:
/// compiled, lowered, and written over netlink.
/// </summary>
internal sealed class OurLayout : IDisposable
{
    private const string Node = "n1";
    private readonly NftSocket _socket;
    private readonly Reconciler _reconciler = new();
    private readonly PolicyEngine _engine;
    private readonly LiveTable _live;
    private readonly NodeNetwork _network;
    private readonly NodeSettings _settings = new();

    /// <param name="path">Whose node it is.</param>
    /// <param name="first">The first policy's number.</param>
    /// <param name="count">How many policies.</param>
    /// <param name="without">Base chains to leave out, to see what they cost.</param>
    public OurLayout(PathUnderTest path, int first, int count, params string[] without)
    {
        _socket = path.Node.Run(() => new NftSocket());
        _network = NodeNetwork.Read(path.Routing);
        _engine = new(Cluster(path.ServerAddress, first, count));
        var began = Stopwatch.GetTimestamp();
        _live = new(_engine.Policy, Node, _network, _settings);
        var table = _live.Ruleset();
        _reconciler.Converge(
            _socket, table with { Chains = [.. table.Chains.Where(chain => !without.Contains(chain.Name))] });
        LoadTime = Stopwatch.GetElapsedTime(began);
    }

    /// <summary>Lowering and writing of the whole table.</summary>
    public TimeSpan LoadTime { get; }

    /// <summary>The port lists: that of a policy is the one of its number.</summary>
    public static ushort[] Ports(int policy) => (policy % 3) switch
    {
        0 => [PathUnderTest.Port, 8081],
        1 => [PathUnderTest.Port, 8081, 9090],
        _ => [PathUnderTest.Port, 8081, 8443, 9090],
    };

    /// <summary>The address of a policy's peer.</summary>
    public static IPAddress PeerOf(int policy) => IPAddress.Parse($"10.245.{policy / 250}.{policy % 250 + 1}");

    /// <summary>From a pod more that one policy means to the kernel's ack, in milliseconds.</summary>
    public double AddElement(int number)
    {
        var pod = Pod($"more{number}", 0, IPAddress.Parse($"10.246.{number / 250}.{number % 250 + 1}"));
        var began = Stopwatch.GetTimestamp();
        var change = _live.Update(_engine.Apply(ClusterChange.Put(pod)), null, _network, _settings)!;
        _reconciler.Apply(_socket, change);
        return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
    }

    public void Dispose() => _socket.Dispose();

    private static ClusterSnapshot Cluster(IPAddress server, int first, int count) => ClusterSnapshot.Of(
        endpoints: Enumerable.Range(first, count).Select(i => Pod($"c{i}", i, PeerOf(i))).Append(new()
        {
            Namespace = "x",
            Name = "server",
            Labels = LabelSet.Of([new("app", "server")]),
            Node = Node,
            Addresses = [Address.FromBytes(server.GetAddressBytes())],
        }),
        networkPolicies: Enumerable.Range(first, count).Select(i => new NetworkPolicy
        {
            Namespace = "x",
            Name = $"policy{i}",
            Subject = Equal("server"),
            IsolatesIngress = true,
            Ingress =
            [
                new(
                    [new PodPeer(null, Equal($"c{i}"))],
                    [.. Ports(i).Select(port => PolicyPort.Range(Protocol.Tcp, port, port))]),
            ],
        }),
        nodes: [new(Node, LabelSet.Empty, [Address.Parse("192.168.50.1")])]);

    private static Endpoint Pod(string name, int app, IPAddress address) => new()
    {
        Namespace = "x",
        Name = name,
        Labels = LabelSet.Of([new("app", $"c{app}")]),
        Node = "n2",
        Addresses = [Address.FromBytes(address.GetAddressBytes())],
    };

    private static LabelSelector Equal(string app) => LabelSelector.Of([new("app", SelectorOperator.In, [app])]);
}
