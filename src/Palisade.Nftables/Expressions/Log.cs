using Palisade.Nftables.Netlink;
using Palisade.Nftables.Text;

namespace Palisade.Nftables.Expressions;

/// <summary>Sends the packet to the listeners of an nflog group.</summary>
/// <remarks>
/// NFTA_LOG_GROUP (1) u16 big-endian · NFTA_LOG_PREFIX (2) string, at most 127 bytes · NFTA_LOG_SNAPLEN (3) u32, bytes
/// NFTA_LOG_QTHRESHOLD (4) u16, packets per message
/// </remarks>
public sealed record Log(ushort Group) : Expression
{
    /// <summary>Carried with each packet.</summary>
    public string? Prefix { get; init; }

    /// <summary>How many bytes of the packet are carried; 0: all.</summary>
    public uint SnapLength { get; init; }

    /// <summary>How many packets the kernel gathers before it sends; 0: its default.</summary>
    public ushort QueueThreshold { get; init; }

    /// <inheritdoc/>
    public override string KernelName => "log";

    internal override void EncodeBody(NetlinkBuffer buffer)
    {
        if (Prefix is not null)
            buffer.PutString(2, Prefix);
        buffer.PutBig16(1, Group);
        if (SnapLength != 0)
            buffer.PutBig32(3, SnapLength);
        if (QueueThreshold != 0)
            buffer.PutBig16(4, QueueThreshold);
    }

    internal override void Print(RulePrinter printer) => printer.Say(
        "log"
        + (Prefix is null ? "" : $" prefix \"{Prefix}\"")
        + $" group {Group}"
        + (SnapLength == 0 ? "" : $" snaplen {SnapLength}")
        + (QueueThreshold == 0 ? "" : $" queue-threshold {QueueThreshold}"));

    internal static Expression DecodeBody(ReadOnlySpan<byte> body)
    {
        var log = new Log(0);
        var hasGroup = false;
        var reader = new AttributeReader(body);
        while (reader.Next())
        {
            hasGroup |= reader.Type == 1;
            log = reader.Type switch
            {
                1 => log with { Group = reader.Big16 },
                2 => log with { Prefix = reader.Text },
                3 => log with { SnapLength = reader.Big32 },
                4 => log with { QueueThreshold = reader.Big16 },
                _ => log,
            };
        }

        return hasGroup ? log : new Unknown("log", new(body));   // without a group it logs to the kernel log
    }
}
