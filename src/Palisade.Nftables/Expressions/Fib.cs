using Palisade.Nftables.Netlink;
using Palisade.Nftables.Text;

namespace Palisade.Nftables.Expressions;

/// <summary>What of the packet the route lookup takes (NFTA_FIB_F_*).</summary>
[Flags]
public enum FibInput : uint
{
    /// <summary>The source address.</summary>
    SourceAddress = 1,

    /// <summary>The destination address.</summary>
    DestinationAddress = 2,

    /// <summary>The packet mark.</summary>
    Mark = 4,

    /// <summary>Only routes by the interface it came in by. In prerouting, input and forward only.</summary>
    InputInterface = 8,

    /// <summary>Only routes by the interface it goes out by.</summary>
    OutputInterface = 16,
}

/// <summary>What the route lookup answers (NFT_FIB_RESULT_*).</summary>
public enum FibResult : uint
{
    /// <summary>The interface's index; 0 when there is no route.</summary>
    InterfaceIndex = 1,

    /// <summary>The interface's name.</summary>
    InterfaceName = 2,

    /// <summary>The address's route type (local, unicast, …), 32 bits in host order.</summary>
    AddressType = 3,
}

/// <summary>Asks the routing table about an address of the packet.</summary>
/// <remarks>NFTA_FIB_DREG (1) u32 · NFTA_FIB_RESULT (2) u32 · NFTA_FIB_FLAGS (3) u32</remarks>
public sealed record Fib(FibInput Input, FibResult Result, uint Register = Expression.FirstRegister) : Expression
{
    /// <inheritdoc/>
    public override string KernelName => "fib";

    internal override void EncodeBody(NetlinkBuffer buffer)
    {
        buffer.PutBig32(3, (uint)Input);
        buffer.PutBig32(2, (uint)Result);
        buffer.PutBig32(1, Register);
    }

    internal override void Print(RulePrinter printer)
    {
        var inputs = new List<string>();
        foreach (var (flag, name) in Names)
        {
            if (Input.HasFlag(flag))
                inputs.Add(name);
        }

        var input = $"fib {string.Join(" . ", inputs)}";
        printer.Load(Register, Result switch
        {
            FibResult.AddressType => new($"{input} type", FieldType.FibAddressType, 4),
            FibResult.InterfaceName => new($"{input} oifname", FieldType.InterfaceName, 16),
            _ => new($"{input} oif", FieldType.InterfaceIndex, 4),
        });
    }

    internal static Fib DecodeBody(ReadOnlySpan<byte> body)
    {
        uint register = 0, result = 0, input = 0;
        var reader = new AttributeReader(body);
        while (reader.Next())
        {
            switch (reader.Type)
            {
                case 1: register = reader.Big32; break;
                case 2: result = reader.Big32; break;
                case 3: input = reader.Big32; break;
            }
        }

        return new((FibInput)input, (FibResult)result, register);
    }

    private static (FibInput Flag, string Name)[] Names =>
    [
        (FibInput.SourceAddress, "saddr"), (FibInput.DestinationAddress, "daddr"), (FibInput.Mark, "mark"),
        (FibInput.InputInterface, "iif"), (FibInput.OutputInterface, "oif"),
    ];
}
