using Palisade.Nftables.Kernel;

namespace Palisade.Lab.Network;

/// <summary>Makes namespaces with the settings that the lab counts on.</summary>
internal static class LabNamespaces
{
    /// <summary>Whether this kernel has IPv6.</summary>
    public static bool HasIPv6 => Directory.Exists("/proc/sys/net/ipv6");

    /// <summary>A namespace for a pod or the outside.</summary>
    public static NetworkNamespace CreateHost(string name) => Create(name, isRouter: false);

    /// <summary>A namespace that forwards: a node or the fabric.</summary>
    public static NetworkNamespace CreateRouter(string name) => Create(name, isRouter: true);

    private static NetworkNamespace Create(string name, bool isRouter)
    {
        var made = NetworkNamespace.Create(name);
        try
        {
            made.Run(() =>
            {
                ConfigureV4(isRouter);
                if (HasIPv6)
                    ConfigureV6(isRouter);
            });
            return made;
        }
        catch
        {
            made.Dispose();
            throw;
        }
    }

    private static void ConfigureV4(bool isRouter)
    {
        Sysctl.Write("net.ipv4.ip_forward", isRouter ? "1" : "0");
        // A new namespace copies the machine's reverse-path filter (conf.all wins when it is stricter). Spoofed sources
        // are nftables' affair here, so that what the tests see is what the table does.
        Sysctl.Write("net.ipv4.conf.all.rp_filter", "0");
        Sysctl.Write("net.ipv4.conf.default.rp_filter", "0");
        Sysctl.Write("net.ipv4.conf.all.send_redirects", "0");
        Sysctl.Write("net.ipv4.conf.default.send_redirects", "0");
        // "Refused" over UDP and SCTP is an ICMP error. Limited to one a second per peer, it would turn into "timeout".
        Sysctl.Write("net.ipv4.icmp_ratelimit", "0");
    }

    private static void ConfigureV6(bool isRouter)
    {
        foreach (var scope in (string[])["all", "default", "lo"])
            Sysctl.Write($"net.ipv6.conf.{scope}.disable_ipv6", "0");
        Sysctl.Write("net.ipv6.conf.all.forwarding", isRouter ? "1" : "0");
        // Every address is the lab's own choice and unique: waiting a second to find that out helps nobody.
        Sysctl.Write("net.ipv6.conf.default.accept_dad", "0");
        Sysctl.Write("net.ipv6.conf.default.accept_ra", "0");
        Sysctl.Write("net.ipv6.icmp.ratelimit", "0");
    }
}
