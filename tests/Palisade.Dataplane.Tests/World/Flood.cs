using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Palisade.Nftables.Kernel;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Tests.World;

/// <summary>
/// UDP datagrams from one place to another as fast as a thread sends them, and the times at which they arrived. Nobody
/// answers, so each one is a new connection to the gates.
/// </summary>
internal sealed class Flood : IDisposable
{
    private readonly Socket _to;
    private readonly Socket _from;
    private readonly Thread[] _threads;
    private readonly List<long> _arrived = [];
    private volatile bool _ended;
    private long _sent;

    public Flood(NetworkNamespace from, NetworkNamespace to, Address target, ushort port)
    {
        _to = to.Run(
            () => new Socket(System.Net.Sockets.AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        _to.Bind(new IPEndPoint(IPAddress.Any, port));
        _to.ReceiveTimeout = 50;
        _from = from.Run(
            () => new Socket(System.Net.Sockets.AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        var end = new IPEndPoint(IPAddress.Parse(target.ToString()), port);
        _threads = [new(() => Send(end)) { IsBackground = true }, new(Receive) { IsBackground = true }];
        foreach (var thread in _threads)
            thread.Start();
    }

    public long Sent => Interlocked.Read(ref _sent);

    /// <summary>How many arrived since a timestamp (Stopwatch).</summary>
    public int ArrivedSince(long timestamp)
    {
        lock (_arrived)
            return _arrived.Count(at => at >= timestamp);
    }

    public void Dispose()
    {
        _ended = true;
        foreach (var thread in _threads)
            thread.Join();
        _from.Dispose();
        _to.Dispose();
    }

    private void Send(IPEndPoint end)
    {
        var payload = new byte[8];
        while (!_ended)
        {
            try
            {
                _from.SendTo(payload, end);
                Interlocked.Increment(ref _sent);
            }
            catch (SocketException)
            {
                // No route or a full buffer: that is not what is measured.
            }

            if (_sent % 16 == 0)
                Thread.Sleep(1);   // some 16,000 a second: the tests beside this one want to live
        }
    }

    private void Receive()
    {
        var buffer = new byte[64];
        while (!_ended)
        {
            try
            {
                _to.Receive(buffer);
                lock (_arrived)
                    _arrived.Add(Stopwatch.GetTimestamp());
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock)
            {
            }
        }
    }
}
