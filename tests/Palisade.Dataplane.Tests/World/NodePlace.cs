using System.Net;
using Palisade.Dataplane.Tests.Packets;
using Palisade.Nftables.Kernel;
using Palisade.Nftables.Rtnetlink;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Tests.World;

/// <summary>
/// A network namespace that plays a node: it forwards between its pods and "up0", its link to the fabric. Bridged, its
/// pods are ports of "br0", and those of one node meet there.
/// </summary>
internal sealed class NodePlace : IDisposable
{
    private static readonly int[] Protocols4 = [Packet.Icmp, Packet.Tcp, Packet.Udp, Packet.Sctp];
    private static readonly int[] Protocols6 = [Packet.Icmp6, Packet.Tcp, Packet.Udp, Packet.Sctp];
    private readonly List<Address> _addresses = [];
    private readonly List<PacketSocket> _delivered = [];

    public const string Bridge = "br0";

    public NodePlace(string name, int pods, bool bridged = false)
    {
        (Name, IsBridged) = (name, bridged);
        Namespace = NetworkNamespace.Create(name);
        foreach (var (key, value) in new[]
        {
            ("net.ipv4.ip_forward", "1"), ("net.ipv6.conf.all.forwarding", "1"), (
                "net.ipv6.conf.default.forwarding", "1"),
            ("net.ipv4.conf.all.rp_filter", "0"), ("net.ipv4.conf.default.rp_filter", "0"),
            ("net.ipv6.conf.default.accept_dad", "0"), ("net.ipv4.conf.all.send_redirects", "0"),
            ("net.ipv4.conf.default.send_redirects", "0"),
        })
        {
            Namespace.SetSysctl(key, value);
        }

        Namespace.Run(() =>
        {
            _delivered.AddRange(Protocols4.Select(p => PacketSocket.Delivered(false, p)));
            _delivered.AddRange(Protocols6.Select(p => PacketSocket.Delivered(true, p)));
            Sender4 = PacketSocket.Sender(false);
            Sender6 = PacketSocket.Sender(true);
            Routing = new();
        });
        if (bridged)
            BuildBridge();
        Pods = [.. Enumerable.Range(0, pods).Select(i => new PodPlace(this, i))];
    }

    public string Name { get; }

    /// <summary>Whether its pods are ports of a bridge.</summary>
    public bool IsBridged { get; }

    public NetworkNamespace Namespace { get; }

    public IReadOnlyList<PodPlace> Pods { get; }

    public RtSocket Routing { get; private set; } = null!;

    public IReadOnlyList<Address> Addresses => _addresses;

    /// <summary>What the node's own stack accepted: after its input hooks.</summary>
    public IReadOnlyList<PacketSocket> Delivered => _delivered;

    private PacketSocket Sender4 { get; set; } = null!;

    private PacketSocket Sender6 { get; set; } = null!;

    /// <summary>
    /// Sends a packet as the node's own stack would: through the output and postrouting hooks. False: refused there.
    /// </summary>
    public bool Send(byte[] packet) => (packet[0] >> 4 == 6 ? Sender6 : Sender4).SendPacket(packet);

    /// <summary>Puts these addresses on the uplink, and takes others away.</summary>
    public void Take(IReadOnlyList<Address> addresses)
    {
        foreach (var address in _addresses.Except(addresses))
            Routing.DeleteAddress("up0", address.ToIp(), address.Width);
        foreach (var address in addresses.Except(_addresses))
            Routing.AddAddress("up0", address.ToIp(), address.Width);
        _addresses.Clear();
        _addresses.AddRange(addresses);
        Routing.WaitUntilLocal(addresses);
    }

    /// <summary>An address of its own keeps the bridge's hardware address when ports come and go.</summary>
    private void BuildBridge()
    {
        Namespace.Run(() => Assert.SkipUnless(
            Directory.Exists("/proc/sys/net/bridge"), "NO br_netfilter HERE (modprobe br_netfilter): nothing judged"));
        foreach (var family in (string[])["iptables", "ip6tables"])
            Namespace.SetSysctl($"net.bridge.bridge-nf-call-{family}", "1");
        Routing.CreateBridge(Bridge);
        Routing.SetHardwareAddress(Bridge, Routing.FindLink(Bridge)!.HardwareAddress);
        Routing.SetUp(Bridge);
        Routing.AddAddress(Bridge, IPAddress.Parse("169.254.78.1"), 32);   // as with the uplink
    }

    /// <summary>Takes all pods away; addresses stay until others are taken.</summary>
    public void Clear()
    {
        foreach (var pod in Pods)
            pod.Leave(Routing);
    }

    public void Dispose()
    {
        foreach (var pod in Pods)
            pod.Dispose();
        foreach (var socket in _delivered)
            socket.Dispose();
        Sender4.Dispose();
        Sender6.Dispose();
        Routing.Dispose();
        Namespace.Dispose();
    }
}
