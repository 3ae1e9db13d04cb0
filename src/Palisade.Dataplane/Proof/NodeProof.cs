using System.Collections.Immutable;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Proof;

/// <summary>What is wrong with a packet's fate.</summary>
public enum DifferenceKind : byte
{
    /// <summary>The kernel lets through what the policy denies.</summary>
    Leak,

    /// <summary>The kernel drops what the policy allows.</summary>
    Loss,

    /// <summary>A rule is met whose meaning is not known here: nothing is proved about the packet.</summary>
    Unproved,

    /// <summary>The table is not there.</summary>
    NoTable,
}

/// <summary>A packet that shows a difference.</summary>
/// <param name="From">Its source.</param>
/// <param name="To">Its destination.</param>
/// <param name="Protocol">TCP, UDP, SCTP, ICMP, ICMPv6, or the number of another.</param>
/// <param name="Port">The destination port, or the type of an ICMP message; null for other protocols.</param>
/// <param name="Input">The interface it comes in by; empty: the node itself sends it.</param>
/// <param name="Output">The interface it goes out by; empty: it is for the node.</param>
/// <param name="State">What conntrack says of it: new, established, established reply …;
/// followed by "through a service" where addresses are translated on the way.</param>
public sealed record Witness(
    Address From, Address To, string Protocol, int? Port, string Input, string Output, string State);

/// <summary>Where the kernel and the policy differ.</summary>
/// <param name="Kind">Which way.</param>
/// <param name="Cells">How many cells differ alike: of this subject, this way.</param>
/// <param name="Packet">One of the packets; null when there is no table at all.</param>
/// <param name="Policy">What the policy says, and by which rule.</param>
/// <param name="Kernel">What the kernel does, and by which chains and rule handles.</param>
public sealed record Difference(DifferenceKind Kind, long Cells, Witness? Packet, string Policy, string Kernel);

/// <summary>
/// What comparing one node's kernel with the policy gave. A cell is a (pod and direction, address atom, flow): all
/// packets that nobody tells apart.
/// </summary>
public sealed record NodeProof
{
    /// <summary>The node.</summary>
    public required string Node { get; init; }

    /// <summary>How many cells were compared.</summary>
    public required long Cells { get; init; }

    /// <summary>How long it took, reading the kernel included.</summary>
    public required TimeSpan Took { get; init; }

    /// <summary>The differences, at most <see cref="DifferenceLimit"/> of them.</summary>
    public required ImmutableArray<Difference> Differences { get; init; }

    /// <summary>How many cells differ, beyond the limit too.</summary>
    public required long DifferentCells { get; init; }

    /// <summary>What could not be compared, and why; for people.</summary>
    public required ImmutableArray<string> NotCompared { get; init; }

    /// <summary>Whether the kernel decides every cell as the policy does.</summary>
    public bool Holds => Differences.IsEmpty;

    /// <summary>Most differences that are told.</summary>
    public const int DifferenceLimit = 64;
}
