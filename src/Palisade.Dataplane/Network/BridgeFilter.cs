using Palisade.Nftables.Kernel;

namespace Palisade.Dataplane.Network;

/// <summary>
/// Whether the kernel hands packets that cross a bridge to the IP hooks of this network namespace (br_netfilter, whose
/// settings each namespace has since Linux 5.3). Without it no gate sees what pods of one bridge say to each other.
/// </summary>
public static class BridgeFilter
{
    /// <summary>What is missing in the calling thread's namespace, and the way out; null: nothing is.</summary>
    public static string? Problem()
    {
        var families = Directory.Exists("/proc/sys/net/ipv6") ? new[] { "iptables", "ip6tables" } : ["iptables"];
        foreach (var family in families)
        {
            var name = $"net.bridge.bridge-nf-call-{family}";
            try
            {
                if (Sysctl.Read(name) != "1")
                    return $"{name} is off, so that no policy sees what they say to each other: `sysctl -w {name}=1`";
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                return "this kernel has no br_netfilter, so that no policy sees what they say to each other: `modprobe"
                    + " br_netfilter`";
            }
        }

        return null;
    }
}
