using System.Globalization;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Proof.Space;

/// <summary>
/// Packets that neither the policies nor the kernel's rules tell apart by protocol and port: a range of destination
/// ports of TCP, UDP or SCTP, a range of message types of ICMP or ICMPv6, or a whole protocol.
/// </summary>
internal readonly record struct Flow(byte Transport, ushort First, ushort Last)
{
    public const byte Icmp = 1;
    public const byte Tcp = 6;
    public const byte Udp = 17;
    public const byte Icmpv6 = 58;
    public const byte Sctp = 132;

    public bool HasPorts => Transport is Tcp or Udp or Sctp;

    public bool HasMessageType => Transport is Icmp or Icmpv6;

    public Protocol Protocol => Transport switch
    {
        Tcp => Protocol.Tcp,
        Udp => Protocol.Udp,
        Sctp => Protocol.Sctp,
        _ => Protocol.Other,
    };

    /// <summary>For example TCP 80, UDP 1024-65535, ICMPv6 type 133, IP protocol 47.</summary>
    public override string ToString()
    {
        var range = First == Last
            ? First.ToString(CultureInfo.InvariantCulture)
            : string.Create(CultureInfo.InvariantCulture, $"{First}-{Last}");
        return HasPorts ? $"{Protocol.Spelling()} {range}"
            : HasMessageType ? $"{(Transport == Icmp ? "ICMP" : "ICMPv6")} type {range}"
            : string.Create(CultureInfo.InvariantCulture, $"IP protocol {Transport}");
    }
}
