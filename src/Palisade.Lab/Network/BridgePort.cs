using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;
using Palisade.Nftables.Kernel;
using Palisade.Nftables.Rtnetlink;

namespace Palisade.Lab.Network;

/// <summary>
/// A pod as a port of its node's bridge, as the bridge plugin of CNI connects it:
/// <code>
/// node                                                  pod
///   cni0  FIRST ADDRESS OF THE NODE'S PODS/24, /64
///     NAME  a port, hairpin mode            ─────       eth0  ADDRESS/24, /64; default via cni0's addresses
/// </code>
/// Pods of one node find each other by ARP and neighbour discovery; the node sees what they say only where the kernel
/// hands bridged packets to its IP hooks (br_netfilter).
/// </summary>
internal sealed class BridgePort : IPodLink
{
    private const string Bridge = "cni0";
    private const string PodEnd = "eth0";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly LabNode _node;
    private readonly NetworkNamespace _pod;
    private readonly AddressPair _addresses;
    private readonly AddressPair _gateway;

    private BridgePort(LabNode node, string name, NetworkNamespace pod, AddressPair addresses, AddressPair gateway)
    {
        (_node, Name, _pod, _addresses, _gateway) = (node, name, pod, addresses, gateway);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>Makes a node's bridge, and has its IP hooks see what passes there.</summary>
    /// <exception cref="LabException">This kernel has no br_netfilter.</exception>
    public static void Build(NetworkNamespace node, AddressPair gateway, IReadOnlyList<IPNetwork> pods) =>
        node.Run(() => Build(gateway, pods));

    private static void Build(AddressPair gateway, IReadOnlyList<IPNetwork> pods)
    {
        foreach (var family in (string[])["iptables", "ip6tables"])
        {
            try
            {
                Sysctl.Write($"net.bridge.bridge-nf-call-{family}", "1");
            }
            catch (KernelException missing)
            {
                throw new LabException(
                    "nodes with a bridge need br_netfilter, without which no policy sees what pods of a node say to each"
                    + " other: load it (`modprobe br_netfilter`), or use `--cni routed`",
                    missing);
            }
        }

        using var routing = new RtSocket();
        routing.CreateBridge(Bridge);
        // A bridge without an address of its own takes that of a port, which changes when the port goes.
        routing.SetHardwareAddress(Bridge, HardwareOf(gateway.V4));
        routing.SetUp(Bridge);
        foreach (var address in gateway.All)
            routing.AddAddress(Bridge, address, PrefixOf(address, pods));
    }

    /// <summary>Makes the port, and gives the pod its addresses while its end is still down.</summary>
    public static BridgePort Lay(
        LabNode node, string name, NetworkNamespace pod, AddressPair addresses, AddressPair gateway)
    {
        var port = new BridgePort(node, name, pod, addresses, gateway);
        node.Namespace.Run(() =>
        {
            using var routing = new RtSocket();
            routing.CreateVeth(name, PodEnd, pod.FileDescriptor);
            routing.SetMaster(name, Bridge);
            routing.SetHairpin(name, true);   // a pod that reaches itself through a Service
            routing.SetUp(name);
            foreach (var address in port.Foreign)
                routing.AddRoute(Wire.HostRoute(address) with { Device = Bridge });
        });
        pod.Run(() =>
        {
            using var routing = new RtSocket();
            routing.SetHardwareAddress(PodEnd, HardwareOf(addresses.V4));
            foreach (var address in addresses.All)
                routing.AddAddress(PodEnd, address, PrefixOf(address, node.PodRanges));
        });
        return port;
    }

    /// <inheritdoc/>
    public void Open()
    {
        _pod.Run(() =>
        {
            using var routing = new RtSocket();
            routing.SetUp(PodEnd);
            foreach (var address in _addresses.All)
            {
                var isV4 = address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork;
                routing.AddRoute(new Route(new IPNetwork(isV4 ? IPAddress.Any : IPAddress.IPv6Any, 0))
                {
                    Gateway = isV4 ? _gateway.V4 : _gateway.V6,
                    Device = PodEnd,
                    OnLink = true,
                    PreferredSource = address,
                });
                LocalAddress.Await(routing, address);
            }
        });
        _node.Namespace.Run(() =>
        {
            using var routing = new RtSocket();
            AwaitCarrier(routing);
            foreach (var address in _gateway.All)
                LocalAddress.Await(routing, address);   // a bridge has no IPv6 before it has a port that is up
        });
    }

    /// <inheritdoc/>
    public void Cut() => _node.Namespace.Run(() =>
    {
        using var routing = new RtSocket();
        if (routing.FindLink(Name) is null)
            return;
        routing.DeleteLink(Name);
        foreach (var address in Foreign)
            routing.DeleteRoute(Wire.HostRoute(address) with { Device = Bridge });
    });

    private IEnumerable<IPAddress> Foreign =>
        _addresses.All.Where(address => !_node.PodRanges.Any(range => range.Contains(address)));

    /// <summary>
    /// The bridge forwards from and to a port from the moment the kernel has noticed its carrier (a work queue), and
    /// drops before.
    /// </summary>
    private void AwaitCarrier(RtSocket routing)
    {
        var begun = Stopwatch.GetTimestamp();
        while (routing.FindLink(Name) is { IsRunning: false })
        {
            if (Stopwatch.GetElapsedTime(begun) > Patience)
                throw new LabException($"port {Name} has no carrier {Patience.TotalSeconds:0} s after its pod is up");
            Thread.Sleep(1);
        }
    }

    /// <summary>
    /// 0a:58 and the IPv4 address, as CNI's plugins make it: who comes with an address that others have in memory has
    /// its hardware address too.
    /// </summary>
    private static PhysicalAddress HardwareOf(IPAddress v4) => new([0x0a, 0x58, .. v4.GetAddressBytes()]);

    private static int PrefixOf(IPAddress address, IReadOnlyList<IPNetwork> pods)
    {
        foreach (var range in pods)
        {
            if (range.Contains(address))
                return range.PrefixLength;
        }

        return address.GetAddressBytes().Length * 8;
    }
}
