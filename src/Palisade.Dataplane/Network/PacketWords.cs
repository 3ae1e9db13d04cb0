using Palisade.Nftables;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Network;

/// <summary>What packets and connections say, in the words of policies, and the other way round.</summary>
internal static class PacketWords
{
    /// <summary>An address as packets have it.</summary>
    public static PacketAddress InPackets(this Address address) => new((byte)address.Family, address.Bits);

    /// <summary>An address as policies have it.</summary>
    public static Address InPolicies(this PacketAddress address) =>
        new(address.Family == 4 ? AddressFamily.V4 : AddressFamily.V6, address.Bits);

    /// <summary>The protocol of IANA's number.</summary>
    public static Protocol ProtocolOf(byte number) => number switch
    {
        6 => Protocol.Tcp,
        17 => Protocol.Udp,
        132 => Protocol.Sctp,
        _ => Protocol.Other,
    };
}
