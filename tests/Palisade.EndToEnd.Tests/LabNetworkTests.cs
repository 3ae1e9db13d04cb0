using System.Net;
using Palisade.Lab;
using Palisade.Lab.Connect;
using Palisade.Lab.Network;
using Palisade.Lab.Servers;
using Palisade.Nftables.Kernel;
using Xunit;

namespace Palisade.EndToEnd.Tests;

/// <summary>
/// The lab's wires without any policy: everybody reaches everybody, so that what stops a packet later is the table.
/// </summary>
public sealed class LabNetworkTests
{
    [Theory]
    [InlineData(4, LabCni.Routed)]
    [InlineData(6, LabCni.Routed)]
    [InlineData(4, LabCni.Bridged)]
    [InlineData(6, LabCni.Bridged)]
    public async Task Pods_nodes_and_the_outside_reach_each_other_with_every_protocol(int family, LabCni cni)
    {
        Needs.Namespaces();
        await using var network = await LabNetwork.CreateAsync(2, cni);
        using var a = Pod(network, 1, 2);
        using var c = Pod(network, 2, 3);
        using var b = Pod(network, 2, 2);
        var ip = network.Plan.Pod(2, 2).Of(family)!;
        var bind = IPAddress.IPv6Any;
        await using var web = b.Run(() => BuiltInServer.Open(bind, new LabPort(ProbeProtocol.Tcp, 80), "b"));
        await using var echo = b.Run(() => BuiltInServer.Open(bind, new LabPort(ProbeProtocol.Udp, 53), "b"));
        await using var sctp = b.Run(() => new SctpResponder([9], true));

        Assert.Equal("HTTP 200 b", await Send(a, ip, ProbeProtocol.Tcp, 80));
        Assert.Equal("refused", await Send(a, ip, ProbeProtocol.Tcp, 81));
        Assert.Equal("echo palisade", await Send(a, ip, ProbeProtocol.Udp, 53));
        Assert.Equal("refused", await Send(a, ip, ProbeProtocol.Udp, 54));
        Assert.Equal("INIT ACK", await Send(a, ip, ProbeProtocol.Sctp, 9));
        Assert.Equal("refused", await Send(a, ip, ProbeProtocol.Sctp, 10));
        Assert.Equal("echo reply", await Send(a, ip, ProbeProtocol.Icmp, 0));
        Assert.Equal("HTTP 200 b", await Send(network.Nodes[1].Namespace, ip, ProbeProtocol.Tcp, 80));
        Assert.Equal("HTTP 200 b", await Send(network.Nodes[0].Namespace, ip, ProbeProtocol.Tcp, 80));
        Assert.Equal("HTTP 200 b", await Send(c, ip, ProbeProtocol.Tcp, 80));
        Assert.Equal("refused", await Send(a, network.Nodes[1].Addresses.Of(family)!, ProbeProtocol.Tcp, 80));

        var stranger = IPAddress.Parse(family == 4 ? "203.0.113.9" : "2001:db8::9");
        network.Outside.Own(stranger);
        var fromOutside =
            new Probe(network.Outside.Namespace, stranger, ip, ProbeProtocol.Tcp, 80, TimeSpan.FromSeconds(1));
        Assert.Equal("HTTP 200 b", (await Prober.SendAsync(fromOutside, default)).Answer);
        network.Outside.Listen(stranger, new LabPort(ProbeProtocol.Tcp, 443));
        Assert.Equal($"HTTP 200 ip:{stranger}", await Send(a, stranger, ProbeProtocol.Tcp, 443));
        await network.Outside.ReleaseAsync(stranger, new LabPort(ProbeProtocol.Tcp, 443));
        Assert.Equal("refused", await Send(a, stranger, ProbeProtocol.Tcp, 443));
        Assert.NotEqual("HTTP", (await Send(a, network.Plan.Pod(2, 77).Of(family)!, ProbeProtocol.Tcp, 80))[..4]);
    }

    [Theory]   // isolation comes first: nothing gets in or out before the link is opened
    [InlineData(LabCni.Routed)]
    [InlineData(LabCni.Bridged)]
    public async Task A_closed_link_passes_nothing(LabCni cni)
    {
        Needs.Namespaces();
        await using var network = await LabNetwork.CreateAsync(1, cni);
        using var a = LabNamespaces.CreateHost("a");
        var wire = network.Nodes[0].Connect("a", a, network.Plan.Pod(1, 2));
        var ip = network.Plan.Pod(1, 2).V4;
        await using var web = a.Run(() => BuiltInServer.Open(IPAddress.Any, new LabPort(ProbeProtocol.Tcp, 80), "a"));
        var before = await Send(network.Nodes[0].Namespace, ip, ProbeProtocol.Tcp, 80);
        Assert.NotEqual("HTTP 200 a", before);
        wire.Open();
        Assert.Equal("HTTP 200 a", await Send(network.Nodes[0].Namespace, ip, ProbeProtocol.Tcp, 80));
        wire.Cut();
        Assert.NotEqual("HTTP 200 a", await Send(network.Nodes[0].Namespace, ip, ProbeProtocol.Tcp, 80));
    }

    private static NetworkNamespace Pod(LabNetwork network, int node, int slot)
    {
        var made = LabNamespaces.CreateHost($"pod-{node}-{slot}");
        var on = network.Nodes[node - 1];
        on.Connect($"pod-{slot}", made, network.Plan.Pod(node, slot)).Open();
        return made;
    }

    private static async Task<string> Send(NetworkNamespace from, IPAddress to, ProbeProtocol protocol, ushort port) =>
        (await Prober.SendAsync(new Probe(from, null, to, protocol, port, TimeSpan.FromMilliseconds(700)), default))
            .Answer;
}
