namespace Palisade.Nftables.Flows;

/// <summary>Status bits of a connection (IPS_*, linux/netfilter/nf_conntrack_common.h).</summary>
[Flags]
public enum FlowStatus : uint
{
    /// <summary>Expected by another connection.</summary>
    Expected = 0x1,

    /// <summary>Packets went both ways.</summary>
    SeenReply = 0x2,

    /// <summary>Not evicted early when the table is full.</summary>
    Assured = 0x4,

    /// <summary>Its first packet left the machine or reached a socket.</summary>
    Confirmed = 0x8,

    /// <summary>The source is translated.</summary>
    SourceNat = 0x10,

    /// <summary>The destination is translated.</summary>
    DestinationNat = 0x20,

    /// <summary>Being deleted.</summary>
    Dying = 0x200,

    /// <summary>Its timeout does not change.</summary>
    FixedTimeout = 0x400,

    /// <summary>Packets bypass the hooks through a flow table: its deletion is refused (EBUSY).</summary>
    Offload = 0x4000,

    /// <summary>The same, in hardware.</summary>
    HardwareOffload = 0x8000,
}

/// <summary>States of a TCP connection as conntrack sees it (enum tcp_conntrack).</summary>
public enum TcpState : byte
{
    /// <summary>Nothing yet.</summary>
    None = 0,

    /// <summary>SYN from the client.</summary>
    SynSent = 1,

    /// <summary>SYN and ACK from the server.</summary>
    SynReceived = 2,

    /// <summary>Both ways.</summary>
    Established = 3,

    /// <summary>One side has closed.</summary>
    FinWait = 4,

    /// <summary>The other side has not.</summary>
    CloseWait = 5,

    /// <summary>The last acknowledgement is missing.</summary>
    LastAck = 6,

    /// <summary>Closed.</summary>
    TimeWait = 7,

    /// <summary>Reset.</summary>
    Close = 8,

    /// <summary>Both opened at once.</summary>
    SynSent2 = 9,
}

/// <summary>What conntrack knows of an SCTP association.</summary>
/// <param name="State">Its state (enum sctp_conntrack).</param>
/// <param name="OriginalTag">The verification tag of packets in the original direction, as the bytes lie.</param>
/// <param name="ReplyTag">The same of the other direction.</param>
public readonly record struct SctpAssociation(byte State, uint OriginalTag, uint ReplyTag);

/// <summary>One direction of a connection. For ICMP see <see cref="IcmpId"/>.</summary>
/// <param name="Source">Who sends.</param>
/// <param name="Destination">Who receives.</param>
/// <param name="Protocol">IP protocol number.</param>
/// <param name="SourcePort">ICMP: the identifier. 0 where the protocol has none.</param>
/// <param name="DestinationPort">ICMP: type * 256 + code.</param>
public readonly record struct FlowTuple(
    PacketAddress Source, PacketAddress Destination, byte Protocol, ushort SourcePort, ushort DestinationPort)
{
    /// <summary>Whether it is ICMP or ICMPv6, which have no ports.</summary>
    public bool IsIcmp => Protocol is 1 or 58;

    /// <summary>The ICMP identifier.</summary>
    public ushort IcmpId => SourcePort;

    /// <summary>The ICMP type.</summary>
    public byte IcmpType => (byte)(DestinationPort >> 8);

    /// <summary>The ICMP code.</summary>
    public byte IcmpCode => (byte)(DestinationPort & 0xff);

    /// <summary>The same the other way, as the reply of a connection without translation; not for ICMP.</summary>
    public FlowTuple Reversed => new(Destination, Source, Protocol, DestinationPort, SourcePort);

    /// <summary>"tcp 10.0.0.1:1234 > 10.0.0.2:80".</summary>
    public override string ToString()
    {
        var protocol = FieldText.Format(FieldType.InetProtocol, [Protocol]);
        return IsIcmp
            ? $"{protocol} {Source} > {Destination} type {IcmpType} code {IcmpCode} id {IcmpId}"
            : $"{protocol} {With(Source, SourcePort)} > {With(Destination, DestinationPort)}";
    }

    private static string With(PacketAddress address, ushort port) =>
        address.Family == 6 ? $"[{address}]:{port}" : $"{address}:{port}";
}

/// <summary>Which directions of a connection a zone holds for.</summary>
public enum ZoneScope : byte
{
    /// <summary>Both, the usual case.</summary>
    Both = 0,

    /// <summary>The original direction only.</summary>
    Original = 1,

    /// <summary>The reply direction only.</summary>
    Reply = 2,
}

/// <summary>A connection as the kernel follows it.</summary>
/// <param name="Original">The first packet's direction, before translation.</param>
/// <param name="Reply">Of the answers as they arrive here: its source is who really answers.</param>
public sealed record Flow(FlowTuple Original, FlowTuple Reply)
{
    /// <summary>Bits that are not in <see cref="FlowStatus"/> are kept.</summary>
    public FlowStatus Status { get; init; }

    /// <summary>The connection mark.</summary>
    public uint Mark { get; init; }

    /// <summary>128 label bits, label 0 lowest; all zero where it has none.</summary>
    public UInt128 Labels { get; init; }

    /// <summary>The zone; 0 usually.</summary>
    public ushort Zone { get; init; }

    /// <summary>Which directions the zone is for.</summary>
    public ZoneScope ZoneScope { get; init; }

    /// <summary>Seconds until it is forgotten, when it was read; 0 in events that do not say.</summary>
    public uint Timeout { get; init; }

    /// <summary>
    /// The kernel's number of it, a hash of its tuple and its place in memory: another connection of the same tuple
    /// has another one, unless it lies where the former lay (measured: so it does when it comes right behind).
    /// </summary>
    public uint Id { get; init; }

    /// <summary>None unless it is TCP.</summary>
    public TcpState TcpState { get; init; }

    /// <summary>Null unless it is SCTP.</summary>
    public SctpAssociation? Sctp { get; init; }

    /// <summary>
    /// TCP whose beginning conntrack has not seen: it took the connection up midway, so that the original direction is
    /// that of the first packet seen, not of who opened it.
    /// </summary>
    public bool IsTakenUp { get; init; }

    /// <summary>Both directions; zero unless sysctl net.netfilter.nf_conntrack_acct is 1.</summary>
    public FlowCounts Counts { get; init; }

    /// <summary>4 or 6.</summary>
    public int Family => Original.Source.Family;

    /// <summary>Whether an address or port is another one behind this machine than before it; not for ICMP.</summary>
    public bool IsTranslated => !Original.IsIcmp && Reply != Original.Reversed;

    /// <summary>Whether its packets bypass the hooks.</summary>
    public bool IsOffloaded => (Status & (FlowStatus.Offload | FlowStatus.HardwareOffload)) != 0;
}

/// <summary>What went through a connection.</summary>
public readonly record struct FlowCounts(
    ulong OriginalPackets, ulong OriginalBytes, ulong ReplyPackets, ulong ReplyBytes);
