using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;
using YamlDotNet.RepresentationModel;

namespace Palisade.Policy.Tests.Reading;

/// <summary>
/// Reads ClusterNetworkPolicies, and v1alpha1's two kinds as what replaced them, into the model (semantics §3.1, §3.2).
/// Like <see cref="ModelReader"/> a second reader on purpose.
/// </summary>
internal static class ClusterPolicyReader
{
    private static readonly ImmutableArray<string> PeerKinds =
        ["namespaces", "pods", "networks", "nodes", "domainNames"];

    public static bool Reads(YamlNode document) => document.At("kind").Text() is
        "ClusterNetworkPolicy" or "AdminNetworkPolicy" or "BaselineAdminNetworkPolicy";

    public static ClusterNetworkPolicy Policy(YamlNode document)
    {
        var spec = document.At("spec");
        var baseline = spec.At("tier").Text() == "Baseline"
            || document.At("kind").Text() == "BaselineAdminNetworkPolicy";
        return new()
        {
            Name = document.At("metadata").At("name").Text()!,
            Tier = baseline ? ClusterTier.Baseline : ClusterTier.Admin,
            Priority = spec.At("priority").Number() ?? 0,
            Subject = Pods(spec.At("subject")!),
            Ingress = [.. spec.At("ingress").Items().Select(rule => Rule(rule, "from"))],
            Egress = [.. spec.At("egress").Items().Select(rule => Rule(rule, "to"))],
        };
    }

    public static ImmutableArray<DomainName> Domains(YamlNode? dns) =>
    [
        .. dns.Pairs().Select(name =>
            new DomainName(name.Key, [.. name.Value.Items().Select(a => Address.Parse(a.Text()!))])),
    ];

    private static ClusterRule Rule(YamlNode node, string peers)
    {
        var understood = node.At(peers).Items().All(IsKnown);
        return new()
        {
            Action = node.At("action").Text() is "Allow" ? ClusterAction.Accept
                : Enum.Parse<ClusterAction>(node.At("action").Text()!),
            NotUnderstood = !understood,
            Peers = understood ? [.. node.At(peers).Items().Select(Peer)] : [],
            Protocols = [.. node.At("protocols").Items().Concat(node.At("ports").Items()).Select(Port)],
        };
    }

    private static bool IsKnown(YamlNode peer) =>
        peer.Pairs().ToList() is [var only] && PeerKinds.Contains(only.Key) && OperatorsOf(only.Value).All(IsOperator);

    private static IEnumerable<string> OperatorsOf(YamlNode peer) =>
        new[] { peer, peer.At("namespaceSelector"), peer.At("podSelector") }
            .SelectMany(selector => selector.At("matchExpressions").Items()).Select(e => e.At("operator").Text(""));

    private static bool IsOperator(string text) => Enum.IsDefined(typeof(SelectorOperator), text);

    private static ClusterPeer Peer(YamlNode node)
    {
        if (node.At("networks") is { } networks)
            return new NetworksPeer([.. networks.Items().Select(n => Cidr.Parse(n.Text()!))]);
        if (node.At("domainNames") is { } names)
            return new DomainNamesPeer([.. names.Items().Select(n => n.Text()!)]);
        return node.At("nodes") is { } nodes
            ? new NodesPeer(ModelReader.Selector(nodes))
            : new ClusterPodPeer(Pods(node));
    }

    private static ClusterPods Pods(YamlNode node) => node.At("namespaces") is { } namespaces
        ? new(ModelReader.Selector(namespaces), LabelSelector.Everything)
        : new(
            ModelReader.Selector(node.At("pods").At("namespaceSelector")),
            ModelReader.Selector(node.At("pods").At("podSelector")));

    private static ClusterPort Port(YamlNode node)
    {
        if ((node.At("destinationNamedPort") ?? node.At("namedPort")) is { } name)
            return ClusterPort.Named(name.Text()!);
        if ((node.At("portNumber") ?? node.At("portRange")) is { } old)
            return Numbers(ModelReader.Protocol(old.At("protocol").Text()), old.At("port"), old);
        var (key, value) = node.Pairs().Single();
        var port = value.At("destinationPort");
        return Numbers(ModelReader.Protocol(key.ToUpperInvariant()), port.At("number"), port.At("range"));
    }

    private static ClusterPort Numbers(Protocol protocol, YamlNode? number, YamlNode? range)
    {
        var first = (ushort)(number ?? range.At("start")).Number()!.Value;
        return ClusterPort.Range(protocol, first, number is null ? (ushort)range.At("end").Number()!.Value : first);
    }
}
