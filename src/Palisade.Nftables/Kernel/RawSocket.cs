using System.Net.Sockets;

namespace Palisade.Nftables.Kernel;

/// <summary>Raw IP sockets of protocols that <see cref="Socket"/> does not open by number, SCTP first of all.</summary>
public static class RawSocket
{
    private const int FamilyV4 = 2;
    private const int FamilyV6 = 10;
    private const int Raw = 3;
    private const int CloseOnExec = 0x80000;

    /// <summary>
    /// A raw socket in the calling thread's namespace. It sends and receives the protocol's own packets: the kernel adds the
    /// IP header; over IPv4 (only) a received packet begins with it (raw(7), RFC 3542 section 3).
    /// </summary>
    /// <exception cref="KernelException">EPERM: no CAP_NET_RAW in the namespace.</exception>
    public static Socket Open(AddressFamily family, byte protocol)
    {
        var number = Libc.socket(family == AddressFamily.InterNetworkV6 ? FamilyV6 : FamilyV4, Raw | CloseOnExec, protocol);
        return number >= 0
            ? new Socket(new SafeSocketHandle(number, ownsHandle: true))
            : throw KernelException.Last($"raw socket of protocol {protocol}");
    }
}
