using System.Net;
using System.Net.Sockets;
using Palisade.Lab.Network;

namespace Palisade.Lab.Nodes;

/// <summary>
/// A listening socket on a node's own loopback, held by the API server: the only way from the node's namespace to the
/// API, without a route between the cluster and the machine.
/// </summary>
internal sealed class NodeListener : IDisposable
{
    // kube-apiserver's usual port; the namespace is ours, so it is free.
    private const int Port = 6443;

    private readonly Socket _socket;

    /// <summary>Binds in the node's namespace.</summary>
    public NodeListener(LabNode node)
    {
        Node = node;
        _socket = node.Namespace.Run(() =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, Port));
            return socket;
        });
    }

    /// <summary>The node.</summary>
    public LabNode Node { get; }

    /// <summary>The URL as the node's agent sees it.</summary>
    public static string Url => $"https://127.0.0.1:{Port}";

    /// <summary>The descriptor, for the server to listen on while this object lives.</summary>
    public int Handle => (int)_socket.SafeHandle.DangerousGetHandle();

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();
}
