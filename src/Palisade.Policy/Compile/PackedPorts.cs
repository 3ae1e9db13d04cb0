using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>
/// A port set in one word, where it is one range that holds for some of the protocols (nothing, everything, one port,
/// TCP 8000-8100): asking it touches no other memory. Others say where their edges are.
/// </summary>
/// <remarks>
/// bits  0..15  first port
/// bits 16..31  last port - first port
/// bits 32..35  the protocols it holds for, by number of <see cref="Protocol"/>
/// bit  62      more than one range: its edges are in a <see cref="PortEdges"/>, bits 0..31 where and 32..55 how many
/// bit  63      known; 0 as a whole is a cell nobody has asked for yet
/// </remarks>
internal static class PackedPorts
{
    private const ulong Known = 1ul << 63, Several = 1ul << 62;
    private const int SpanShift = 16, ProtocolShift = 32;

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

    /// <summary>
    /// Any set, as the numbers protocol &lt;&lt; 16 | port where it begins or ends, ascending: what is in it has an
    /// odd number of them at or before it.
    /// </summary>
    public static int[] EdgesOf(PortSet set)
    {
        var edges = new List<int>();
        foreach (var protocol in (ReadOnlySpan<Protocol>)[Protocol.Tcp, Protocol.Udp, Protocol.Sctp])
        {
            foreach (var range in set.Ranges(protocol))
            {
                // A range up to 65535 ends where the next protocol begins; two equal edges there cancel out.
                edges.Add(((int)protocol << 16) + range.First);
                edges.Add(((int)protocol << 16) + range.Last + 1);
            }
        }

        if (set.HasOther)
            edges.Add((int)Protocol.Other << 16);
        return [.. edges];
    }

    /// <summary>A word that is not whole, with the place of its set's edges.</summary>
    public static ulong WithEdges(ulong packed, int first, int count) => packed | (uint)first | ((ulong)count << 32);

    /// <summary>Where the edges are.</summary>
    public static Range EdgesIn(ulong packed)
    {
        unchecked
        {
            var first = (int)packed;
            return first..(first + (int)((packed >> 32) & 0xFF_FFFF));
        }
    }

    /// <summary>Whether the set of these edges contains a port. O(edges): faster than a search of few.</summary>
    public static bool Contains(ReadOnlySpan<int> edges, Protocol protocol, ushort port)
    {
        unchecked
        {
            var (at, passed) = (((int)protocol << 16) | port, 0);
            foreach (var edge in edges)
                passed += at >= edge ? 1 : 0;
            return (passed & 1) != 0;
        }
    }

    /// <summary>Whether the word says all there is to say.</summary>
    public static bool IsWhole(ulong packed) => (packed & (Known | Several)) == Known;

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
