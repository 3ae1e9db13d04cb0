using System.Net;
using Palisade.Nftables.Kernel;
using Palisade.Nftables.Rtnetlink;

namespace Palisade.Benchmarks.Throughput;

/// <summary>How a routed pod network joins a pod to its node, with neighbours that need not be asked for.</summary>
internal static class PodLink
{
    /// <summary>A pair of links: one in the node, the other is eth0 of the pod, which has the address.</summary>
    /// <param name="routing">Of the node's namespace.</param>
    /// <param name="pod">The pod's namespace.</param>
    /// <param name="link">The link's name in the node.</param>
    /// <param name="address">The pod's address.</param>
    public static void Join(RtSocket routing, NetworkNamespace pod, string link, IPAddress address)
    {
        var gateway = IPAddress.Parse("169.254.77.1");
        routing.CreateVeth(link, "eth0", pod.FileDescriptor);
        routing.SetUp(link);
        var nodeMac = routing.FindLink(link)!.HardwareAddress;
        var mac = pod.Run(() =>
        {
            using var inside = new RtSocket();
            inside.SetUp("eth0");
            inside.SetUp("lo");
            inside.AddAddress("eth0", address, 32);
            inside.AddNeighbour("eth0", gateway, nodeMac);
            inside.ReplaceRoute(new(new(IPAddress.Any, 0)) { Gateway = gateway, Device = "eth0", OnLink = true });
            return inside.FindLink("eth0")!.HardwareAddress;
        });
        routing.AddNeighbour(link, address, mac);
        routing.ReplaceRoute(new(new(address, 32)) { Device = link });
    }
}
