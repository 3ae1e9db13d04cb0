using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Palisade.Nftables;

/// <summary>The bytes of a key or compared value, as the kernel holds them in registers; equal by content.</summary>
public readonly struct NftKey : IEquatable<NftKey>, IComparable<NftKey>
{
    private readonly byte[]? _bytes;

    /// <summary>Takes a copy of the bytes.</summary>
    public NftKey(ReadOnlySpan<byte> bytes) => _bytes = bytes.ToArray();

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>How many bytes.</summary>
    public int Length => _bytes?.Length ?? 0;

    /// <summary>ipv4_addr or ipv6_addr.</summary>
    public static NftKey Of(IPAddress address) => new(address.GetAddressBytes());

    /// <summary>ipv4_addr or ipv6_addr.</summary>
    public static NftKey Of(PacketAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.Write(bytes);
        return new(bytes[..address.Length]);
    }

    /// <summary>One bit of a field in host order (ct label), bit 0 the lowest of the first byte.</summary>
    public static NftKey Bit(int bit, int length)
    {
        var bytes = new byte[length];
        bytes[bit / 8] = (byte)(1 << bit % 8);
        return new(bytes);
    }

    /// <summary>16 bits in the host's order: a zone.</summary>
    public static NftKey Host16(ushort value) => new([(byte)(value & 0xff), (byte)(value >> 8)]);

    /// <summary>inet_service: a port, big-endian.</summary>
    public static NftKey Port(ushort port) => new([(byte)(port >> 8), (byte)(port & 0xff)]);

    /// <summary>inet_proto, nfproto, icmp type: one byte.</summary>
    public static NftKey Byte(byte value) => new([value]);

    /// <summary>mark, ct state …: 32 bits in the host's order.</summary>
    public static NftKey Host32(uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return new(bytes);
    }

    /// <summary>ifname: the name in 16 bytes, filled with zeros.</summary>
    public static NftKey Interface(string name)
    {
        var bytes = new byte[16];
        var length = Encoding.UTF8.GetBytes(name, bytes);
        return length <= 15 ? new(bytes) : throw new ArgumentException($"interface name longer than 15 bytes: {name}");
    }

    /// <summary>A concatenation: each part padded to 4 bytes.</summary>
    public static NftKey Concatenate(params ReadOnlySpan<NftKey> parts)
    {
        var bytes = new List<byte>();
        foreach (var part in parts)
        {
            bytes.AddRange(part.Bytes);
            while (bytes.Count % 4 != 0)
                bytes.Add(0);
        }

        return new([.. bytes]);
    }

    /// <summary>Same bytes.</summary>
    public static bool operator ==(NftKey left, NftKey right) => left.Equals(right);

    /// <summary>Different bytes.</summary>
    public static bool operator !=(NftKey left, NftKey right) => !left.Equals(right);

    /// <inheritdoc/>
    public bool Equals(NftKey other) => Bytes.SequenceEqual(other.Bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is NftKey other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(Bytes);
        return hash.ToHashCode();
    }

    /// <summary>Byte by byte, which is by value for big-endian types.</summary>
    public int CompareTo(NftKey other) => Bytes.SequenceCompareTo(other.Bytes);

    /// <summary>Hexadecimal.</summary>
    public override string ToString() => Convert.ToHexStringLower(Bytes);

    /// <summary>The next key as a big-endian number; null after the last.</summary>
    internal NftKey? Next()
    {
        var bytes = Bytes.ToArray();
        for (var i = bytes.Length - 1; i >= 0; i--)
        {
            bytes[i] = unchecked((byte)(bytes[i] + 1));
            if (bytes[i] != 0)
                return new(bytes);
        }

        return null;
    }

    /// <summary>The key before, as a big-endian number; zero's is all ones.</summary>
    internal NftKey Previous()
    {
        var bytes = Bytes.ToArray();
        for (var i = bytes.Length - 1; i >= 0; i--)
        {
            bytes[i] = unchecked((byte)(bytes[i] - 1));
            if (bytes[i] != 0xff)
                break;
        }

        return new(bytes);
    }
}
