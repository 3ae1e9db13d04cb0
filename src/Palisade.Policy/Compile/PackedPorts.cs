using System.Collections.Immutable;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>
/// A port set in one word, where it is one range that holds for some of the protocols (nothing, everything, one port,
/// TCP 8000-8100): asking it touches no other memory. Others are only marked, and asked themselves.
/// </summary>
/// <remarks>
/// bits  0..15  first port
/// bits 16..31  last port - first port
/// bits 32..35  the protocols it holds for, by number of <see cref="Protocol"/>
/// bit  62      more than one range: not packed
/// bit  63      known; 0 as a whole is a cell nobody has asked for yet
/// </remarks>
internal static class PackedPorts
{
    private const ulong Known = 1ul << 63, Several = 1ul << 62;
    private const int SpanShift = 16, ProtocolShift = 32;

    public static ulong Everything { get; } = Of(PortSet.Everything);

    public static ulong Of(PortSet set)
    {
        var range = default(PortRange?);
        var packed = Known;
        foreach (var protocol in (ReadOnlySpan<Protocol>)[Protocol.Tcp, Protocol.Udp, Protocol.Sctp])
        {
            var ranges = set.Ranges(protocol);
            if (ranges.IsEmpty)
                continue;
            if (ranges.Length > 1 || (range ?? ranges[0]) != ranges[0])
                return Known | Several;
            range = ranges[0];
            packed |= 1ul << (ProtocolShift + (int)protocol);
        }

        if (set.HasOther)
        {
            // Protocols without ports come with any number, so only the whole range can stand for them.
            if ((range ?? PortRange.All) != PortRange.All)
                return Known | Several;
            range = PortRange.All;
            packed |= 1ul << (ProtocolShift + (int)Protocol.Other);
        }

        return range is { } one ? packed | one.First | ((ulong)(one.Last - one.First) << SpanShift) : packed;
    }

    /// <summary>Whether the word says all there is to say.</summary>
    public static bool IsWhole(ulong packed) => (packed & (Known | Several)) == Known;

    public static bool IsKnown(ulong packed) => packed != 0;

    /// <summary>Only where <see cref="IsWhole"/>.</summary>
    public static bool Contains(ulong packed, Protocol protocol, ushort port)
    {
        unchecked
        {
            var within = (ushort)(port - (ushort)packed) <= (ushort)(packed >> SpanShift);
            return within & ((packed >> (ProtocolShift + (int)protocol)) & 1) != 0;
        }
    }
}
