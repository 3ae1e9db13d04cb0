using Palisade.Nftables.Netlink;
using Palisade.Nftables.Text;

namespace Palisade.Nftables.Expressions;

/// <summary>Counts packets and bytes. The counts are state, not compared.</summary>
/// <remarks>NFTA_COUNTER_BYTES (1) u64 · NFTA_COUNTER_PACKETS (2) u64</remarks>
public sealed record Counter(ulong Packets = 0, ulong Bytes = 0) : Expression
{
    /// <inheritdoc/>
    public override string KernelName => "counter";

    /// <inheritdoc/>
    public bool Equals(Counter? other) => other is not null;

    /// <inheritdoc/>
    public override int GetHashCode() => 1;

    internal override void EncodeBody(NetlinkBuffer buffer)
    {
        buffer.PutBig64(1, Bytes);
        buffer.PutBig64(2, Packets);
    }

    internal override void Print(RulePrinter printer) => printer.Say($"counter packets {Packets} bytes {Bytes}");

    internal static Counter DecodeBody(ReadOnlySpan<byte> body)
    {
        ulong packets = 0, bytes = 0;
        var reader = new AttributeReader(body);
        while (reader.Next())
        {
            if (reader.Type == 1)
                bytes = reader.Big64;
            else if (reader.Type == 2)
                packets = reader.Big64;
        }

        return new(packets, bytes);
    }
}
