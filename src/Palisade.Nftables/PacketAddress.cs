using System.Buffers.Binary;
using System.Net;

namespace Palisade.Nftables;

/// <summary>
/// An IP address as a value that allocates nothing: its family (4 or 6; 0: none) and its bits, most significant first
/// (an IPv4 address lies in the low 32 bits).
/// </summary>
public readonly record struct PacketAddress(byte Family, UInt128 Bits)
{
    /// <summary>How many bytes an address of this family has: 4 or 16.</summary>
    public int Length => Family == 4 ? 4 : 16;

    /// <summary>From network-order bytes, 4 or 16 of them; no address from any other number.</summary>
    public static PacketAddress Of(ReadOnlySpan<byte> bytes) => bytes.Length switch
    {
        4 => new(4, BinaryPrimitives.ReadUInt32BigEndian(bytes)),
        16 => new(6, BinaryPrimitives.ReadUInt128BigEndian(bytes)),
        _ => default,
    };

    /// <summary>The same address.</summary>
    public static PacketAddress Of(IPAddress address) => Of(address.GetAddressBytes());

    /// <summary>The address of a literal known to be good (tests).</summary>
    public static PacketAddress Parse(string text) => Of(IPAddress.Parse(text));

    /// <summary>Writes the network-order bytes.</summary>
    /// <param name="target">At least <see cref="Length"/> long.</param>
    public void Write(Span<byte> target)
    {
        if (Family == 4)
            BinaryPrimitives.WriteUInt32BigEndian(target, (uint)(Bits & uint.MaxValue));
        else
            BinaryPrimitives.WriteUInt128BigEndian(target, Bits);
    }

    /// <summary>The same address, allocated.</summary>
    public IPAddress ToIPAddress()
    {
        Span<byte> bytes = stackalloc byte[16];
        Write(bytes);
        return new(bytes[..Length]);
    }

    /// <summary>As usual: 10.0.0.1, fd00::1; "none" for no address.</summary>
    public override string ToString() => Family == 0 ? "none" : ToIPAddress().ToString();
}
