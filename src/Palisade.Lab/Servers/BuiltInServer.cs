using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Palisade.Lab.Connect;

namespace Palisade.Lab.Servers;

/// <summary>A port of a pod, or of an address outside.</summary>
internal readonly record struct LabPort(ProbeProtocol Protocol, ushort Number)
{
    /// <summary>80/TCP, as Kubernetes writes it.</summary>
    public override string ToString() => $"{Number}/{Protocol.ToString().ToUpperInvariant()}";
}

/// <summary>Opens the servers that stand in for container images.</summary>
internal static class BuiltInServer
{
    /// <summary>Opens a server on TCP or UDP in the namespace of the calling thread.</summary>
    /// <param name="address">Where to listen; IPv6Any means both families.</param>
    /// <param name="port">What to listen on.</param>
    /// <param name="name">What an HTTP answer says.</param>
    /// <param name="say">Is told of each HTTP request, in a line.</param>
    /// <exception cref="SocketException">The port is taken (pods that share the node's network).</exception>
    public static IAsyncDisposable Open(IPAddress address, LabPort port, string name, Action<string>? say = null)
    {
        var (type, protocol) = port.Protocol switch
        {
            ProbeProtocol.Tcp => (SocketType.Stream, ProtocolType.Tcp),
            ProbeProtocol.Udp => (SocketType.Dgram, ProtocolType.Udp),
            var other => throw new UnreachableException($"no built-in server on {other}"),
        };
        var socket = new Socket(address.AddressFamily, type, protocol);
        try
        {
            if (address.Equals(IPAddress.IPv6Any))
                socket.DualMode = true;
            socket.Bind(new IPEndPoint(address, port.Number));
            if (port.Protocol == ProbeProtocol.Udp)
                return new EchoServer(socket);
            socket.Listen(512);
            return new NameServer(socket, name, say);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
