using System.Collections.Immutable;
using System.Text;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Manifests;

/// <summary>
/// Addresses for pods that manifests give none: one of each family, from blocks set aside for benchmarks
/// (198.18.0.0/15, RFC 2544;
/// 2001:2::/48, RFC 5180), which no cluster uses, so that ipBlocks of real networks never match them by accident. A
/// pod's address
/// comes from its namespace and name alone, unless two meet; then the later in order takes the next free one.
/// </summary>
internal sealed class MadeUpAddresses
{
    // 2^17 addresses, less those ending in 0 or 255, which read like networks and broadcasts.
    private const int Room = 1 << 17;

    private static readonly Cidr BlockV4 = Cidr.Parse("198.18.0.0/15");
    private static readonly Cidr BlockV6 = Cidr.Parse("2001:2::/48");

    private readonly HashSet<Address> _taken;
    private readonly Dictionary<string, ImmutableArray<Address>> _nodes = new(StringComparer.Ordinal);

    private MadeUpAddresses(IEnumerable<Address> taken)
    {
        _taken = [.. taken];
    }

    /// <summary>The pods, each with an address; hostNetwork pods have their node's.</summary>
    public static IEnumerable<Endpoint> Give(
        IReadOnlyCollection<Endpoint> pods,
        IReadOnlyCollection<Node> nodes,
        IEnumerable<Service> services)
    {
        var given = pods.SelectMany(pod => pod.Addresses)
            .Concat(nodes.SelectMany(node => node.Addresses))
            .Concat(services.SelectMany(service => service.ClusterAddresses));
        var made = new MadeUpAddresses(given);
        foreach (var node in nodes.Where(node => !node.Addresses.IsEmpty))
            made._nodes[node.Name] = node.Addresses;
        return pods.OrderBy(pod => pod.Namespace, StringComparer.Ordinal).ThenBy(pod =>
            pod.Name, StringComparer.Ordinal)
            .Select(pod => pod.Addresses.IsEmpty ? pod with { Addresses = made.For(pod) } : pod)
            .ToArray();
    }

    private ImmutableArray<Address> For(Endpoint pod)
    {
        if (!pod.HostNetwork || pod.Node.Length == 0)
            return Next(pod.ToString());
        if (!_nodes.TryGetValue(pod.Node, out var addresses))
            _nodes[pod.Node] = addresses = Next($"node:{pod.Node}");
        return addresses;
    }

    private ImmutableArray<Address> Next(string name)
    {
        var slot = (uint)(Hash(name) % Room);
        for (var tries = 0; tries < Room; tries++, slot = (slot + 1) % Room)
        {
            var v4 = new Address(AddressFamily.V4, BlockV4.First.Bits + slot);
            var v6 = new Address(AddressFamily.V6, BlockV6.First.Bits + slot);
            if ((slot & 0xff) is 0 or 0xff || _taken.Contains(v4) || _taken.Contains(v6))
                continue;
            _taken.Add(v4);
            _taken.Add(v6);
            return [v4, v6];
        }

        return [NextV6(name)];
    }

    // More pods than IPv4 has room for: IPv6 alone, which has 2^80 in the block.
    private Address NextV6(string name)
    {
        for (var bits = BlockV6.First.Bits + Hash(name) + Room; ; bits++)
        {
            var address = new Address(AddressFamily.V6, bits);
            if (_taken.Add(address))
                return address;
        }
    }

    // FNV-1a: stable across runs and machines, unlike string.GetHashCode.
    private static ulong Hash(string text)
    {
        var hash = 14695981039346656037UL;
        foreach (var b in Encoding.UTF8.GetBytes(text))
            hash = unchecked((hash ^ b) * 1099511628211UL);
        return hash;
    }
}
