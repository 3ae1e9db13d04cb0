using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Proof.Space;

/// <summary>Bytes that addresses are compared with.</summary>
internal static class AddressBytes
{
    /// <summary>
    /// The addresses that begin with bytes from <paramref name="first"/> to <paramref name="last"/>, under a mask that
    /// keeps leading bits; null when they are no such range.
    /// </summary>
    public static (UInt128 First, UInt128 Last)? RangeOf(AddressFamily family, byte[]? mask, byte[] first, byte[] last)
    {
        var width = family == AddressFamily.V4 ? 4 : 16;
        if (first.Length > width)
            return null;
        var free = (width - first.Length) * 8;
        UInt128 low = Number(first) << free, high = Number(last) << free | Ones(free);
        if (mask is null)
            return (low, high);
        var kept = Number(mask) << free | Ones(free);
        var masked = ~kept & Ones(width * 8);
        if ((masked & (masked + 1)) != 0 || (low & masked) != 0 || first.Length != width)
            return null;   // the mask is no prefix, or what is compared has bits that the mask takes away
        return (low, high | masked);
    }

    private static UInt128 Number(byte[] bytes)
    {
        UInt128 number = 0;
        foreach (var b in bytes)
            number = number << 8 | b;
        return number;
    }

    private static UInt128 Ones(int bits) =>
        bits == 0 ? 0 : bits >= 128 ? UInt128.MaxValue : (UInt128.One << bits) - 1;
}
