using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Palisade.Dataplane.Tests.Packets;
using Palisade.Dataplane.Tests.World;
using Palisade.Policy.Sets;
using Protocol = Palisade.Policy.Sets.Protocol;

namespace Palisade.Dataplane.Tests.Cut;

/// <summary>What came in at one end of a stream.</summary>
internal sealed class Arrivals
{
    private long _last;
    private long _count;

    public long Count => Volatile.Read(ref _count);

    /// <summary>When the last came, as a time stamp; 0: none has.</summary>
    public long Last => Volatile.Read(ref _last);

    public void Note(long bytes = 1)
    {
        Volatile.Write(ref _last, Stopwatch.GetTimestamp());
        Volatile.Write(ref _count, _count + bytes);
    }
}

/// <summary>
/// A connection between two pods over which both ends send about a thousand times a second, until it is disposed.
/// </summary>
internal abstract class Traffic : IDisposable
{
    private readonly Thread _thread;
    private volatile bool _ends;

    protected Traffic() => _thread = new(Pump) { IsBackground = true };

    /// <summary>What the end that was connected to received.</summary>
    public Arrivals Forth { get; } = new();

    /// <summary>What the end that connected received.</summary>
    public Arrivals Back { get; } = new();

    /// <summary>Whether the end that connected sends.</summary>
    public bool SendsForth { get; set; } = true;

    /// <summary>Whether the other end sends.</summary>
    public bool SendsBack { get; set; } = true;

    /// <summary>What went wrong with the contents.</summary>
    public string? Failure { get; protected set; }

    public static Traffic Start(
        Protocol protocol, PodPlace from, Address source, PodPlace to, Address target, ushort port)
    {
        Traffic traffic = protocol switch
        {
            Protocol.Tcp => new TcpTraffic(from, source, to, target, target, port),
            Protocol.Udp => new UdpTraffic(from, source, to, target, port),
            _ => new RawTraffic(protocol, from, source, to, target, port),
        };
        traffic.Begin();
        return traffic;
    }

    public void StartOnly() => _thread.Start();

    public void Begin()
    {
        StartOnly();
        Assert.True(Flows(TimeSpan.FromSeconds(5)), $"the stream did not begin: {Forth.Count} {Back.Count} {Failure}");
    }

    /// <summary>Whether something new arrives, in each direction that is sent in, within a time.</summary>
    public bool Flows(TimeSpan within)
    {
        var (forth, back, since) = (Forth.Count, Back.Count, Stopwatch.GetTimestamp());
        while (Stopwatch.GetElapsedTime(since) < within)
        {
            if ((!SendsForth || Forth.Count > forth) && (!SendsBack || Back.Count > back))
                return true;
            Thread.Sleep(1);
        }

        return false;
    }

    /// <summary>
    /// Waits until nothing has come for 300 ms, a minute at most, and gives how long after a moment the last packet was
    /// noticed in either direction; on a machine with too much to do that is later than it came.
    /// </summary>
    public TimeSpan StoppedAfter(long moment, int atLeastMs = 300)
    {
        Thread.Sleep(atLeastMs);
        var since = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(Last) < TimeSpan.FromMilliseconds(300))
        {
            Assert.True(Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(60), "the stream goes on");
            Thread.Sleep(5);
        }

        return Last <= moment ? TimeSpan.Zero : Stopwatch.GetElapsedTime(moment, Last);
    }

    private long Last => Math.Max(Forth.Last, Back.Last);

    public virtual void Dispose()
    {
        _ends = true;
        if (_thread.IsAlive)
            _thread.Join();
    }

    /// <summary>Sends and receives what there is, without waiting.</summary>
    protected abstract void Step();

    private void Pump()
    {
        while (!_ends && Failure is null)
        {
            try
            {
                Step();
            }
            catch (SocketException e)
            {
                Failure = e.Message;
            }

            Thread.Sleep(1);
        }
    }
}

/// <summary>UDP sockets.</summary>
internal sealed class UdpTraffic : Traffic
{
    private readonly Socket _from, _to;
    private readonly byte[] _buffer = new byte[2000];

    public UdpTraffic(PodPlace from, Address source, PodPlace to, Address target, ushort port)
    {
        _to = to.Namespace.Run(() => Bound(target, port));
        _from = from.Namespace.Run(() => Bound(source, 0));
        _from.Connect(new IPEndPoint(target.ToIp(), port));
        _to.Connect((IPEndPoint)_from.LocalEndPoint!);
        // The one that connects is first.
        for (var i = 0; i < 100 && Forth.Count == 0; i++)
        {
            _from.Send("?"u8);
            Thread.Sleep(5);
            Drain(_to, Forth);
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        _from.Dispose();
        _to.Dispose();
    }

    protected override void Step()
    {
        if (SendsForth)
            _from.Send("forth"u8);
        if (SendsBack)
            _to.Send("back"u8);
        Drain(_to, Forth);
        Drain(_from, Back);
    }

    private static Socket Bound(Address address, ushort port)
    {
        var socket = new Socket(address.ToIp().AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(address.ToIp(), port));
        return socket;
    }

    private void Drain(Socket socket, Arrivals arrivals)
    {
        while (socket.Available > 0)
        {
            socket.Receive(_buffer);
            arrivals.Note();
        }
    }
}

/// <summary>A TCP connection on which both ends send the same endless text, whose every byte is compared.</summary>
internal sealed class TcpTraffic : Traffic
{
    private readonly Socket _from, _to;
    private readonly byte[] _buffer = new byte[65536];
    private readonly byte[] _text = [.. Enumerable.Range(0, 251).Select(i => (byte)(i * 7 % 256))];
    private long _sentForth, _sentBack;

    /// <summary>
    /// Connects to an address and port behind which, perhaps after translation, a pod listens at its own.
    /// </summary>
    public TcpTraffic(
        PodPlace from, Address source, PodPlace to, Address dialled, Address target, ushort port, ushort at = 0)
    {
        using var listener = to.Namespace.Run(() => Opened(target, at == 0 ? port : at));
        listener.Listen(1);
        _from = from.Namespace.Run(() => Opened(source, 0));
        _from.Connect(new IPEndPoint(dialled.ToIp(), port));
        _to = listener.Accept();
        (_from.Blocking, _to.Blocking, _from.NoDelay, _to.NoDelay) = (false, false, true, true);
    }

    public override void Dispose()
    {
        base.Dispose();
        _from.Dispose();
        _to.Dispose();
    }

    protected override void Step()
    {
        if (SendsForth)
            Send(_from, ref _sentForth);
        if (SendsBack)
            Send(_to, ref _sentBack);
        Drain(_to, Forth);
        Drain(_from, Back);
    }

    private static Socket Opened(Address address, ushort port)
    {
        var socket = new Socket(address.ToIp().AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.Bind(new IPEndPoint(address.ToIp(), port));
        return socket;
    }

    private void Send(Socket socket, ref long sent)
    {
        var begin = (int)(sent % _text.Length);
        var count = socket.Send(_text.AsSpan(begin), SocketFlags.None, out var error);
        if (error == SocketError.Success)
            sent += count;
        else if (error is not (SocketError.WouldBlock or SocketError.NoBufferSpaceAvailable))
            Failure = $"send: {error}";
    }

    private void Drain(Socket socket, Arrivals arrivals)
    {
        while (socket.Available > 0)
        {
            var count = socket.Receive(_buffer);
            for (var i = 0; i < count; i++)
            {
                if (_buffer[i] != _text[(int)((arrivals.Count + i) % _text.Length)])
                    Failure = $"byte {arrivals.Count + i} is another one";
            }

            arrivals.Note(count);
        }
    }
}

/// <summary>Packets of SCTP or ICMP echo, made by hand: each end sends, whatever it receives.</summary>
internal sealed class RawTraffic(
    Protocol protocol, PodPlace from, Address source, PodPlace to, Address target, ushort port) : Traffic
{
    private const uint Tag = 0x1234_5678;
    private const ushort Own = 40_123;
    private readonly byte[] _buffer = new byte[4096];
    private uint _id = 3_000_000;   // even: forth, odd: back

    protected override void Step()
    {
        if (_id < 3_000_010 && protocol == Protocol.Sctp)
        {
            // An association begins; conntrack then knows the tags of both ends.
            from.Send(Packet.Opening(Protocol.Sctp, source, Own, target, port, _id));
            to.Send(Packet.SctpChunk(target, port, source, Own, Packet.InitiateTag, 2, Tag, ++_id));
            _id++;
        }
        else
        {
            if (SendsForth)
                from.Send(Make(back: false, _id));
            if (SendsBack)
                to.Send(Make(back: true, _id + 1));
            _id += 2;
        }

        Drain(to.Frames, Forth, parity: 0);
        Drain(from.Frames, Back, parity: 1);
    }

    private byte[] Make(bool back, uint id)
    {
        var (sender, receiver) = back ? (target, source) : (source, target);
        if (protocol != Protocol.Sctp)
            return Packet.Echo(sender, receiver, Own, back, id);
        return back
            ? Packet.SctpChunk(sender, port, receiver, Own, Packet.InitiateTag, 0, id, id)
            : Packet.SctpChunk(sender, Own, receiver, port, Tag, 0, id, id);
    }

    private void Drain(PacketSocket socket, Arrivals arrivals, uint parity)
    {
        int length;
        while ((length = socket.Receive(_buffer)) >= 0)
        {
            if (Packet.IdIn(_buffer.AsSpan(0, length)) is { } id && id >= 3_000_010 && id % 2 == parity)
                arrivals.Note();
        }
    }
}
