namespace Palisade.Policy.Sets;

/// <summary>
/// The protocols policies speak of, and one for every other protocol (ICMP and the rest), which has no ports.
/// </summary>
public enum Protocol : byte
{
    /// <summary>TCP, IP protocol 6.</summary>
    Tcp,

    /// <summary>UDP, IP protocol 17.</summary>
    Udp,

    /// <summary>SCTP, IP protocol 132.</summary>
    Sctp,

    /// <summary>Every other protocol, ICMP included: matched only by rules without ports.</summary>
    Other,
}

/// <summary>How Kubernetes spells protocols.</summary>
public static class ProtocolSpelling
{
    /// <summary>TCP, UDP, SCTP, or other.</summary>
    public static string Spelling(this Protocol protocol) => protocol switch
    {
        Protocol.Tcp => "TCP",
        Protocol.Udp => "UDP",
        Protocol.Sctp => "SCTP",
        _ => "other",
    };
}
