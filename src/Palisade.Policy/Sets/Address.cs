using System.Globalization;
using System.Net;

namespace Palisade.Policy.Sets;

/// <summary>The two address families. A NetworkPolicy ipBlock of one never matches an address of the other.</summary>
public enum AddressFamily : byte
{
    /// <summary>IPv4, 32 bits.</summary>
    V4 = 4,

    /// <summary>IPv6, 128 bits.</summary>
    V6 = 6,
}

/// <summary>
/// One IP address: its family and its bits, most significant first (an IPv4 address lies in the low 32 bits).
/// </summary>
public readonly record struct Address(AddressFamily Family, UInt128 Bits) : IComparable<Address>
{
    /// <summary>How many bits an address of this family has: 32 or 128.</summary>
    public int Width => Family == AddressFamily.V4 ? 32 : 128;

    /// <summary>
    /// Parses a literal as Go's netip does: no leading zeros, no zone, no port. IPv4-mapped IPv6 stays IPv6.
    /// </summary>
    public static bool TryParse(string? text, out Address address)
    {
        address = default;
        if (string.IsNullOrEmpty(text) || text.Contains('%') || text.Contains('[') || text.Contains('/'))
            return false;
        return text.Contains(':') ? TryParseV6(text, out address) : TryParseV4(text, out address);
    }

    /// <summary>The address of a literal known to be good (tests, constants).</summary>
    /// <exception cref="FormatException">The literal is not an address.</exception>
    public static Address Parse(string text) =>
        TryParse(text, out var address) ? address : throw new FormatException($"\"{text}\" is not an IP address");

    /// <summary>From network-order bytes, 4 or 16 of them.</summary>
    public static Address FromBytes(ReadOnlySpan<byte> bytes)
    {
        UInt128 bits = 0;
        foreach (var b in bytes)
            bits = (bits << 8) | b;
        return new(bytes.Length == 4 ? AddressFamily.V4 : AddressFamily.V6, bits);
    }

    /// <summary>The network-order bytes, 4 or 16 of them.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[Width / 8];
        for (var i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)((Bits >> (Width - 8 * (i + 1))) & 0xff);
        return bytes;
    }

    /// <summary>Orders IPv4 before IPv6, then by value.</summary>
    public int CompareTo(Address other) =>
        Family != other.Family ? Family.CompareTo(other.Family) : Bits.CompareTo(other.Bits);

    /// <summary>Canonical text: dotted decimal, or RFC 5952 for IPv6.</summary>
    public override string ToString() => new IPAddress(ToBytes()).ToString();

    private static bool TryParseV4(string text, out Address address)
    {
        address = default;
        var parts = text.Split('.');
        if (parts.Length != 4)
            return false;
        UInt128 bits = 0;
        foreach (var part in parts)
        {
            var good = part.Length is >= 1 and <= 3 && (part.Length == 1 || part[0] != '0')
                && byte.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out _);
            if (!good)
                return false;
            bits = (bits << 8) | byte.Parse(part, CultureInfo.InvariantCulture);
        }

        address = new(AddressFamily.V4, bits);
        return true;
    }

    private static bool TryParseV6(string text, out Address address)
    {
        address = default;
        const System.Net.Sockets.AddressFamily wanted = System.Net.Sockets.AddressFamily.InterNetworkV6;
        if (!IPAddress.TryParse(text, out var parsed) || parsed.AddressFamily != wanted)
            return false;
        address = FromBytes(parsed.GetAddressBytes());
        return true;
    }
}
