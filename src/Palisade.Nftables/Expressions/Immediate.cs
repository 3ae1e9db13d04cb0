using Palisade.Nftables.Netlink;
using Palisade.Nftables.Text;

namespace Palisade.Nftables.Expressions;

/// <summary>A verdict.</summary>
/// <remarks>
/// NFTA_IMMEDIATE_DREG (1) u32: 0 · NFTA_IMMEDIATE_DATA (2) nest { NFTA_DATA_VERDICT (2), see NftVerdict }
/// </remarks>
public sealed record Immediate(NftVerdict Verdict) : Expression
{
    /// <inheritdoc/>
    public override string KernelName => "immediate";

    internal override void EncodeBody(NetlinkBuffer buffer)
    {
        buffer.PutBig32(1, 0);
        var data = buffer.BeginNest(2);
        Verdict.Encode(buffer);
        buffer.EndNest(data);
    }

    internal override void Print(RulePrinter printer) => printer.Say(Verdict.ToString());

    internal static Expression DecodeBody(ReadOnlySpan<byte> body)
    {
        var verdict = AttributeReader.Find(AttributeReader.Find(body, 2), 2);
        return verdict.IsEmpty ? ImmediateValue.DecodeValue(body) : new Immediate(NftVerdict.Decode(verdict));
    }
}
