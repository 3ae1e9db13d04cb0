using System.Diagnostics;
using System.Globalization;
using System.Text;
using Palisade.Nftables.Kernel;

namespace Palisade.Benchmarks.Throughput;

/// <summary>
/// The same policies as others lay them out, by the public tools: a chain for each policy that the pod's chain jumps to
/// in turn, until one accepts. The client's is the last one, as new connections that nothing allows meet them all too.
/// </summary>
internal static class PeerLayouts
{
    /// <summary>An ipset and a chain for each policy.</summary>
    public static double LoadIptables(PathUnderTest path, int policies)
    {
        var (sets, rules) = (new StringBuilder(), new StringBuilder("*filter\n:POD - [0:0]\n"));
        for (var i = 0; i < policies; i++)
        {
            sets.Append(CultureInfo.InvariantCulture, $"create S{i} hash:ip\nadd S{i} {OurLayout.PeerOf(i)}\n");
            rules.Append(CultureInfo.InvariantCulture, $":P{i} - [0:0]\n");
        }

        rules.Append("-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n");
        rules.Append(CultureInfo.InvariantCulture, $"-A FORWARD -d {path.ServerAddress}/32 -j POD\n");
        for (var i = 0; i < policies; i++)
        {
            var ports = string.Join(',', OurLayout.Ports(i));
            rules.Append(CultureInfo.InvariantCulture, $"-A POD -j P{i}\n-A P{i} -p tcp ")
                .Append(CultureInfo.InvariantCulture, $"-m set --match-set S{i} src -m multiport --dports {ports} ")
                .Append("-j ACCEPT\n");
        }

        rules.Append("-A POD -j DROP\nCOMMIT\n");
        return Run(path.Node, "ipset", ["restore"], sets.ToString())
            + Run(path.Node, "iptables-legacy-restore", [], rules.ToString());
    }

    /// <summary>A set, a chain and a rule of nftables for each policy.</summary>
    public static double LoadNft(PathUnderTest path, int policies)
    {
        var text = new StringBuilder("table inet peer {\n");
        var jumps = new StringBuilder();
        for (var i = 0; i < policies; i++)
        {
            var (peer, ports) = (OurLayout.PeerOf(i), string.Join(", ", OurLayout.Ports(i)));
            text.Append(CultureInfo.InvariantCulture, $"set s{i} {{ type ipv4_addr; elements = {{ {peer} }} }}\n")
                .Append(CultureInfo.InvariantCulture, $"chain p{i} {{ ip saddr @s{i} ")
                .Append(CultureInfo.InvariantCulture, $"tcp dport {{ {ports} }} accept; }}\n");
            jumps.Append(CultureInfo.InvariantCulture, $"jump p{i}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"chain pod {{\n{jumps}drop\n}}\n")
            .Append("chain forward {\ntype filter hook forward priority 0;\nct state established,related accept\n")
            .Append(CultureInfo.InvariantCulture, $"ip daddr {path.ServerAddress} jump pod\n}}\n}}\n");
        return Run(path.Node, "nft", ["-f", "-"], text.ToString());
    }

    /// <summary>One established rule in an empty chain: what every way costs at least.</summary>
    public static void LoadBaseline(PathUnderTest path) => Run(
        path.Node, "nft", ["-f", "-"],
        "table inet base { chain forward { type filter hook forward priority 0; ct state established accept; }; }");

    /// <summary>Runs a tool in a node's namespace; gives milliseconds, its own start included.</summary>
    public static double Run(NetworkNamespace node, string tool, string[] arguments, string input = "")
    {
        var began = Stopwatch.GetTimestamp();
        using var process = node.Start(new ProcessStartInfo(tool, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        });
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? Stopwatch.GetElapsedTime(began).TotalMilliseconds
            : throw new InvalidOperationException($"{tool}: {errors}");
    }
}
