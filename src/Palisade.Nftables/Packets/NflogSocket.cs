using Palisade.Nftables.Kernel;
using Palisade.Nftables.Netlink;

namespace Palisade.Nftables.Packets;

/// <summary>How a listener of a log group wants its packets.</summary>
public sealed record NflogOptions
{
    /// <summary>At most so many bytes of each packet, from its IP header on; a rule's snaplen may say fewer.</summary>
    public int CopyLength { get; init; } = 128;

    /// <summary>How many packets the kernel gathers before it sends, where the rule does not say.</summary>
    public int QueueThreshold { get; init; } = 32;

    /// <summary>How long it gathers at most, in steps of 10 ms (the kernel's default is one second).</summary>
    public TimeSpan FlushTimeout { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Bytes of one gathering, at most 131,072.</summary>
    public int BatchBytes { get; init; } = 16 * 1024;

    /// <summary>Bytes of the socket's receive buffer: what waits here while nobody reads.</summary>
    public int ReceiveBuffer { get; init; } = 4 * 1024 * 1024;

    /// <summary>Ask for the connection of each packet; see <see cref="NflogSocket.HasFlows"/>.</summary>
    public bool WithFlows { get; init; }
}

/// <summary>The packets that `log group N` rules of the namespace of the creating thread hand over.</summary>
/// <remarks>
/// A group has one listener: the kernel refuses another with EPERM. Without a listener the packets are not kept.
/// Memory is bounded by the buffers; what does not fit is counted (<see cref="Lost"/>).
/// config message: nfgenmsg with the group as resource, then NFULA_CFG_CMD (1) u8: 1 bind · _MODE (2) { bytes u32
///   · mode u8: 2 packet · padding u8 } · _NLBUFSIZ (3) u32 · _TIMEOUT (4) u32, 1/100 s · _QTHRESH (5) u32
///   · _FLAGS (6) u16: 1 number them, 4 attach conntrack. Source: linux/netfilter/nfnetlink_log.h.
/// </remarks>
public sealed class NflogSocket : IDisposable
{
    private const ushort Packet = 4 << 8 | 0;
    private const ushort Config = 4 << 8 | 1;
    private const ushort Numbered = 1;
    private const ushort WithConntrack = 4;
    private readonly NetlinkSocket _socket;
    private uint? _next;

    /// <summary>Binds a group in the calling thread's namespace.</summary>
    /// <exception cref="NetlinkException">EPERM: the group has a listener already, or CAP_NET_ADMIN is missing.
    /// </exception>
    public NflogSocket(ushort group, NflogOptions? options = null)
    {
        var wanted = options ?? new();
        Group = group;
        _socket = new(NetlinkConstants.Netfilter);
        _socket.EnsureReceiveBuffer(wanted.ReceiveBuffer);
        try
        {
            // The mode goes first among the settings: the kernel forwards nothing before it is known.
            Configure("bind", buffer => buffer.PutByte(1, 1));
            Configure("set up", buffer => PutSettings(buffer, wanted));
            HasFlows = wanted.WithFlows && TryAttachFlows();
        }
        catch (KernelException)
        {
            _socket.Dispose();
            throw;
        }
    }

    /// <summary>The group's number.</summary>
    public ushort Group { get; }

    /// <summary>Whether the kernel attaches connections; it needs CONFIG_NETFILTER_NETLINK_GLUE_CT.</summary>
    public bool HasFlows { get; }

    /// <summary>Packets that were logged but lost on the way here, as far as a later one has shown it.</summary>
    public long Lost { get; private set; }

    /// <summary>How often the receive buffer was full.</summary>
    public long Overruns { get; private set; }

    /// <summary>The next packet, or null when none came in time. A negative time waits for ever.</summary>
    public LoggedPacket? Read(TimeSpan timeout)
    {
        while (true)
        {
            try
            {
                if (!_socket.TryReceive(timeout, out var message))
                    return null;
                if (message.Type == Packet)
                    return Count(LoggedPacket.Decode(message.Payload));
            }
            catch (KernelException e) when (e.Errno == Errno.ENOBUFS)
            {
                Overruns++;   // the numbers of the packets will tell how many
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private LoggedPacket Count(LoggedPacket packet)
    {
        var lost = unchecked(packet.Sequence - (_next ?? 0));   // the kernel counts from the binding on
        _next = unchecked(packet.Sequence + 1);
        Lost += lost;
        return packet with { LostBefore = lost };
    }

    private static void PutSettings(NetlinkBuffer buffer, NflogOptions wanted)
    {
        buffer.Put(2, [.. BigEndian((uint)wanted.CopyLength), 2, 0]);
        buffer.PutBig32(3, (uint)wanted.BatchBytes);
        buffer.PutBig32(4, (uint)Math.Ceiling(wanted.FlushTimeout.TotalMilliseconds / 10));
        buffer.PutBig32(5, (uint)wanted.QueueThreshold);
        buffer.PutBig16(6, Numbered);
    }

    private bool TryAttachFlows()
    {
        try
        {
            Configure("attach connections to", buffer => buffer.PutBig16(6, Numbered | WithConntrack));
            return true;
        }
        catch (NetlinkException e) when (e.Errno == Errno.EOPNOTSUPP)
        {
            return false;
        }
    }

    private void Configure(string what, Action<NetlinkBuffer> fill)
    {
        var buffer = new NetlinkBuffer();
        var sequence = _socket.NextSequence();
        buffer.Begin(Config, NetlinkConstants.Request | NetlinkConstants.Ack, sequence);
        buffer.Append([0, 0, (byte)(Group >> 8), (byte)(Group & 0xff)]);
        fill(buffer);
        buffer.End();
        _socket.Request(buffer, sequence, $"{what} log group {Group}");
    }

    private static byte[] BigEndian(uint value) =>
        [(byte)(value >> 24), (byte)(value >> 16 & 0xff), (byte)(value >> 8 & 0xff), (byte)(value & 0xff)];
}
