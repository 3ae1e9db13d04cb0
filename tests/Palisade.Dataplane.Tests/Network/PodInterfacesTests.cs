using Palisade.Dataplane.Network;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Tests.Network;

/// <summary>Which interface is whose.</summary>
public sealed class PodInterfacesTests
{
    private static readonly Node Self = new(
        "n1", LabelSet.Empty, [Address.Parse("192.168.50.1"), Address.Parse("fd00:50::1")]);
    private static readonly Endpoint Web = new()
    {
        Namespace = "x",
        Name = "web",
        Node = "n1",
        Addresses = [Address.Parse("10.244.1.2"), Address.Parse("fd00::2")],
    };

    [Fact]
    public void A_pod_claims_the_interface_its_address_is_routed_to()
    {
        var network = NodeNetwork.Of([Route("v1", "10.244.1.2"), Route("v1", "fd00::2"), Route("v2", "10.244.1.3")]);
        var interfaces = PodInterfaces.Of(network, [Web], Self, new());
        Assert.Equal(["v1"], interfaces.Pods);
        Assert.Equal([Route("v1", "10.244.1.2"), Route("v1", "fd00::2")], interfaces.Sources);
        Assert.Equal(["lo"], interfaces.Uplinks);
    }

    [Fact]
    public void The_nodes_addresses_default_routes_and_settings_make_uplinks()
    {
        var network = NodeNetwork.Of(
            [], [new("eth0", Address.Parse("192.168.50.1"), 24), new("eth9", Address.Parse("192.0.2.1"), 24)], ["wan"]);
        var interfaces = PodInterfaces.Of(network, [], Self, new() { Uplinks = ["extra"] });
        Assert.Equal(["eth0", "extra", "lo", "wan"], interfaces.Uplinks);
    }

    /// <summary>A network plugin may put the node's address on its end of every pod's link.</summary>
    [Fact]
    public void A_full_length_address_of_the_node_makes_no_uplink()
    {
        var network = NodeNetwork.Of(
            [], [new("v1", Address.Parse("192.168.50.1"), 32), new("v1", Address.Parse("fd00:50::1"), 128)]);
        Assert.Equal(["lo"], PodInterfaces.Of(network, [], Self, new()).Uplinks);
    }

    [Fact]
    public void What_a_pod_has_claimed_is_no_uplink_unless_the_settings_say_so()
    {
        var network = NodeNetwork.Of(
            [Route("v1", "10.244.1.2")], [new("v1", Address.Parse("192.168.50.1"), 24)], ["v1"]);
        Assert.Equal(["lo"], PodInterfaces.Of(network, [Web], Self, new()).Uplinks);
        var told = PodInterfaces.Of(network, [Web], Self, new() { Uplinks = ["v1"] });
        Assert.Equal(["lo", "v1"], told.Uplinks);
        Assert.Empty(told.Pods);
        Assert.Empty(told.Sources);
    }

    [Fact]
    public void A_pod_without_a_route_claims_the_port_whose_other_end_has_its_address()
    {
        var network = NodeNetwork.Of(
            [Route("cni0", "10.244.1.2")], [new("cni0", Address.Parse("10.244.1.1"), 24)], ports:
            [
                Port("p1", "cni0", 1, "10.244.1.2", "fd00::2", "fe80::2"), Port("p2", "cni0", 2, "10.244.1.3"),
                Port("p3", "docker0", 3, "172.17.0.2"), Port("eth0", "cni0", 4) with { LeadsOut = true },
            ]);
        var interfaces = PodInterfaces.Of(network, [Web], Self, new());
        Assert.Empty(interfaces.Pods);
        Assert.Equal([Route("cni0", "10.244.1.2"), Route("cni0", "fd00::2")], interfaces.Sources);
        Assert.Equal(["cni0", "lo"], interfaces.Uplinks);   // it leads out too
        var bridged = interfaces.Bridged;
        Assert.Equal(
            ("cni0", "p1", "eth0", "p3"),
            (bridged.Names.Single(), bridged.Ports.Single(), bridged.Uplinks.Single(), bridged.Others.Single()));
        Assert.Equal(
            [Route("p1", "10.244.1.2"), Route("p1", "fd00::2"), Route("p1", "fe80::2")], bridged.Sources);
        Assert.Equal(("p1", Port("", "", 1).Hardware), bridged.Hardware.Single());
    }

    /// <summary>Who may administer his network can claim any address, a neighbour's hardware address too.</summary>
    [Fact]
    public void What_several_ports_claim_belongs_to_none()
    {
        var network = NodeNetwork.Of([], ports:
        [
            Port("p1", "cni0", 1, "10.244.1.2", "fd00::2", "fe80::2"),
            Port("p2", "cni0", 1, "10.244.1.2", "fe80::2", "192.168.50.1"),
        ]);
        var bridged = PodInterfaces.Of(network, [Web], Self, new()).Bridged;
        Assert.Equal([Route("p1", "fd00::2")], bridged.Sources);
        Assert.Empty(bridged.Hardware);
        var routed = NodeNetwork.Of([Route("v1", "10.244.1.2")], ports: [Port("p2", "cni0", 2, "10.244.1.2")]);
        Assert.Same(PodBridges.None, PodInterfaces.Of(routed, [Web], Self, new()).Bridged);
    }

    private static NodePort Port(string name, string bridge, byte hardware, params string[] addresses) => new(
        name, bridge, false, new([2, 0, 0, 0, 0, hardware]), [.. addresses.Select(text => Address.Parse(text))]);

    private static HostRoute Route(string link, string address) => new(link, Address.Parse(address));
}
