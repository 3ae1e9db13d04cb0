using Palisade.Nftables.Netlink;
using Palisade.Nftables.Text;

namespace Palisade.Nftables.Expressions;

/// <summary>Translates the connection's source or destination; in chains of type nat only.</summary>
/// <param name="IsSource">Source; otherwise destination.</param>
/// <param name="Family">4 or 6.</param>
/// <param name="AddressRegister">Holds the new address.</param>
/// <param name="PortRegister">Holds the new port; 0: the port stays.</param>
/// <remarks>
/// NFTA_NAT_TYPE (1) u32: 0 source, 1 destination · _FAMILY (2) u32: 2 IPv4, 10 IPv6 · _REG_ADDR_MIN (3), _MAX (4) u32
///   · _REG_PROTO_MIN (5), _MAX (6) u32 · _FLAGS (7) u32: 1 address given, 2 port given, both added by the kernel;
///   4 random ports, 8 persistent, 16 fully random
/// </remarks>
public sealed record Nat(
    bool IsSource, int Family, uint AddressRegister = Expression.FirstRegister, uint PortRegister = 0) : Expression
{
    private const uint Implied = 3;

    /// <inheritdoc/>
    public override string KernelName => "nat";

    internal override void EncodeBody(NetlinkBuffer buffer)
    {
        buffer.PutBig32(1, IsSource ? 0u : 1u);
        buffer.PutBig32(2, Family == 4 ? 2u : 10u);
        buffer.PutBig32(3, AddressRegister);
        if (PortRegister != 0)
            buffer.PutBig32(5, PortRegister);
    }

    internal override void Print(RulePrinter printer)
    {
        var type = Family == 4 ? FieldType.Ipv4Address : FieldType.Ipv6Address;
        var port = PortRegister == 0 ? null : printer.ConstantIn(PortRegister);
        var isConstant = printer.ConstantIn(AddressRegister) is not null;
        var target = printer.TakeValue(AddressRegister, new("", type, Family == 4 ? 4 : 16));
        if (port is { } number && isConstant)
        {
            var address = Family == 6 ? $"[{target}]" : target;
            target = $"{address}:{FieldText.Format(FieldType.InetService, number.Bytes)}";
        }

        var family = printer.IsOneFamily ? "" : Family == 4 ? " ip" : " ip6";
        printer.Say($"{(IsSource ? "snat" : "dnat")}{family} to {target}");
    }

    internal static Expression DecodeBody(ReadOnlySpan<byte> body)
    {
        uint type = 0, family = 0, address = 0, lastAddress = 0, port = 0, lastPort = 0, flags = 0;
        var reader = new AttributeReader(body);
        while (reader.Next())
        {
            switch (reader.Type)
            {
                case 1: type = reader.Big32; break;
                case 2: family = reader.Big32; break;
                case 3: address = reader.Big32; break;
                case 4: lastAddress = reader.Big32; break;
                case 5: port = reader.Big32; break;
                case 6: lastPort = reader.Big32; break;
                case 7: flags = reader.Big32; break;
            }
        }

        var isRange = (lastAddress != 0 && lastAddress != address) || (lastPort != 0 && lastPort != port);
        return isRange || type > 1 || family is not (2 or 10) || address == 0 || (flags & ~Implied) != 0
            ? new Unknown("nat", new(body))
            : new Nat(type == 0, family == 2 ? 4 : 6, address, port);
    }
}
