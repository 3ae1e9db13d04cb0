using System.Buffers.Binary;
using System.Text;
using Palisade.Dataplane.Proof.Kernel;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Proof.Frames;

/// <summary>A frame at a port of a bridge, as bytes.</summary>
/// <param name="Bytes">From the Ethernet header on.</param>
/// <param name="Input">The port it came in by; empty: the node sends it, or another port did.</param>
/// <param name="Output">The port it goes out by; empty: nobody knows yet.</param>
/// <param name="Kind">What it is, for people.</param>
/// <param name="From">The address it speaks for.</param>
/// <param name="To">The address it is for.</param>
internal sealed record Frame(byte[] Bytes, string Input, string Output, string Kind, Address From, Address To)
{
    public const ushort IPv4 = 0x0800;
    public const ushort Arp = 0x0806;
    public const ushort IPv6 = 0x86dd;
    public const byte Udp = 17;
    public const byte Icmpv6 = 58;

    private const int EtherHeader = 14;
    private const uint MetaProtocol = 1;
    private static readonly byte[] Somebody = [0x02, 0, 0, 0, 0, 0x73];

    /// <summary>UDP, or a message of ICMPv6 with a target (RFC 4861 §4.4).</summary>
    public static Frame Ip(
        Address from, Address to, byte[]? mac = null, byte? message = null, byte hopLimit = 64, Address? target = null)
    {
        var isV4 = from.Family == AddressFamily.V4;
        var payload = message is { } type
            ? (byte[])[type, 0, 0, 0, 0, 0, 0, 0, .. (target ?? to).ToBytes()]
            : [0, 53, 0, 53, 0, 8, 0, 0];
        var protocol = message is null ? Udp : Icmpv6;
        byte[] header = isV4
            ? [0x45, 0, 0, (byte)(20 + payload.Length), 0, 0, 0, 0, hopLimit, protocol, 0, 0]
            : [0x60, 0, 0, 0, 0, (byte)payload.Length, protocol, hopLimit];
        return new(
            [.. Ether(mac, isV4 ? IPv4 : IPv6), .. header, .. from.ToBytes(), .. to.ToBytes(), .. payload], "", "",
            message is { } of ? $"ICMPv6 {of}" : "UDP", target ?? from, to);
    }

    /// <summary>A question of ARP; it teaches who hears it that its sender is there (RFC 826).</summary>
    public static Frame Question(Address from, Address to, byte[]? mac = null) => new(
        [
            .. Ether(mac, Arp), 0, 1, 8, 0, 6, 4, 0, 1, .. mac ?? Somebody, .. from.ToBytes(), 0, 0, 0, 0, 0, 0,
            .. to.ToBytes(),
        ],
        "", "", "ARP", from, to);

    /// <summary>The same inside a VLAN's header.</summary>
    public Frame Tagged() => this with
    {
        Bytes = [.. Bytes[..12], 0x81, 0, 0, 5, .. Bytes[12..]],
        Kind = $"{Kind} of a VLAN",
    };

    /// <summary>What a rule loads; null: it cannot be loaded, and the rule ends.</summary>
    /// <exception cref="NotSupportedException">Its meaning is not known here.</exception>
    public byte[]? Value(Field field)
    {
        var value = field.Source switch
        {
            FieldSource.Payload => Payload(field),
            FieldSource.Meta => Meta(field),
            _ => throw new NotSupportedException(field.ToString()),
        };
        if (value is null || field.Mask is null)
            return value;
        return [.. value.Select((b, i) => (byte)(b & field.Mask[i] ^ field.Xor![i]))];
    }

    // A VLAN's header is taken off before any hook; a payload's offset counts as if it were there (nft_payload.c).
    private bool IsTagged => Type == 0x8100;

    private ushort Type => BinaryPrimitives.ReadUInt16BigEndian(Bytes.AsSpan(12));

    private ushort InnerType => BinaryPrimitives.ReadUInt16BigEndian(Bytes.AsSpan(IsTagged ? 16 : 12));

    private int Network => EtherHeader + (IsTagged ? 4 : 0);

    private static byte[] Ether(byte[]? mac, ushort type) =>
        [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, .. mac ?? Somebody, (byte)(type >> 8), (byte)(type & 0xff)];

    private byte[]? Payload(Field field)
    {
        int? start = field.Key switch
        {
            0 => 0,
            PacketFields.NetworkHeader => Network,
            PacketFields.TransportHeader => InnerType switch
            {
                IPv4 => Network + 20,
                IPv6 => Network + 40,
                _ => null,
            },
            _ => throw new NotSupportedException(field.ToString()),
        };
        return start is { } at && at + (int)field.Offset + field.Length <= Bytes.Length
            ? Bytes.AsSpan(at + (int)field.Offset, field.Length).ToArray()
            : null;
    }

    private byte[]? Meta(Field field) => field.Key switch
    {
        PacketFields.MetaInputName => Name(Input, field.Length),
        PacketFields.MetaOutputName => Name(Output, field.Length),
        PacketFields.MetaTransport => InnerType switch
        {
            IPv4 => [Bytes[Network + 9]],
            IPv6 => [Bytes[Network + 6]],
            _ => null,
        },
        MetaProtocol => ((byte[])[(byte)(InnerType >> 8), (byte)(InnerType & 0xff), 0, 0])[..Math.Min(4, field.Length)],
        _ => throw new NotSupportedException(field.ToString()),
    };

    private static byte[] Name(string name, int length)
    {
        var bytes = new byte[PacketFields.NameLength];
        Encoding.UTF8.GetBytes(name, bytes);
        return bytes[..length];
    }
}
