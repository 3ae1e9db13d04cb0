using Palisade.Dataplane.Tests.Packets;
using Palisade.Nftables.Kernel;
using Palisade.Nftables.Rtnetlink;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Tests.World;

/// <summary>
/// A network namespace that plays a node: it forwards between its pods and "up0", its link to the fabric.
/// </summary>
internal sealed class NodePlace : IDisposable
{
    private static readonly int[] Protocols4 = [Packet.Icmp, Packet.Tcp, Packet.Udp, Packet.Sctp];
    private static readonly int[] Protocols6 = [Packet.Icmp6, Packet.Tcp, Packet.Udp, Packet.Sctp];
    private readonly List<Address> _addresses = [];
    private readonly List<PacketSocket> _delivered = [];

    public NodePlace(string name, int pods)
    {
        Name = name;
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
        Pods = [.. Enumerable.Range(0, pods).Select(i => new PodPlace(this, i))];
    }

    public string Name { get; }

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
