using System.Net;
using System.Net.Sockets;
using Palisade.Benchmarks.Throughput;
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
        var pod = NetworkNamespace.Create(link);
        PodLink.Join(Routing, pod, link, IPAddress.Parse(address));
        return pod;
    }

    private static Socket Bound(string address, int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), port));
        return socket;
    }
}
