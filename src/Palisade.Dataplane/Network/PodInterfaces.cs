using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Network;

/// <summary>
/// Which interface carries which pod, and which lead out. Every other interface is a pod's that has not been claimed
/// yet: nothing passes there but answers to the node itself.
/// </summary>
/// <remarks>Of pods that are ports of a bridge the bridge is the interface, in Sources only.</remarks>
/// <param name="Uplinks">The loopback and the interfaces that lead out of the node, sorted.</param>
/// <param name="Pods">Interfaces claimed by a known pod of this node, sorted.</param>
/// <param name="Sources">Which address may come from which interface; sorted. An interface with several pods has
/// several.</param>
public sealed record PodInterfaces(
    ImmutableArray<string> Uplinks, ImmutableArray<string> Pods, ImmutableArray<HostRoute> Sources)
{
    /// <summary>The bridges that pods are ports of.</summary>
    public PodBridges Bridged { get; init; } = PodBridges.None;

    /// <summary>
    /// What a network means for the pods of a node. A pod claims the interface of the host route to its address; one
    /// that has no route, or one by a bridge, claims the port of the bridge whose other end has its address. An
    /// uplink is what the settings name, what carries a default route, a tunnel, or what holds one of the node's
    /// addresses with a prefix shorter than the address (a full-length one is also put on the node's end of pod links
    /// as their gateway); never what a pod has claimed.
    /// </summary>
    public static PodInterfaces Of(
        NodeNetwork network, IEnumerable<Endpoint> localPods, Node? node, NodeSettings settings)
    {
        var podAddresses = localPods.SelectMany(pod => pod.Addresses).ToHashSet();
        var sources = network.HostRoutes
            .Where(route => podAddresses.Contains(route.Address) && !network.Bridges.Contains(route.Interface))
            .ToImmutableArray();
        podAddresses.ExceptWith(sources.Select(source => source.Address));
        var bridged = PodBridges.Of(network, podAddresses, node, settings.Uplinks);
        var pods = Sorted(sources.Select(source => source.Interface).Except(settings.Uplinks));
        var nodeAddresses = (node?.Addresses ?? []).ToHashSet();
        var found = network.OwnAddresses
            .Where(own => own.PrefixLength < own.Address.Width && nodeAddresses.Contains(own.Address))
            .Select(own => own.Interface)
            .Concat(network.Outward).Concat(bridged.LeadOut(network))
            .Except(pods);
        var uplinks = Sorted(found.Concat(settings.Uplinks).Append("lo"));
        return new(
            uplinks, pods,
            [
                .. sources.Where(source => pods.Contains(source.Interface)).Concat(bridged.Routes(network))
                    .OrderBy(source => source.Interface, StringComparer.Ordinal).ThenBy(source => source.Address),
            ])
        {
            Bridged = bridged,
        };
    }

    private static ImmutableArray<string> Sorted(IEnumerable<string> names) =>
        [.. names.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
}
