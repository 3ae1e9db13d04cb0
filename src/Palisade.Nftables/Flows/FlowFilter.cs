namespace Palisade.Nftables.Flows;

/// <summary>
/// Which connections to read, by equality. Filtered in the kernel, but for IPv6 addresses, which it gets wrong; what an
/// older kernel lets through because it does not know a filter (zones: before 6.8) is held back here.
/// </summary>
public sealed record FlowFilter
{
    /// <summary>All connections.</summary>
    public static FlowFilter Everything { get; } = new();

    /// <summary>4, 6, or 0 for both. Needed with a tuple.</summary>
    public byte Family { get; init; }

    /// <summary>Only those whose mark, ANDed with the mask, is this.</summary>
    public (uint Mark, uint Mask)? Mark { get; init; }

    /// <summary>Only those whose status bits, ANDed with the mask, are these.</summary>
    public (FlowStatus Bits, FlowStatus Mask)? Status { get; init; }

    /// <summary>Only those of this zone.</summary>
    public ushort? Zone { get; init; }

    /// <summary>What the original direction must be.</summary>
    public TupleFilter? Original { get; init; }

    /// <summary>What the reply direction must be: its source is who really answers, after translation.</summary>
    public TupleFilter? Reply { get; init; }

    internal bool Matches(Flow flow) =>
        (Family == 0 || Family == flow.Family) && (Zone is null || Zone == flow.Zone)
        && (Mark is not { } mark || (flow.Mark & mark.Mask) == mark.Mark)
        && (Status is not { } status || (flow.Status & status.Mask) == status.Bits)
        && (Original is null || Original.Matches(flow.Original)) && (Reply is null || Reply.Matches(flow.Reply));
}

/// <summary>The fields of a tuple that must be equal; null: any. Ports need the protocol.</summary>
public sealed record TupleFilter
{
    /// <summary>The sender.</summary>
    public PacketAddress? Source { get; init; }

    /// <summary>The receiver.</summary>
    public PacketAddress? Destination { get; init; }

    /// <summary>IP protocol number.</summary>
    public byte? Protocol { get; init; }

    /// <summary>The sender's port; TCP, UDP and SCTP only.</summary>
    public ushort? SourcePort { get; init; }

    /// <summary>The receiver's port; TCP, UDP and SCTP only.</summary>
    public ushort? DestinationPort { get; init; }

    internal bool Matches(in FlowTuple tuple) =>
        (Source is null || Source == tuple.Source) && (Destination is null || Destination == tuple.Destination)
        && (Protocol is null || Protocol == tuple.Protocol) && (SourcePort is null || SourcePort == tuple.SourcePort)
        && (DestinationPort is null || DestinationPort == tuple.DestinationPort);
}
