namespace Palisade.Nftables.Netlink;

/// <summary>linux/netlink.h: message types, flags and socket options.</summary>
internal static class NetlinkConstants
{
    internal const int HeaderLength = 16;

    internal const int Route = 0;
    internal const int Netfilter = 12;

    internal const ushort Error = 2;
    internal const ushort Done = 3;

    internal const ushort Request = 0x1;
    internal const ushort Ack = 0x4;
    internal const ushort DumpInterrupted = 0x10;
    internal const ushort Dump = 0x300;
    internal const ushort Replace = 0x100;
    internal const ushort Exclusive = 0x200;
    internal const ushort Create = 0x400;
    internal const ushort Append = 0x800;

    /// <summary>NLM_F_ACK_TLVS: attributes follow the error and the header it answers.</summary>
    internal const ushort ErrorHasAttributes = 0x200;

    internal const int CapAck = 10;
    internal const int ExtendedAck = 11;
    internal const int StrictCheck = 12;
}
