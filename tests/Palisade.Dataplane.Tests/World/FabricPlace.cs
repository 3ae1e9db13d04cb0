using System.Net;
using Palisade.Dataplane.Tests.Packets;
using Palisade.Nftables.Kernel;
using Palisade.Nftables.Rtnetlink;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Tests.World;

/// <summary>
/// What lies between and beyond the nodes: a namespace that routes pods' and nodes' addresses to their nodes, and plays
/// every external address by itself (frames are captured and injected at its ends of the links).
/// </summary>
internal sealed class FabricPlace : IDisposable
{
    private readonly Dictionary<NodePlace, (
        string Link, byte[] FabricMac, byte[] NodeMac, PacketSocket Frames)> _ends = [];
    private readonly List<Route> _routes = [];

    public FabricPlace(params IReadOnlyList<NodePlace> nodes)
    {
        Nodes = nodes;
        Namespace = NetworkNamespace.Create("fabric");
        Namespace.SetSysctl("net.ipv4.ip_forward", "1");
        Namespace.SetSysctl("net.ipv6.conf.all.forwarding", "1");
        Namespace.SetSysctl("net.ipv4.conf.all.rp_filter", "0");
        Namespace.SetSysctl("net.ipv4.conf.default.rp_filter", "0");
        Routing = Namespace.Run(() => new RtSocket());
        for (var i = 0; i < nodes.Count; i++)
            Connect(nodes[i], $"n{i}");
    }

    /// <summary>Every default route goes here; its MAC is a permanent neighbour, nothing ever resolves it.</summary>
    public static Address Gateway4 { get; } = Address.Parse("169.254.77.1");

    /// <summary>The same in IPv6.</summary>
    public static Address Gateway6 { get; } = Address.Parse("fe80::7777:1");

    public IReadOnlyList<NodePlace> Nodes { get; }

    public NetworkNamespace Namespace { get; }

    public RtSocket Routing { get; }

    /// <summary>What comes out of the nodes' uplinks.</summary>
    public IEnumerable<PacketSocket> Captures => _ends.Values.Select(end => end.Frames);

    public static IPNetwork DefaultOf(AddressFamily family) =>
        new(family == AddressFamily.V4 ? IPAddress.Any : IPAddress.IPv6Any, 0);

    /// <summary>Sends a packet from beyond to a node's uplink.</summary>
    public void Inject(NodePlace node, byte[] packet)
    {
        var end = _ends[node];
        end.Frames.SendFrame(Packet.Frame(end.NodeMac, end.FabricMac, packet));
    }

    /// <summary>Routes an address to a node.</summary>
    public void Announce(NodePlace node, Address address)
    {
        var end = _ends[node];
        Routing.AddNeighbour(end.Link, address.ToIp(), new(end.NodeMac));
        var route = new Route(address.ToHost()) { Device = end.Link };
        Routing.ReplaceRoute(route);
        // Of several nodes the last one has it.
        _routes.RemoveAll(other => other.Destination.Equals(route.Destination));
        _routes.Add(route);
    }

    /// <summary>Takes all addresses from all nodes and pods.</summary>
    public void Clear()
    {
        foreach (var route in _routes)
            Routing.DeleteRoute(route);
        _routes.Clear();
        foreach (var node in Nodes)
            node.Clear();
    }

    public void Dispose()
    {
        foreach (var end in _ends.Values)
            end.Frames.Dispose();
        foreach (var node in Nodes)
            node.Dispose();
        Routing.Dispose();
        Namespace.Dispose();
    }

    private void Connect(NodePlace node, string link)
    {
        Routing.CreateVeth(link, "up0", node.Namespace.FileDescriptor);
        Routing.SetUp(link);
        node.Routing.SetUp("up0");
        var fabricMac = Routing.FindLink(link)!.HardwareAddress.GetAddressBytes();
        var nodeMac = node.Routing.FindLink("up0")!.HardwareAddress.GetAddressBytes();

        // With its last IPv4 address an interface loses its routes; this one stays when clusters come and go.
        node.Routing.AddAddress("up0", IPAddress.Parse("169.254.77.2"), 32);
        foreach (var gateway in (Address[])[Gateway4, Gateway6])
        {
            node.Routing.AddNeighbour("up0", gateway.ToIp(), new(fabricMac));
            node.Routing.AddRoute(
                new(DefaultOf(gateway.Family)) { Gateway = gateway.ToIp(), Device = "up0", OnLink = true });
        }

        _ends[node] = (link, fabricMac, nodeMac, Namespace.Run(() => PacketSocket.Frames(link)));
    }
}
