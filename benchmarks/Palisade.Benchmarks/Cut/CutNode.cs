using System.Net;
using System.Net.Sockets;
using Palisade.Nftables.Kernel;
using Palisade.Nftables.Rtnetlink;

namespace Palisade.Benchmarks.Cut;

/// <summary>A node's namespace with two pods that really are there, and a UDP connection between them.</summary>
internal sealed class CutNode : IDisposable
{
    private readonly NetworkNamespace[] _pods;

    public CutNode(string a, string b)
    {
        Node = NetworkNamespace.Create("bench node");
        Node.SetSysctl("net.ipv4.ip_forward", "1");
        Node.SetSysctl("net.ipv4.conf.all.rp_filter", "0");
        Node.SetSysctl("net.ipv4.conf.default.rp_filter", "0");
        Routing = Node.Run(() => new RtSocket());
        _pods = [Join("pod0", a), Join("pod1", b)];
        Client = _pods[0].Run(() => Bound(a, 0));
        Server = _pods[1].Run(() => Bound(b, 8080));
        Client.Connect(new IPEndPoint(IPAddress.Parse(b), 8080));
        Server.Connect(new IPEndPoint(IPAddress.Parse(a), ((IPEndPoint)Client.LocalEndPoint!).Port));
    }

    public NetworkNamespace Node { get; }

    public RtSocket Routing { get; }

    public Socket Client { get; }

    public Socket Server { get; }

    public void Dispose()
    {
        Client.Dispose();
        Server.Dispose();
        foreach (var pod in _pods)
            pod.Dispose();
        Routing.Dispose();
        Node.Dispose();
    }

    private NetworkNamespace Join(string link, string address)
    {
        var (pod, gateway) = (NetworkNamespace.Create(link), IPAddress.Parse("169.254.77.1"));
        var ip = IPAddress.Parse(address);
        Routing.CreateVeth(link, "eth0", pod.FileDescriptor);
        Routing.SetUp(link);
        var nodeMac = Routing.FindLink(link)!.HardwareAddress;
        var mac = pod.Run(() =>
        {
            using var routing = new RtSocket();
            routing.SetUp("eth0");
            routing.SetUp("lo");
            routing.AddAddress("eth0", ip, 32);
            routing.AddNeighbour("eth0", gateway, nodeMac);
            routing.ReplaceRoute(new(new(IPAddress.Any, 0)) { Gateway = gateway, Device = "eth0", OnLink = true });
            return routing.FindLink("eth0")!.HardwareAddress;
        });
        Routing.AddNeighbour(link, ip, mac);
        Routing.ReplaceRoute(new(new(ip, 32)) { Device = link });
        return pod;
    }

    private static Socket Bound(string address, int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), port));
        return socket;
    }
}
