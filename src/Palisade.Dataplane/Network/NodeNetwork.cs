using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;
using Palisade.Nftables.Rtnetlink;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Network;

/// <summary>
/// A route to one address through an interface, with no gateway: how a routed pod network says where a pod is.
/// </summary>
public readonly record struct HostRoute(string Interface, Address Address);

/// <summary>A port of a bridge of the node.</summary>
/// <param name="Name">The interface.</param>
/// <param name="Bridge">The bridge that it is a port of.</param>
/// <param name="LeadsOut">Hardware, a tunnel or the like: other machines are behind it, never a pod.</param>
/// <param name="Hardware">The hardware address of the other end, in its namespace; null: not known.</param>
/// <param name="Addresses">The addresses of the other end; of the link too. Empty: not known, or none yet.</param>
public sealed record NodePort(
    string Name, string Bridge, bool LeadsOut, PhysicalAddress? Hardware, ImmutableArray<Address> Addresses);

/// <summary>An address of the node itself, on an interface.</summary>
public readonly record struct OwnAddress(string Interface, Address Address, int PrefixLength);

/// <summary>
/// What the node's network stack says about its interfaces: facts only; what they mean for known pods is
/// <see cref="PodInterfaces"/>. Lists are sorted and distinct, so equal networks are equal.
/// </summary>
public sealed class NodeNetwork
{
    /// <summary>Links of these kinds lead to other machines, never to a pod (IFLA_INFO_KIND).</summary>
    private static readonly ImmutableHashSet<string> Tunnels =
    [
        "vxlan", "geneve", "ipip", "sit", "ip6tnl", "gre", "gretap", "ip6gre", "ip6gretap", "wireguard", "tun", "xfrm",
    ];

    /// <summary>Ports of these kinds, hardware (of no kind) and tunnels carry other machines.</summary>
    private static readonly ImmutableHashSet<string> Trunks = ["bond", "team", "vlan", "macvlan", "bridge"];

    private const uint MainTable = 254;

    private NodeNetwork(
        IEnumerable<HostRoute> routes, IEnumerable<OwnAddress> addresses, IEnumerable<string> outward,
        IEnumerable<string> bridges, IEnumerable<NodePort> ports)
    {
        Bridges = [.. bridges.Distinct().Order(StringComparer.Ordinal)];
        Ports = [.. ports.OrderBy(port => port.Name, StringComparer.Ordinal)];
        HostRoutes = [.. routes.Distinct().OrderBy(r => r.Interface, StringComparer.Ordinal).ThenBy(r => r.Address)];
        OwnAddresses =
            [.. addresses.Distinct().OrderBy(a => a.Interface, StringComparer.Ordinal).ThenBy(a => a.Address)];
        Outward = [.. outward.Distinct().Order(StringComparer.Ordinal)];
    }

    /// <summary>A network of which nothing is known: no interface but the loopback.</summary>
    public static NodeNetwork Unknown { get; } = new([], [], [], [], []);

    /// <summary>Routes of the main table to single addresses (/32 and /128).</summary>
    public ImmutableArray<HostRoute> HostRoutes { get; }

    /// <summary>The node's own addresses.</summary>
    public ImmutableArray<OwnAddress> OwnAddresses { get; }

    /// <summary>Interfaces that carry a default route of the main table, and tunnels.</summary>
    public ImmutableArray<string> Outward { get; }

    /// <summary>The node's bridges.</summary>
    public ImmutableArray<string> Bridges { get; }

    /// <summary>Their ports, and what is at the other ends.</summary>
    public ImmutableArray<NodePort> Ports { get; }

    /// <summary>Which addresses are behind which interface, by route or as a bridge's port.</summary>
    public IEnumerable<HostRoute> Attached => HostRoutes.Concat(
        Ports.SelectMany(port => port.Addresses.Select(address => new HostRoute(port.Name, address))));

    /// <summary>Whether both say the same.</summary>
    public bool IsSame(NodeNetwork other) =>
        HostRoutes.SequenceEqual(other.HostRoutes) && OwnAddresses.SequenceEqual(other.OwnAddresses)
        && Outward.SequenceEqual(other.Outward) && Bridges.SequenceEqual(other.Bridges)
        && Ports.Select(WithoutAddresses).SequenceEqual(other.Ports.Select(WithoutAddresses))
        && Attached.SequenceEqual(other.Attached);

    private static NodePort WithoutAddresses(NodePort port) => port with { Addresses = [] };

    /// <summary>A network with these facts (tests, rendering without a node).</summary>
    public static NodeNetwork Of(
        IEnumerable<HostRoute> routes,
        IEnumerable<OwnAddress>? addresses = null,
        IEnumerable<string>? outward = null,
        IEnumerable<NodePort>? ports = null) =>
        new(routes, addresses ?? [], outward ?? [], (ports ?? []).Select(port => port.Bridge), ports ?? []);

    /// <summary>
    /// Reads the network of the namespace the socket was opened in: three dumps, about 1 ms plus 1 µs a route; and for
    /// each port of a bridge two requests about its other end, in the namespace where that is.
    /// </summary>
    /// <exception cref="Nftables.Kernel.KernelException">The kernel refused.</exception>
    public static NodeNetwork Read(RtSocket socket)
    {
        var links = socket.Links();
        var nameOf = links.ToDictionary(link => link.Index, link => link.Name);
        var main = socket.Routes()
            .Where(r => r.Table == MainTable && r.Kind == RouteKind.Unicast && r.Device is not null).ToList();
        var routes = main.Where(r => r.Gateway is null && IsHost(r.Destination))
            .Select(r => new HostRoute(r.Device!, AddressOf(r.Destination.BaseAddress)));
        var own = socket.Addresses().Where(a => nameOf.ContainsKey(a.LinkIndex))
            .Select(a => new OwnAddress(nameOf[a.LinkIndex], AddressOf(a.Address), a.PrefixLength));
        var outward = main.Where(r => r.Destination.PrefixLength == 0).Select(r => r.Device!)
            .Concat(links.Where(link => link.Kind is { } kind && Tunnels.Contains(kind)).Select(link => link.Name));
        var bridges = links.Where(link => link.Kind == "bridge").ToDictionary(link => link.Index, link => link.Name);
        var ports = links.Where(link => link.Master is { } master && bridges.ContainsKey(master))
            .Select(link => PortOf(socket, link, bridges[link.Master!.Value]));
        return new(routes, own, outward, bridges.Values, ports);
    }

    /// <summary>
    /// What a port says of whose it is cannot be what came by it: neighbour and forwarding tables learn from whoever
    /// speaks. The kernel tells the addresses of the other end, which its owner can change only with CAP_NET_ADMIN.
    /// </summary>
    private static NodePort PortOf(RtSocket socket, Link link, string bridge)
    {
        var leadsOut = link.Kind is not { } kind || Trunks.Contains(kind) || (Tunnels.Contains(kind) && kind != "tun");
        var peer = leadsOut ? null : socket.FindPeer(link);
        return new(
            link.Name, bridge, leadsOut, peer?.Link.HardwareAddress,
            [.. (peer?.Addresses ?? []).Select(a => AddressOf(a.Address)).Distinct().Order()]);
    }

    private static bool IsHost(IPNetwork destination) =>
        destination.PrefixLength == destination.BaseAddress.GetAddressBytes().Length * 8;

    private static Address AddressOf(IPAddress address) => Address.FromBytes(address.GetAddressBytes());
}
