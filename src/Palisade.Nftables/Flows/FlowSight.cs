using Palisade.Nftables.Netlink;

namespace Palisade.Nftables.Flows;

/// <summary>Is shown each connection of a scan; what it is shown is gone when it returns.</summary>
public delegate void FlowVisitor(in FlowSight sight);

/// <summary>A connection as it lies in the kernel's answer: what decides about it, without an allocation.</summary>
public readonly ref struct FlowSight
{
    private readonly ReadOnlySpan<byte> _attributes;

    internal FlowSight(ReadOnlySpan<byte> attributes)
    {
        _attributes = attributes;
        var reader = new AttributeReader(attributes);
        while (reader.Next())
        {
            switch (reader.Type)
            {
                case FlowWire.Original: Original = FlowWire.DecodeTuple(reader.Payload, out _); break;
                case FlowWire.Reply: Reply = FlowWire.DecodeTuple(reader.Payload, out _); break;
                case 3: Status = (FlowStatus)reader.Big32; break;
                case 4: IsTakenUp = FlowWire.IsTakenUp(reader.Payload); break;
            }
        }
    }

    /// <summary>The first packet's direction, before translation.</summary>
    public FlowTuple Original { get; }

    /// <summary>Of the answers as they arrive here: its source is who really answers.</summary>
    public FlowTuple Reply { get; }

    /// <summary>Its status bits.</summary>
    public FlowStatus Status { get; }

    /// <summary>See <see cref="Flow.IsTakenUp"/>.</summary>
    public bool IsTakenUp { get; }

    /// <summary>All of it, to keep.</summary>
    public Flow ToFlow() => FlowWire.DecodeAttributes(_attributes);
}
