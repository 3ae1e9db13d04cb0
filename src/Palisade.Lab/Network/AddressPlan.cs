using System.Net;
using System.Numerics;

namespace Palisade.Lab.Network;

/// <summary>An IP address in each family; IPv6 is null where the kernel has none.</summary>
/// <param name="V4">The IPv4 address.</param>
/// <param name="V6">The IPv6 address, or null.</param>
internal sealed record AddressPair(IPAddress V4, IPAddress? V6)
{
    /// <summary>The addresses that exist, IPv4 first, as status.podIPs lists them.</summary>
    public IEnumerable<IPAddress> All => V6 is null ? [V4] : [V4, V6];

    /// <summary>The address of IP family 4 or 6, or null.</summary>
    public IPAddress? Of(int family) => family == 6 ? V6 : V4;
}

/// <summary>
/// Which addresses the lab uses. All of them follow from a node's number alone, so that a restart finds the same ones.
/// <list type="bullet">
/// <item>pods: 10.244.N.0/24 and fd00:10:244:N::/64 on node N; kubeadm's and kind's usual ranges</item>
/// <item>nodes: 172.30.0.N and fd00:172:30::N</item>
/// <item>Services: 10.96.0.0/16 and fd00:10:96::/112, kind's usual ranges; DNS at 10.96.0.10 and fd00:10:96::a</item>
/// <item>outside: 172.30.255.1 and fd00:172:30:ffff::1; any other address on demand</item>
/// </list>
/// </summary>
internal sealed class AddressPlan(bool hasIPv6)
{
    /// <summary>10.244.N.0/24 needs N in one octet, and 0 and 255 are kept free.</summary>
    public const int MostNodes = 254;

    /// <summary>The slot of a node's pod range that its bridge has, where there is one.</summary>
    public const int BridgeSlot = 1;

    /// <summary>The link-local gateway that every routed pod sees on its eth0; its node's.</summary>
    public static readonly IPAddress PodGatewayV4 = IPAddress.Parse("169.254.1.1");

    /// <summary>
    /// The fabric's, which the nodes and the outside see. Another than the pods', since a node has that one itself and
    /// would not take an answer from its own address.
    /// </summary>
    public static readonly IPAddress FabricGatewayV4 = IPAddress.Parse("169.254.2.1");

    /// <summary>The IPv6 form of both: a link-local address belongs to its link only.</summary>
    public static readonly IPAddress GatewayV6 = IPAddress.Parse("fe80::1");

    /// <summary>The ranges of all nodes that there can be.</summary>
    public static readonly IReadOnlyList<IPNetwork> AllPods =
        [IPNetwork.Parse("10.244.0.0/16"), IPNetwork.Parse("fd00:10:244::/48")];

    private static readonly IPNetwork[] _services =
        [IPNetwork.Parse("10.96.0.0/16"), IPNetwork.Parse("fd00:10:96::/112")];

    /// <summary>The ranges of the Services' cluster addresses, IPv4 first.</summary>
    public IReadOnlyList<IPNetwork> ServiceRanges => hasIPv6 ? _services : _services[..1];

    /// <summary>Where every pod asks for names: the tenth address, as kubeadm has it.</summary>
    public AddressPair Dns => new(
        Add(_services[0].BaseAddress, 10), hasIPv6 ? Add(_services[1].BaseAddress, 10) : null);

    /// <summary>Whether the lab has IPv6.</summary>
    public bool HasIPv6 => hasIPv6;

    /// <summary>The name of node number <paramref name="node"/>, from 1.</summary>
    public static string NodeName(int node) => $"node-{node}";

    /// <summary>The number in a node's name, or null when it is not one of the lab's names.</summary>
    public static int? NodeNumber(string name) =>
        name.StartsWith("node-", StringComparison.Ordinal) && int.TryParse(name.AsSpan(5), out var number)
            && number is >= 1 and <= MostNodes && name == NodeName(number) ? number : null;

    /// <summary>The node's own addresses.</summary>
    public AddressPair Node(int node) => new(
        IPAddress.Parse($"172.30.0.{node}"),
        hasIPv6 ? IPAddress.Parse($"fd00:172:30::{node:x}") : null);

    /// <summary>The addresses that the outside always has.</summary>
    public AddressPair Outside => new(
        IPAddress.Parse("172.30.255.1"),
        hasIPv6 ? IPAddress.Parse("fd00:172:30:ffff::1") : null);

    /// <summary>The ranges that the node's pods get their addresses from, IPv4 first.</summary>
    public IReadOnlyList<IPNetwork> PodRanges(int node)
    {
        var v4 = IPNetwork.Parse($"10.244.{node}.0/24");
        return hasIPv6 ? [v4, IPNetwork.Parse($"fd00:10:244:{node:x}::/64")] : [v4];
    }

    /// <summary>
    /// The addresses of slot <paramref name="slot"/> of a node: the last octet, and the same number in IPv6.
    /// </summary>
    public AddressPair Pod(int node, int slot)
    {
        var ranges = PodRanges(node);
        return new AddressPair(Add(ranges[0].BaseAddress, slot), hasIPv6 ? Add(ranges[1].BaseAddress, slot) : null);
    }

    /// <summary>The slot of an IPv4 pod address, or null when the address is outside the node's range.</summary>
    public int? SlotOf(int node, IPAddress address) =>
        PodRanges(node)[0].Contains(address) ? address.GetAddressBytes()[3] : null;

    private static IPAddress Add(IPAddress address, int offset)
    {
        var bytes = address.GetAddressBytes();
        var sum = new BigInteger(bytes, isUnsigned: true, isBigEndian: true) + offset;
        var result = new byte[bytes.Length];
        var digits = sum.ToByteArray(isUnsigned: true, isBigEndian: true);
        digits.CopyTo(result, bytes.Length - digits.Length);
        return new IPAddress(result);
    }
}
