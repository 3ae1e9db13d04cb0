namespace Palisade.Nftables.Netlink;

/// <summary>One received message: header fields, and the payload behind the 16 header bytes.</summary>
internal readonly record struct NetlinkMessage(ushort Type, ushort Flags, uint Sequence, uint Port, byte[] Payload);
