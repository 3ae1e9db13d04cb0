namespace Palisade.Nftables;

/// <summary>A netlink message as the kernel sent it.</summary>
/// <param name="Type">The message's type: the subsystem in the high byte.</param>
/// <param name="Body">What follows the netlink header: struct nfgenmsg (4 bytes), then attributes.</param>
public readonly record struct RawMessage(ushort Type, ReadOnlyMemory<byte> Body);
