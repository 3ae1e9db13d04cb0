using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Palisade.Policy.Sets;

/// <summary>An inclusive range of port numbers.</summary>
public readonly record struct PortRange(ushort First, ushort Last)
{
    /// <summary>All 65,536 numbers.</summary>
    public static PortRange All => new(0, ushort.MaxValue);

    /// <summary>80, 8000-8100, or * for all.</summary>
    public override string ToString() =>
        this == All ? "*"
        : First == Last ? First.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{First}-{Last}");
}

/// <summary>
/// A set of destination ports: sorted, disjoint, non-adjacent ranges for TCP, UDP and SCTP, and whether every other
/// protocol is in it.
/// Immutable; equal sets are equal by value, and one object when they come from one <see cref="PortSetPool"/>.
/// </summary>
public sealed class PortSet : IEquatable<PortSet>
{
    private readonly ImmutableArray<PortRange> _tcp;
    private readonly ImmutableArray<PortRange> _udp;
    private readonly ImmutableArray<PortRange> _sctp;
    private readonly int _hash;

    // Gates are put in order by it, over and over.
    private string? _text;

    private PortSet(
        ImmutableArray<PortRange> tcp, ImmutableArray<PortRange> udp, ImmutableArray<PortRange> sctp, bool hasOther)
    {
        (_tcp, _udp, _sctp, HasOther) = (tcp, udp, sctp, hasOther);
        var hash = new HashCode();
        foreach (var ranges in (ReadOnlySpan<ImmutableArray<PortRange>>)[tcp, udp, sctp])
        {
            hash.Add(ranges.Length);
            foreach (var range in ranges)
                hash.Add(range);
        }

        hash.Add(hasOther);
        _hash = hash.ToHashCode();
    }

    /// <summary>No port of any protocol.</summary>
    public static PortSet Nothing { get; } = new([], [], [], false);

    /// <summary>Every port of every protocol, <see cref="Protocol.Other"/> included.</summary>
    public static PortSet Everything { get; } = new([PortRange.All], [PortRange.All], [PortRange.All], true);

    /// <summary>Whether every protocol without ports (ICMP and the rest) is in the set.</summary>
    public bool HasOther { get; }

    /// <summary>Whether nothing is in the set.</summary>
    public bool IsEmpty => _tcp.IsEmpty && _udp.IsEmpty && _sctp.IsEmpty && !HasOther;

    /// <summary>Whether everything is in the set.</summary>
    public bool IsEverything => Equals(Everything);

    /// <summary>
    /// The set of these ranges of one protocol, which is not <see cref="Protocol.Other"/>; they may overlap.
    /// </summary>
    public static PortSet Of(Protocol protocol, params ReadOnlySpan<PortRange> ranges)
    {
        var canonical = Canonical([.. ranges]);
        return protocol switch
        {
            Protocol.Tcp => new(canonical, [], [], false),
            Protocol.Udp => new([], canonical, [], false),
            Protocol.Sctp => new([], [], canonical, false),
            _ => throw new ArgumentOutOfRangeException(nameof(protocol), protocol, "a protocol without ports"),
        };
    }

    /// <summary>The set of one port of a protocol, which is not <see cref="Protocol.Other"/>.</summary>
    public static PortSet One(Protocol protocol, ushort port) => Of(protocol, new PortRange(port, port));

    /// <summary>The ranges of a protocol, ascending; empty for <see cref="Protocol.Other"/>.</summary>
    public ImmutableArray<PortRange> Ranges(Protocol protocol) => protocol switch
    {
        Protocol.Tcp => _tcp,
        Protocol.Udp => _udp,
        Protocol.Sctp => _sctp,
        _ => [],
    };

    /// <summary>
    /// Whether a connection of this protocol to this port is in the set; the port does not matter for Other. O(log n).
    /// </summary>
    public bool Contains(Protocol protocol, ushort port)
    {
        if (protocol == Protocol.Other)
            return HasOther;
        var ranges = Ranges(protocol);
        var (low, high) = (0, ranges.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (port < ranges[middle].First)
                high = middle - 1;
            else if (port > ranges[middle].Last)
                low = middle + 1;
            else
                return true;
        }

        return false;
    }

    /// <summary>What is in either set.</summary>
    public PortSet Union(PortSet other)
    {
        if (ReferenceEquals(this, other) || other.IsEmpty)
            return this;
        if (IsEmpty)
            return other;
        return new(
            Merge(_tcp, other._tcp), Merge(_udp, other._udp), Merge(_sctp, other._sctp), HasOther || other.HasOther);
    }

    /// <summary>What is in both sets.</summary>
    public PortSet Intersect(PortSet other)
    {
        if (ReferenceEquals(this, other) || other.IsEverything)
            return this;
        if (IsEverything)
            return other;
        return new(
            Common(_tcp, other._tcp), Common(_udp, other._udp), Common(_sctp, other._sctp), HasOther && other.HasOther);
    }

    /// <summary>What is in this set and not in the other.</summary>
    public PortSet Except(PortSet other) => other.IsEmpty ? this : Intersect(other.Complement());

    /// <inheritdoc/>
    public bool Equals(PortSet? other) => ReferenceEquals(this, other)
        || (other is not null && _hash == other._hash && HasOther == other.HasOther
            && _tcp.AsSpan().SequenceEqual(other._tcp.AsSpan())
            && _udp.AsSpan().SequenceEqual(other._udp.AsSpan())
            && _sctp.AsSpan().SequenceEqual(other._sctp.AsSpan()));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PortSet);

    /// <inheritdoc/>
    public override int GetHashCode() => _hash;

    /// <summary>Canonical text: "all", "none", or for example "TCP 80,443 UDP 53 SCTP * other".</summary>
    public override string ToString() => _text ??= MakeText();

    private string MakeText()
    {
        if (IsEmpty)
            return "none";
        if (IsEverything)
            return "all";
        var text = new StringBuilder();
        Append(text, "TCP", _tcp);
        Append(text, "UDP", _udp);
        Append(text, "SCTP", _sctp);
        if (HasOther)
            text.Append(" other");
        return text.ToString(1, text.Length - 1);
    }

    private static void Append(StringBuilder text, string protocol, ImmutableArray<PortRange> ranges)
    {
        if (!ranges.IsEmpty)
            text.Append(' ').Append(protocol).Append(' ').AppendJoin(',', ranges);
    }

    private PortSet Complement() => new(Gaps(_tcp), Gaps(_udp), Gaps(_sctp), !HasOther);

    private static ImmutableArray<PortRange> Common(ImmutableArray<PortRange> left, ImmutableArray<PortRange> right)
    {
        var common = ImmutableArray.CreateBuilder<PortRange>();
        var (i, j) = (0, 0);
        while (i < left.Length && j < right.Length)
        {
            var (first, last) = (Math.Max(left[i].First, right[j].First), Math.Min(left[i].Last, right[j].Last));
            if (first <= last)
                common.Add(new(first, last));
            if (left[i].Last < right[j].Last)
                i++;
            else
                j++;
        }

        return common.ToImmutable();
    }

    private static ImmutableArray<PortRange> Gaps(ImmutableArray<PortRange> ranges)
    {
        var gaps = ImmutableArray.CreateBuilder<PortRange>();
        var next = 0;
        foreach (var range in ranges)
        {
            if (range.First > next)
                gaps.Add(new((ushort)next, (ushort)(range.First - 1)));
            next = range.Last + 1;
        }

        if (next <= ushort.MaxValue)
            gaps.Add(new((ushort)next, ushort.MaxValue));
        return gaps.ToImmutable();
    }

    private static ImmutableArray<PortRange> Merge(ImmutableArray<PortRange> left, ImmutableArray<PortRange> right) =>
        left.IsEmpty ? right : right.IsEmpty ? left : Canonical([.. left, .. right]);

    private static ImmutableArray<PortRange> Canonical(List<PortRange> ranges)
    {
        ranges.RemoveAll(range => range.First > range.Last);
        ranges.Sort((a, b) => a.First != b.First ? a.First.CompareTo(b.First) : a.Last.CompareTo(b.Last));
        var merged = ImmutableArray.CreateBuilder<PortRange>(ranges.Count);
        foreach (var range in ranges)
        {
            // Adjacent ranges are one range: 80-81 and 82 have only one canonical form.
            if (merged.Count > 0 && range.First <= merged[^1].Last + 1)
                merged[^1] = new(merged[^1].First, Math.Max(merged[^1].Last, range.Last));
            else
                merged.Add(range);
        }

        return merged.ToImmutable();
    }
}
