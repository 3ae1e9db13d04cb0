using System.Collections.Immutable;
using System.Net.NetworkInformation;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Network;

/// <summary>
/// The bridges that known pods are ports of. The node's IP hooks see the bridge, never the port, so what a port may say
/// is judged at the bridge. Every other port of these bridges is a pod's that has not been claimed yet.
/// </summary>
/// <param name="Names">Bridges with a claimed port, sorted.</param>
/// <param name="Ports">Ports claimed by a known pod of this node, sorted.</param>
/// <param name="Uplinks">Ports of these bridges that lead out of the node, sorted.</param>
/// <param name="Others">Ports of other bridges, which are nobody's business here; sorted.</param>
/// <param name="Sources">Which address may come from which port, those of the link too; sorted.</param>
/// <param name="Hardware">Which hardware address may come from which port; sorted by port.</param>
/// <param name="Own">The node's own addresses, of all its interfaces.</param>
public sealed record PodBridges(
    ImmutableArray<string> Names, ImmutableArray<string> Ports, ImmutableArray<string> Uplinks,
    ImmutableArray<string> Others, ImmutableArray<HostRoute> Sources,
    ImmutableArray<(string Port, PhysicalAddress Address)> Hardware, ImmutableArray<Address> Own)
{
    private static readonly Cidr LinkLocal = Cidr.Parse("fe80::/10");

    /// <summary>No pod is a port of a bridge.</summary>
    public static PodBridges None { get; } = new([], [], [], [], [], [], []);

    /// <summary>Whether an address is of its link only.</summary>
    internal static bool IsOfLink(Address address) => LinkLocal.Contains(address);

    /// <summary>
    /// What a network means for pods that no route leads to. A port is a pod's when its other end has the pod's
    /// address. What several ports claim belongs to none: a pod that may administer its own network can claim anything.
    /// </summary>
    /// <param name="network">The node's network.</param>
    /// <param name="pods">The addresses of local pods that have no interface of their own.</param>
    /// <param name="node">The node.</param>
    /// <param name="named">Interfaces that lead out because the administrator says so.</param>
    internal static PodBridges Of(
        NodeNetwork network, IReadOnlySet<Address> pods, Node? node, ImmutableArray<string> named)
    {
        var inner = network.Ports.Where(port => !port.LeadsOut && !named.Contains(port.Name)).ToList();
        Address[] own =
            [.. network.OwnAddresses.Select(o => o.Address).Concat(node?.Addresses ?? []).Distinct().Order()];
        var holders = inner.SelectMany(port => port.Addresses.Select(address => (port, address)))
            .Where(pair => IsOfLink(pair.address) || pods.Contains(pair.address))
            .GroupBy(pair => (pair.address, Link: IsOfLink(pair.address) ? pair.port.Bridge : ""))
            .Where(group => group.Count() == 1 && !own.Contains(group.Key.address)).Select(group => group.Single())
            .ToList();
        var claimed = holders.Where(pair => !IsOfLink(pair.address)).Select(pair => pair.port).ToHashSet();
        if (claimed.Count == 0)
            return None;
        var names = claimed.Select(port => port.Bridge).ToHashSet(StringComparer.Ordinal);
        var hardware = inner.Where(port => port.Hardware is not null && names.Contains(port.Bridge))
            .GroupBy(port => (port.Bridge, port.Hardware)).Where(group => group.Count() == 1)
            .Select(group => group.Single()).Where(claimed.Contains);
        return new(
            Sorted(names), Sorted(claimed.Select(port => port.Name)),
            Sorted(network.Ports.Where(port => names.Contains(port.Bridge)).Except(inner).Select(port => port.Name)),
            Sorted(network.Ports.Where(port => !names.Contains(port.Bridge)).Select(port => port.Name)),
            [
                .. holders.Where(pair => claimed.Contains(pair.port))
                    .Select(pair => new HostRoute(pair.port.Name, pair.address))
                    .OrderBy(source => source.Interface, StringComparer.Ordinal).ThenBy(source => source.Address),
            ],
            [
                .. hardware.OrderBy(port => port.Name, StringComparer.Ordinal)
                    .Select(port => (port.Name, port.Hardware!)),
            ],
            [.. own]);
    }

    /// <summary>Bridges with a port that leads out: other machines are behind them too.</summary>
    internal IEnumerable<string> LeadOut(NodeNetwork network) =>
        network.Ports.Where(port => Uplinks.Contains(port.Name)).Select(port => port.Bridge);

    /// <summary>The bridge of each claimed address: what the IP hooks see of it.</summary>
    internal IEnumerable<HostRoute> Routes(NodeNetwork network)
    {
        var bridgeOf = network.Ports.ToDictionary(port => port.Name, port => port.Bridge, StringComparer.Ordinal);
        return Sources.Where(source => !IsOfLink(source.Address))
            .Select(source => source with { Interface = bridgeOf[source.Interface] });
    }

    private static ImmutableArray<string> Sorted(IEnumerable<string> names) =>
        [.. names.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
}
