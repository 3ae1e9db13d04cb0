using Palisade.Policy.Evaluate;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;
using Xunit;

namespace Palisade.Policy.Tests.Evaluate;

public sealed class ServiceResolverTests
{
    private static readonly LabelSelector Web = LabelSelector.Of([new("app", SelectorOperator.In, ["web"])]);

    private static readonly ClusterSnapshot Cluster = ClusterSnapshot.Of(
        endpoints:
        [
            Pod("x", "w1", "10.0.0.1", 8080), Pod("x", "w2", "10.0.0.2", 9090), Pod("x", "w3", "10.0.0.3", null),
            Pod("x", "w6", "fd00::1", 8080), Pod("y", "w1", "10.0.0.4", 8080),
        ],
        services:
        [
            new("x", "web", Web, [],
                [new("a", Protocol.Tcp, 80, 0, "http"), new("b", Protocol.Tcp, 81, 8081, null),
                new("c", Protocol.Udp, 80, 0, "http")]),
            new("x", "outside", null, [], [new("a", Protocol.Tcp, 80, 80, null)]),
        ]);

    [Fact]   // each pod by its own declaration; a pod that declares none is no backend; other namespaces never are
    public void A_named_target_port_is_resolved_on_each_pod() =>
        Assert.Equal(["x/w1 8080", "x/w2 9090"], Backends(80, Protocol.Tcp));

    [Fact]
    public void A_number_is_the_number_on_every_pod() =>
        Assert.Equal(["x/w1 8081", "x/w2 8081", "x/w3 8081"], Backends(81, Protocol.Tcp));

    [Fact]
    public void Backends_have_an_address_of_the_family() =>
        Assert.Equal(["x/w6 8080"], Backends(80, Protocol.Tcp, AddressFamily.V6));

    [Theory]
    [InlineData("none", 80, Protocol.Tcp, "there is no Service x/none")]
    [InlineData("web", 82, Protocol.Tcp, "Service x/web has no port 82/TCP")]
    [InlineData("web", 81, Protocol.Udp, "Service x/web has no port 81/UDP")]
    [InlineData("web", 80, Protocol.Udp, "no pod with an IPv4 address is behind port 80/UDP of Service x/web")]
    [InlineData("outside", 80, Protocol.Tcp, "Service x/outside has no selector, so its backends are not known")]
    public void Nothing_behind_it_says_why(string name, int port, Protocol protocol, string problem)
    {
        var answer = new ServiceResolver(Cluster).Resolve("x", name, (ushort)port, protocol, AddressFamily.V4);
        Assert.Equal(problem, answer.Problem);
        Assert.Empty(answer.Backends);
    }

    private static List<string> Backends(ushort port, Protocol protocol, AddressFamily family = AddressFamily.V4)
    {
        var answer = new ServiceResolver(Cluster).Resolve("x", "web", port, protocol, family);
        Assert.Null(answer.Problem);
        return [.. answer.Backends.Select(b => $"{Cluster.Endpoints[b.Endpoint]} {b.Port}")];
    }

    private static Endpoint Pod(string ns, string name, string address, int? http) => new()
    {
        Namespace = ns,
        Name = name,
        Labels = LabelSet.Of([new("app", "web")]),
        Addresses = [Address.Parse(address)],
        NamedPorts = http is { } number ? [new("http", Protocol.Tcp, (ushort)number)] : [],
    };
}
