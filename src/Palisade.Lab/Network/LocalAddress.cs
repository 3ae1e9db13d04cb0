using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Palisade.Nftables.Rtnetlink;

namespace Palisade.Lab.Network;

/// <summary>Waits for an address that was just added.</summary>
internal static class LocalAddress
{
    private const uint LocalTable = 255;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Returns when packets to the address are delivered. For IPv6 the kernel adds the local route from a work queue
    /// (addrconf_dad_completed), some milliseconds after it has acknowledged the address; on a busy machine more.
    /// </summary>
    public static void Await(RtSocket routing, IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return;
        var begun = Stopwatch.GetTimestamp();
        while (!routing.Routes()
            .Any(route => route.Table == LocalTable && route.Destination.BaseAddress.Equals(address)))
        {
            if (Stopwatch.GetElapsedTime(begun) > Patience)
                throw new LabException(
                    $"the kernel does not deliver to {address} {Patience.TotalSeconds:0} s after it took the address");
            Thread.Sleep(1);
        }
    }
}
