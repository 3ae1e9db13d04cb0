using Palisade.Nftables.Netlink;
using Palisade.Nftables.Text;

namespace Palisade.Nftables.Expressions;

/// <summary>Exempts the packet from conntrack; before conntrack only (raw).</summary>
/// <remarks>Without attributes.</remarks>
public sealed record NoTrack : Expression
{
    /// <inheritdoc/>
    public override string KernelName => "notrack";

    internal override void EncodeBody(NetlinkBuffer buffer)
    {
    }

    internal override void Print(RulePrinter printer) => printer.Say("notrack");
}
