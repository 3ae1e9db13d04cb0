using Palisade.Nftables.Netlink;
using Palisade.Nftables.Text;

namespace Palisade.Nftables.Expressions;

/// <summary>What ct loads (NFT_CT_*).</summary>
public enum ConntrackKey : uint
{
    /// <summary>State bits, 32 bits in host order.</summary>
    State = 0,

    /// <summary>Direction, one byte: 0 original, 1 reply.</summary>
    Direction = 1,

    /// <summary>Status bits (IPS_*), 32 bits in host order.</summary>
    Status = 2,

    /// <summary>Connection mark, 32 bits in host order.</summary>
    Mark = 3,
}

/// <summary>Loads something about the packet's connection.</summary>
/// <remarks>NFTA_CT_DREG (1) u32 · NFTA_CT_KEY (2) u32</remarks>
public sealed record Conntrack(ConntrackKey Key, uint Register = Expression.FirstRegister) : Expression
{
    /// <inheritdoc/>
    public override string KernelName => "ct";

    internal override void EncodeBody(NetlinkBuffer buffer)
    {
        buffer.PutBig32(2, (uint)Key);
        buffer.PutBig32(1, Register);
    }

    internal override void Print(RulePrinter printer) => printer.Load(Register, Key switch
    {
        ConntrackKey.State => new("ct state", FieldType.CtState, 4),
        ConntrackKey.Direction => new("ct direction", FieldType.CtDirection, 1),
        ConntrackKey.Status => new("ct status", FieldType.CtStatus, 4),
        ConntrackKey.Mark => new("ct mark", FieldType.Mark, 4),
        _ => new($"ct {(uint)Key}", FieldType.None, 4),
    });

    internal static Expression DecodeBody(ReadOnlySpan<byte> body)
    {
        uint key = 0, register = 0;
        var reader = new AttributeReader(body);
        while (reader.Next())
        {
            if (reader.Type == 1)
                register = reader.Big32;
            else if (reader.Type == 2)
                key = reader.Big32;
            else
                return new Unknown("ct", new(body));
        }

        return new Conntrack((ConntrackKey)key, register);
    }
}
