using Palisade.Nftables.Netlink;
using Palisade.Nftables.Text;

namespace Palisade.Nftables.Expressions;

/// <summary>Holds for so many packets a time; with Over, for those beyond.</summary>
/// <remarks>
/// NFTA_LIMIT_RATE (1) u64, packets · NFTA_LIMIT_UNIT (2) u64, seconds · NFTA_LIMIT_BURST (3) u32, packets
/// NFTA_LIMIT_TYPE (4) u32: 0 packets · NFTA_LIMIT_FLAGS (5) u32: 1 inverted
/// </remarks>
public sealed record Limit(ulong Rate, ulong Seconds = 1, uint Burst = 5, bool Over = false) : Expression
{
    /// <inheritdoc/>
    public override string KernelName => "limit";

    internal override void EncodeBody(NetlinkBuffer buffer)
    {
        buffer.PutBig64(1, Rate);
        buffer.PutBig64(2, Seconds);
        buffer.PutBig32(3, Burst);
        buffer.PutBig32(4, 0);
        buffer.PutBig32(5, Over ? 1u : 0u);
    }

    internal override void Print(RulePrinter printer)
    {
        var unit = Seconds switch { 1 => "second", 60 => "minute", 3600 => "hour", 86400 => "day", _ => "week" };
        var burst = Burst is 5 ? "" : $" burst {Burst} packets";   // 5 is nft's default, which it leaves out
        printer.Say($"limit rate {(Over ? "over " : "")}{Rate}/{unit}{burst}");
    }

    internal static Expression DecodeBody(ReadOnlySpan<byte> body)
    {
        var limit = new Limit(0);
        uint type = 0;
        var reader = new AttributeReader(body);
        while (reader.Next())
        {
            type = reader.Type == 4 ? reader.Big32 : type;
            limit = reader.Type switch
            {
                1 => limit with { Rate = reader.Big64 },
                2 => limit with { Seconds = reader.Big64 },
                3 => limit with { Burst = reader.Big32 },
                5 => limit with { Over = (reader.Big32 & 1) != 0 },
                _ => limit,
            };
        }

        return type == 0 ? limit : new Unknown("limit", new(body));
    }
}
