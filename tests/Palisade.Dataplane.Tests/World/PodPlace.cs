using Palisade.Dataplane.Tests.Packets;
using Palisade.Nftables.Kernel;
using Palisade.Nftables.Rtnetlink;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Tests.World;

/// <summary>
/// A network namespace that plays pods, one after the other: "eth0" inside, "podN" on its node. Addresses are given and
/// taken by
/// <see cref="NodePlace.Occupy"/>.
/// </summary>
internal sealed class PodPlace : IDisposable
{
    private readonly List<Address> _addresses = [];
    private bool _hasStack;

    public PodPlace(NodePlace node, int number)
    {
        Node = node;
        Link = $"pod{number}";
        Namespace = NetworkNamespace.Create($"{node.Name} pod {number}");
        node.Namespace.Run(() =>
        {
            using var routing = new RtSocket();
            routing.CreateVeth(Link, "eth0", Namespace.FileDescriptor);
            if (node.IsBridged)
            {
                routing.SetMaster(Link, NodePlace.Bridge);
                routing.SetHairpin(Link, true);
            }

            routing.SetUp(Link);
            NodeMac = routing.FindLink(Device)!.HardwareAddress.GetAddressBytes();
        });
        Namespace.SetSysctl("net.ipv6.conf.eth0.accept_dad", "0");
        Namespace.SetSysctl("net.ipv6.conf.eth0.router_solicitations", "0");
        Namespace.Run(() =>
        {
            using var routing = new RtSocket();
            routing.SetUp("eth0");
            Mac = routing.FindLink("eth0")!.HardwareAddress.GetAddressBytes();
            Frames = PacketSocket.Frames("eth0");
        });
    }

    public NodePlace Node { get; }

    public string Link { get; }

    public NetworkNamespace Namespace { get; }

    /// <summary>Frames that reach the pod, and a way to send any frame as it.</summary>
    public PacketSocket Frames { get; private set; } = null!;

    public byte[] Mac { get; private set; } = [];

    /// <summary>The node's interface that routes lead to.</summary>
    public string Device => Node.IsBridged ? NodePlace.Bridge : Link;

    /// <summary>The MAC of the node's end of the link, or of its bridge.</summary>
    public byte[] NodeMac { get; private set; } = [];

    public IReadOnlyList<Address> Addresses => _addresses;

    /// <summary>
    /// Sends an IP packet out of the pod, whatever its source says: to another port of its bridge if that has the
    /// address, else to the node.
    /// </summary>
    public void Send(byte[] packet) => Frames.SendFrame(Packet.Frame(NextHop(packet), Mac, packet));

    private byte[] NextHop(byte[] packet)
    {
        if (!Node.IsBridged)
            return NodeMac;
        var to = Address.FromBytes(packet[0] >> 4 == 6 ? packet[24..40] : packet[16..20]);
        return Node.Pods.FirstOrDefault(pod => pod != this && pod.Addresses.Contains(to))?.Mac ?? NodeMac;
    }

    /// <summary>
    /// Gives the pod these addresses: host routes and permanent neighbours on the node. With <paramref name="stack"/>
    /// the pod's own kernel gets them too, with default routes: then it answers.
    /// </summary>
    public void Take(RtSocket nodeRouting, IEnumerable<Address> addresses, bool stack)
    {
        foreach (var address in addresses)
        {
            // Of several pods the last one has it.
            foreach (var pod in Node.Pods.Where(pod => pod != this))
                pod._addresses.Remove(address);
            _addresses.Add(address);
            nodeRouting.AddNeighbour(Device, address.ToIp(), new(Mac));
            nodeRouting.ReplaceRoute(new(address.ToHost()) { Device = Device });
        }

        if (Node.IsBridged && !stack)
            Namespace.Run(AddAddresses);   // by them the port is told to be its

        if (stack)
        {
            Namespace.Run(ConfigureStack);
            Meet((routing, route) => routing.ReplaceRoute(route));
        }

        _hasStack = stack;
    }

    public void Leave(RtSocket nodeRouting)
    {
        foreach (var address in _addresses)
            nodeRouting.DeleteRoute(new(address.ToHost()) { Device = Device });
        if (_hasStack)
            Meet((routing, route) => routing.DeleteRoute(route));
        if (_hasStack || Node.IsBridged)
            Namespace.Run(ClearStack);
        _hasStack = false;
        _addresses.Clear();
    }

    public void Dispose()
    {
        Frames.Dispose();
        Namespace.Dispose();
    }

    /// <summary>
    /// The pods of one bridge are on one link, and find each other there: routes from this one to the others, and from
    /// them to it.
    /// </summary>
    private void Meet(Action<RtSocket, Route> change)
    {
        foreach (var other in Node.IsBridged ? Node.Pods.Where(pod => pod != this && pod._hasStack) : [])
        {
            other.Change(_addresses, change);
            Change(other._addresses, change);
        }
    }

    private void Change(IEnumerable<Address> others, Action<RtSocket, Route> change) => Namespace.Run(() =>
    {
        using var routing = new RtSocket();
        foreach (var address in others)
            change(routing, new(address.ToHost()) { Device = "eth0" });
    });

    private void ClearStack()
    {
        using var routing = new RtSocket();
        foreach (var address in _addresses)
            routing.DeleteAddress("eth0", address.ToIp(), address.Width);
    }

    private void AddAddresses()
    {
        using var routing = new RtSocket();
        foreach (var address in _addresses)
            routing.AddAddress("eth0", address.ToIp(), address.Width);
    }

    private void ConfigureStack()
    {
        AddAddresses();
        using var routing = new RtSocket();
        foreach (var address in _addresses)
        {
            var gateway = address.Family == AddressFamily.V4 ? FabricPlace.Gateway4 : FabricPlace.Gateway6;
            routing.AddNeighbour("eth0", gateway.ToIp(), new(NodeMac));
            routing.ReplaceRoute(new(FabricPlace.DefaultOf(address.Family))
            {
                Gateway = gateway.ToIp(),
                Device = "eth0",
                OnLink = true,
                PreferredSource = address.ToIp(),
            });
        }

        routing.WaitUntilLocal(_addresses);
    }
}
