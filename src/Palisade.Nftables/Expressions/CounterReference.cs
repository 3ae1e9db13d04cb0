using Palisade.Nftables.Netlink;
using Palisade.Nftables.Text;

namespace Palisade.Nftables.Expressions;

/// <summary>Counts on a named counter of the table.</summary>
/// <remarks>NFTA_OBJREF_IMM_TYPE (1) u32: 1 counter · NFTA_OBJREF_IMM_NAME (2) string</remarks>
public sealed record CounterReference(string Name) : Expression
{
    internal const uint CounterType = 1;

    /// <inheritdoc/>
    public override string KernelName => "objref";

    internal override void EncodeBody(NetlinkBuffer buffer)
    {
        buffer.PutBig32(1, CounterType);
        buffer.PutString(2, Name);
    }

    internal override void Print(RulePrinter printer) => printer.Say($"counter name \"{Name}\"");

    internal static Expression DecodeBody(ReadOnlySpan<byte> body)
    {
        uint type = 0;
        var name = "";
        var reader = new AttributeReader(body);
        while (reader.Next())
        {
            if (reader.Type == 1)
                type = reader.Big32;
            else if (reader.Type == 2)
                name = reader.Text;
        }

        return type == CounterType ? new CounterReference(name) : new Unknown("objref", new(body));
    }
}
