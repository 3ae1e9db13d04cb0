using System.Collections.Immutable;
using Palisade.Kubernetes.Validate;
using Palisade.Kubernetes.Wire;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;

namespace Palisade.Kubernetes.Convert;

/// <summary>Peers and ports of cluster policies that are known to be understood, as the model's.</summary>
internal static class ClusterPeers
{
    /// <summary>Every pod of every namespace.</summary>
    public static ClusterPods EveryPod { get; } = new(LabelSelector.Everything, LabelSelector.Everything);

    /// <summary>A subject or peer by namespaces or pods; null where it cannot be read.</summary>
    public static ClusterPods? Pods(Place place)
    {
        if (place["namespaces"] is { IsPresent: true } namespaces)
            return Selector(namespaces) is { } only ? new(only, LabelSelector.Everything) : null;
        // An absent namespaceSelector is every namespace.
        var pods = place["pods"];
        return pods.IsPresent && Selector(pods["namespaceSelector"]) is { } of
            && Selector(pods["podSelector"]) is { } which ? new(of, which) : null;
    }

    /// <summary>One entry of from or to.</summary>
    public static ClusterPeer Peer(Place peer, SourceLocation origin)
    {
        if (peer["networks"] is { IsPresent: true } networks)
            return new NetworksPeer([.. networks.Items().Select(Block)], origin);
        if (peer["nodes"] is { IsPresent: true } nodes)
            return new NodesPeer(Selector(nodes) ?? throw NotRead(peer), origin);
        if (peer["domainNames"] is { IsPresent: true } names)
            return new DomainNamesPeer([.. names.Items().Select(name => name.Text)], origin);
        return new ClusterPodPeer(Pods(peer) ?? throw NotRead(peer), origin);
    }

    /// <summary>The entries of protocols (v1alpha1: ports); null when a range ends before it starts.</summary>
    public static ImmutableArray<ClusterPort>? Ports(Place rule, Func<Position, SourceLocation> at)
    {
        var ports = ImmutableArray.CreateBuilder<ClusterPort>();
        foreach (var entry in rule["protocols"].Items())
            ports.Add(OfProtocols(entry, at(entry.At)));
        foreach (var entry in rule["ports"].Items())
            ports.Add(OfPorts(entry, at(entry.At)));
        return ports.Any(port => port.Last < port.First) ? null : ports.DrainToImmutable();
    }

    private static ClusterPort OfProtocols(Place entry, SourceLocation origin)
    {
        if (entry["destinationNamedPort"] is { IsPresent: true } name)
            return ClusterPort.Named(name.Text, origin);
        var (protocol, word) = entry["udp"].IsPresent ? (Protocol.Udp, "udp")
            : entry["sctp"].IsPresent ? (Protocol.Sctp, "sctp") : (Protocol.Tcp, "tcp");
        var port = entry[word]["destinationPort"];
        var range = port["range"];
        return range.IsPresent
            ? ClusterPort.Range(protocol, Number(range["start"]), Number(range["end"]), origin)
            : ClusterPort.Range(protocol, Number(port["number"]), Number(port["number"]), origin);
    }

    private static ClusterPort OfPorts(Place entry, SourceLocation origin)
    {
        if (entry["namedPort"] is { IsPresent: true } name)
            return ClusterPort.Named(name.Text, origin);
        if (entry["portRange"] is { IsPresent: true } range)
            return ClusterPort.Range(Of(range), Number(range["start"]), Number(range["end"]), origin);
        var number = entry["portNumber"];
        return ClusterPort.Range(Of(number), Number(number["port"]), Number(number["port"]), origin);
    }

    private static Protocol Of(Place entry)
    {
        ClusterConvert.TryProtocol(entry["protocol"].Text, out var protocol);
        return protocol;
    }

    private static ushort Number(Place place) => (ushort)place.Number;

    private static Cidr Block(Place block) => SloppyCidr.Strict(block.Text) ?? throw NotRead(block);

    private static LabelSelector? Selector(Place place) =>
        place.IsPresent ? WireSelectors.Read(place.Value) : LabelSelector.Everything;

    private static InvalidOperationException NotRead(Place peer) => new($"{peer.Path} was not checked before");
}
