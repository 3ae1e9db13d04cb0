using System.Buffers.Binary;
using System.Net.NetworkInformation;
using Palisade.Nftables.Netlink;

namespace Palisade.Nftables.Rtnetlink;

/// <summary>A network interface as the kernel describes it.</summary>
/// <param name="Index">Its number in its namespace.</param>
/// <param name="Name">Its name, at most 15 bytes.</param>
/// <param name="Kind">"veth", "bridge", "dummy" …; null for loopback and hardware.</param>
/// <param name="IsUp">Administratively up (IFF_UP).</param>
/// <param name="IsRunning">Has carrier (IFF_RUNNING).</param>
/// <param name="IsLoopback">The loopback interface (IFF_LOOPBACK).</param>
/// <param name="Mtu">Largest packet in bytes.</param>
/// <param name="HardwareAddress">MAC address; empty where it has none.</param>
/// <param name="Master">Index of the bridge it is a port of.</param>
/// <param name="PeerIndex">For a veth: the peer's index in the peer's namespace.</param>
/// <param name="PeerNamespace">This namespace's number for the peer's; null: the peer is here too.</param>
public sealed record Link(
    int Index, string Name, string? Kind, bool IsUp, bool IsRunning, bool IsLoopback, uint Mtu,
    PhysicalAddress HardwareAddress, int? Master, int? PeerIndex, int? PeerNamespace)
{
    /// <summary>
    /// struct ifinfomsg, host order: family u8 · padding u8 · type u16 · index i32 · flags u32 · change u32;
    ///   attributes.
    /// </summary>
    internal static Link Decode(ReadOnlySpan<byte> payload)
    {
        var index = BinaryPrimitives.ReadInt32LittleEndian(payload[4..]);
        var flags = BinaryPrimitives.ReadUInt32LittleEndian(payload[8..]);
        bool isUp = (flags & 0x1) != 0, isRunning = (flags & 0x40) != 0, isLoopback = (flags & 0x8) != 0;
        var link = new Link(index, "", null, isUp, isRunning, isLoopback, 0, PhysicalAddress.None, null, null, null);
        var reader = new AttributeReader(payload[16..]);
        while (reader.Next())
        {
            link = reader.Type switch
            {
                RtConstants.LinkName => link with { Name = reader.Text },
                RtConstants.LinkMtu => link with { Mtu = reader.Host32 },
                RtConstants.LinkAddress => link with { HardwareAddress = new(reader.Payload.ToArray()) },
                RtConstants.LinkMaster => link with { Master = (int)reader.Host32 },
                RtConstants.LinkPeerIndex => link with { PeerIndex = (int)reader.Host32 },
                RtConstants.LinkPeerNamespace => link with { PeerNamespace = (int)reader.Host32 },
                RtConstants.LinkKindNest => link with { Kind = KindOf(reader.Payload) },
                _ => link,
            };
        }

        return link;
    }

    private static string? KindOf(ReadOnlySpan<byte> nest)
    {
        var reader = new AttributeReader(nest);
        while (reader.Next())
        {
            if (reader.Type == RtConstants.KindName)
                return reader.Text;
        }

        return null;
    }
}
