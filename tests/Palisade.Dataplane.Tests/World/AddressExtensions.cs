using System.Net;
using Palisade.Nftables.Rtnetlink;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Tests.World;

internal static class AddressExtensions
{
    public static IPAddress ToIp(this Address address) => new(address.ToBytes());

    public static IPNetwork ToHost(this Address address) => new(address.ToIp(), address.Width);

    /// <summary>
    /// Returns when the stack answers for these addresses. The kernel puts an IPv6 address's local route in from a work
    /// queue, even without duplicate address detection.
    /// </summary>
    public static void WaitUntilLocal(this RtSocket routing, IEnumerable<Address> addresses)
    {
        var wanted = addresses.Where(a => a.Family == AddressFamily.V6).Select(a => a.ToHost()).ToList();
        for (var attempt = 0; wanted.Count > 0; attempt++)
        {
            Assert.True(attempt < 1000, $"{string.Join(' ', wanted)} did not become local");
            var local = routing.Routes().Where(r => r.Kind == RouteKind.Local).Select(r => r.Destination).ToHashSet();
            wanted.RemoveAll(local.Contains);
            if (wanted.Count > 0)
                Thread.Sleep(1);
        }
    }
}
