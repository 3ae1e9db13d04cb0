using System.Buffers.Binary;
using System.Net;
using Palisade.Nftables.Netlink;

namespace Palisade.Nftables.Rtnetlink;

/// <summary>An address on an interface.</summary>
/// <param name="LinkIndex">The interface's number.</param>
/// <param name="Address">The local address.</param>
/// <param name="PrefixLength">Length of the on-link prefix in bits.</param>
/// <param name="Scope">0 universe, 253 link, 254 host.</param>
/// <param name="IsTentative">IPv6: duplicate address detection has not finished; not usable as a source yet.</param>
public sealed record InterfaceAddress(int LinkIndex, IPAddress Address, int PrefixLength, byte Scope, bool IsTentative)
{
    /// <summary>struct ifaddrmsg: family u8 · prefix length u8 · flags u8 · scope u8 · index u32; attributes.</summary>
    internal static InterfaceAddress Decode(ReadOnlySpan<byte> payload)
    {
        var index = BinaryPrimitives.ReadInt32LittleEndian(payload[4..]);
        uint flags = payload[2];
        IPAddress? local = null;
        IPAddress? peer = null;
        var reader = new AttributeReader(payload[8..]);
        while (reader.Next())
        {
            if (reader.Type == RtConstants.AddressLocal)
                local = new(reader.Payload);
            else if (reader.Type == RtConstants.AddressPeer)
                peer = new(reader.Payload);
            else if (reader.Type == RtConstants.AddressFlags)
                flags = reader.Host32;
        }

        return new(index, local ?? peer ?? IPAddress.None, payload[1], payload[3], (flags & 0x40) != 0);
    }
}
