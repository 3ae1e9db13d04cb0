using Palisade.Nftables.Netlink;
using Palisade.Nftables.Text;

namespace Palisade.Nftables.Expressions;

/// <summary>What meta loads (NFT_META_*).</summary>
public enum MetaKey : uint
{
    /// <summary>Type of the frame, two bytes: 0x0800 IPv4, 0x86dd IPv6.</summary>
    Protocol = 1,

    /// <summary>Packet mark.</summary>
    Mark = 3,

    /// <summary>Index of the interface it came in by.</summary>
    InputIndex = 4,

    /// <summary>Index of the interface it goes out by.</summary>
    OutputIndex = 5,

    /// <summary>Name of the interface it came in by.</summary>
    InputName = 6,

    /// <summary>Name of the interface it goes out by.</summary>
    OutputName = 7,

    /// <summary>Family, one byte: 2 IPv4, 10 IPv6.</summary>
    NfProto = 15,

    /// <summary>Transport protocol, one byte, behind IPv6 extension headers too.</summary>
    L4Proto = 16,

    /// <summary>Name of the bridge whose port it came in by. Needs CONFIG_NFT_BRIDGE_META.</summary>
    BridgeInputName = 17,

    /// <summary>Name of the bridge whose port it goes out by. Needs CONFIG_NFT_BRIDGE_META.</summary>
    BridgeOutputName = 18,
}

/// <summary>Loads something about the packet that is not in it.</summary>
/// <remarks>NFTA_META_DREG (1) u32 · NFTA_META_KEY (2) u32, big-endian</remarks>
public sealed record Meta(MetaKey Key, uint Register = Expression.FirstRegister) : Expression
{
    /// <inheritdoc/>
    public override string KernelName => "meta";

    internal override void EncodeBody(NetlinkBuffer buffer)
    {
        buffer.PutBig32(2, (uint)Key);
        buffer.PutBig32(1, Register);
    }

    internal override void Print(RulePrinter printer) => printer.Load(Register, OperandOf(Key));

    internal static Operand OperandOf(MetaKey key) => key switch
    {
        MetaKey.Protocol => new("meta protocol", FieldType.EtherType, 2),
        MetaKey.BridgeInputName => new("meta ibrname", FieldType.InterfaceName, 16),
        MetaKey.BridgeOutputName => new("meta obrname", FieldType.InterfaceName, 16),
        MetaKey.Mark => new("meta mark", FieldType.Mark, 4),
        MetaKey.InputIndex => new("iif", FieldType.InterfaceIndex, 4),
        MetaKey.OutputIndex => new("oif", FieldType.InterfaceIndex, 4),
        MetaKey.InputName => new("iifname", FieldType.InterfaceName, 16),
        MetaKey.OutputName => new("oifname", FieldType.InterfaceName, 16),
        MetaKey.NfProto => new("meta nfproto", FieldType.NfProto, 1),
        MetaKey.L4Proto => new("meta l4proto", FieldType.InetProtocol, 1),
        _ => new($"meta {(uint)key}", FieldType.None, 4),
    };

    internal static Expression DecodeBody(ReadOnlySpan<byte> body)
    {
        uint key = 0, register = 0, source = 0;
        var reader = new AttributeReader(body);
        while (reader.Next())
        {
            if (reader.Type == 1)
                register = reader.Big32;
            else if (reader.Type == 2)
                key = reader.Big32;
            else if (reader.Type == 3)
                source = reader.Big32;
        }

        return source != 0 ? new MetaSet((MetaKey)key, source) : new Meta((MetaKey)key, register);
    }
}
