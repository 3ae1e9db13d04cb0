using System.Net;
using System.Net.NetworkInformation;
using Palisade.Nftables.Kernel;
using Palisade.Nftables.Rtnetlink;

namespace Palisade.Lab.Network;

/// <summary>
/// A routed veth pair, the one way in which anything is connected here (pod to node, node to fabric, outside to
/// fabric):
/// <code>
/// parent                                        child
///   NAME  GATEWAY/32, fe80::1/64       ─────    eth0  ADDRESS/32, ADDRESS/128
///   ADDRESS/32 dev NAME src PARENT'S OWN        default via GATEWAY and fe80::1 dev eth0 onlink
/// </code>
/// The parent's end is up from the start, so that its routes name the child before the child can say a word; the
/// child's end is down until <see cref="Open"/>.
/// </summary>
internal sealed class Wire : IPodLink
{
    private const string ChildEnd = "eth0";

    private readonly NetworkNamespace _parent;
    private readonly NetworkNamespace _child;
    private readonly AddressPair _addresses;
    private readonly IPAddress _gatewayV4;

    // Both ends know each other's hardware address from the start. The kernel joins an IPv6 address's solicited-node
    // group from a work queue (addrconf_dad_begin): a question that comes before is lost, and the first packet waits a
    // second for the next.
    private PhysicalAddress _parentHardware = PhysicalAddress.None;
    private PhysicalAddress _childHardware = PhysicalAddress.None;

    private Wire(
        NetworkNamespace parent, string name, NetworkNamespace child, AddressPair addresses, IPAddress gatewayV4)
    {
        _gatewayV4 = gatewayV4;
        _parent = parent;
        Name = name;
        _child = child;
        _addresses = addresses;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>Lays the pair and the parent's routes.</summary>
    /// <param name="parent">The namespace that routes.</param>
    /// <param name="name">What its end is called there.</param>
    /// <param name="child">The namespace to connect; its end is eth0.</param>
    /// <param name="addresses">The child's addresses.</param>
    /// <param name="parentAddresses">What a node itself sends from, when it opens connections to its pod; null for the
    /// fabric.</param>
    public static Wire Lay(
        NetworkNamespace parent, string name, NetworkNamespace child, AddressPair addresses,
            AddressPair? parentAddresses)
    {
        var gatewayV4 = parentAddresses is null ? AddressPlan.FabricGatewayV4 : AddressPlan.PodGatewayV4;
        var wire = new Wire(parent, name, child, addresses, gatewayV4);
        parent.Run(() =>
        {
            using var routing = new RtSocket();
            routing.CreateVeth(name, ChildEnd, child.FileDescriptor);
            routing.SetUp(name);
            routing.AddAddress(name, wire._gatewayV4, 32);
            if (addresses.V6 is not null)
                routing.AddAddress(name, AddressPlan.GatewayV6, 64);
            foreach (var address in addresses.All)
                routing.AddRoute(
                    HostRoute(address) with { Device = name, PreferredSource = parentAddresses?.Of(Family(address)) });
            wire._parentHardware = routing.FindLink(name)!.HardwareAddress;
        });
        child.Run(() =>
        {
            using var routing = new RtSocket();
            wire._childHardware = routing.FindLink(ChildEnd)!.HardwareAddress;
        });
        parent.Run(() =>
        {
            using var routing = new RtSocket();
            foreach (var address in addresses.All)
                routing.AddNeighbour(name, address, wire._childHardware);
        });
        return wire;
    }

    /// <summary>Brings the child's end up: addresses, then default routes.</summary>
    public void Open() => _child.Run(() =>
    {
        using var routing = new RtSocket();
        routing.SetUp(ChildEnd);
        foreach (var address in _addresses.All)
            routing.AddAddress(ChildEnd, address, HostRoute(address).Destination.PrefixLength);
        foreach (var address in _addresses.All)
            OpenFamily(routing, address);
    });

    private void OpenFamily(RtSocket routing, IPAddress address)
    {
        var isV4 = Family(address) == 4;
        var gateway = isV4 ? _gatewayV4 : AddressPlan.GatewayV6;
        routing.AddNeighbour(ChildEnd, gateway, _parentHardware);
        routing.AddRoute(new Route(new IPNetwork(isV4 ? IPAddress.Any : IPAddress.IPv6Any, 0))
        {
            Gateway = gateway,
            Device = ChildEnd,
            OnLink = true,
            PreferredSource = address,
        });
        LocalAddress.Await(routing, address);
    }

    /// <summary>Removes the pair; the kernel removes its routes with it.</summary>
    public void Cut() => _parent.Run(() =>
    {
        using var routing = new RtSocket();
        if (routing.FindLink(Name) is not null)
            routing.DeleteLink(Name);
    });

    /// <summary>A route to one address.</summary>
    public static Route HostRoute(IPAddress address) => new(new IPNetwork(address, Family(address) == 4 ? 32 : 128));

    private static int Family(IPAddress address) =>
        address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? 6 : 4;
}
