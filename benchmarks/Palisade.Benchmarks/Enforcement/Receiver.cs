using System.Net;
using System.Net.Sockets;

namespace Palisade.Benchmarks.Enforcement;

/// <summary>Runs in a pod: logs the time stamp of every datagram that arrives.</summary>
internal static class Receiver
{
    public static int Run(int port, string log)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.ReceiveBufferSize = 4 << 20;
        socket.ReceiveTimeout = 200;
        socket.Bind(new IPEndPoint(IPAddress.Any, port));
        using var file = File.Create(log);
        var datagram = new byte[64];
        while (!File.Exists(log + ".stop"))
        {
            try
            {
                file.Write(datagram, 0, socket.Receive(datagram));
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.TimedOut)
            {
                file.Flush();
            }
        }

        return 0;
    }
}
