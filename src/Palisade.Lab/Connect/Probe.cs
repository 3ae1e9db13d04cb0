using System.Net;
using Palisade.Nftables.Kernel;

namespace Palisade.Lab.Connect;

/// <summary>What a probe sends.</summary>
internal enum ProbeProtocol : byte
{
    /// <summary>A TCP connection, and an HTTP request on it.</summary>
    Tcp,

    /// <summary>A datagram that the built-in server echoes.</summary>
    Udp,

    /// <summary>An INIT on a raw socket.</summary>
    Sctp,

    /// <summary>An echo request.</summary>
    Icmp,
}

/// <summary>One connection to try, with everything resolved.</summary>
/// <param name="Namespace">Where the source lives.</param>
/// <param name="Source">The address to send from, or null to leave it to the namespace's routes.</param>
/// <param name="Target">The address to send to.</param>
/// <param name="Protocol">What to send.</param>
/// <param name="Port">The destination port; meaningless for ICMP.</param>
/// <param name="Timeout">How long to wait for an answer.</param>
internal sealed record Probe(
    NetworkNamespace Namespace, IPAddress? Source, IPAddress Target, ProbeProtocol Protocol, ushort Port,
        TimeSpan Timeout);
