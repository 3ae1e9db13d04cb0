using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;
using YamlDotNet.RepresentationModel;

namespace Palisade.Policy.Tests.Reading;

/// <summary>
/// Reads valid objects into the model with the API server's defaults (semantics §1.1, §1.2), for tests that judge
/// meaning alone.
/// A second reader on purpose: Convert's own answers are compared with it.
/// </summary>
internal static class ModelReader
{
    public static NetworkPolicy Policy(YamlNode document)
    {
        var spec = document.At("spec");
        var types = spec.At("policyTypes").Items().Select(t => t.Text()).ToList();
        if (types.Count == 0)
        {
            types.Add("Ingress");
            if (spec.At("egress").Items().Count > 0)
                types.Add("Egress");
        }

        return new NetworkPolicy
        {
            Namespace = document.At("metadata").At("namespace").Text("default"),
            Name = document.At("metadata").At("name").Text("p"),
            Subject = Selector(spec.At("podSelector")),
            IsolatesIngress = types.Contains("Ingress"),
            IsolatesEgress = types.Contains("Egress"),
            Ingress = [.. spec.At("ingress").Items().Select(rule => Rule(rule, "from"))],
            Egress = [.. spec.At("egress").Items().Select(rule => Rule(rule, "to"))],
        };
    }

    public static Namespace Namespace(YamlNode document) =>
        new(document.At("metadata").At("name").Text()!, Labels(document.At("metadata").At("labels")));

    public static Endpoint Pod(YamlNode document)
    {
        var (metadata, spec) = (document.At("metadata"), document.At("spec"));
        return new Endpoint
        {
            Namespace = metadata.At("namespace").Text("default"),
            Name = metadata.At("name").Text()!,
            Labels = Labels(metadata.At("labels")),
            Node = spec.At("nodeName").Text(""),
            HostNetwork = spec.At("hostNetwork").IsTrue(),
            NamedPorts = NamedPorts(spec.At("containers"), spec.At("initContainers")),
            Addresses = [.. document.At("status").At("podIPs").Items().Select(a => Address.Parse(a.At("ip").Text()!))],
        };
    }

    public static LabelSelector Selector(YamlNode? node) => LabelSelector.Of(
        node.At("matchLabels").Pairs().Select(p => new Requirement(p.Key, SelectorOperator.In, [p.Value.Text("")]))
            .Concat(node.At("matchExpressions").Items().Select(Expression)));

    public static LabelSet Labels(YamlNode? node) =>
        LabelSet.Of(node.Pairs().Select(p => new KeyValuePair<string, string>(p.Key, p.Value.Text(""))));

    public static Palisade.Policy.Sets.Protocol Protocol(string? text) => text switch
    {
        null or "TCP" => Palisade.Policy.Sets.Protocol.Tcp,
        "UDP" => Palisade.Policy.Sets.Protocol.Udp,
        "SCTP" => Palisade.Policy.Sets.Protocol.Sctp,
        "ICMP" => Palisade.Policy.Sets.Protocol.Other,
        _ => throw new FormatException($"protocol {text}"),
    };

    /// <summary>Named ports of containers and sidecars (init containers that restart always).</summary>
    public static ImmutableArray<NamedPort> NamedPorts(YamlNode? containers, YamlNode? initContainers)
    {
        var sidecars = initContainers.Items().Where(c => c.At("restartPolicy").Text() == "Always");
        var ports = containers.Items().Concat(sidecars).SelectMany(c => c.At("ports").Items());
        return
        [
            .. ports.Where(p => p.At("name") is not null)
                .Select(p => new NamedPort(
                    p.At("name").Text()!, Protocol(p.At("protocol").Text()),
                    (ushort)p.At("containerPort").Number()!.Value))
                .Distinct().OrderBy(p => p.Name, StringComparer.Ordinal).ThenBy(p => p.Protocol).ThenBy(p => p.Number),
        ];
    }

    private static Requirement Expression(YamlNode node) => new(
        node.At("key").Text("")!,
        Enum.Parse<SelectorOperator>(node.At("operator").Text()!),
        [.. node.At("values").Items().Select(v => v.Text(""))]);

    private static PolicyRule Rule(YamlNode node, string peers) =>
        new([.. node.At(peers).Items().Select(Peer)], [.. node.At("ports").Items().Select(Port)]);

    private static PolicyPeer Peer(YamlNode node)
    {
        if (node.At("ipBlock") is { } block)
        {
            return new BlockPeer(
                Cidr.Parse(block.At("cidr").Text()!),
                [.. block.At("except").Items().Select(e => Cidr.Parse(e.Text()!))]);
        }

        var namespaces = node.At("namespaceSelector");
        return new PodPeer(namespaces is null ? null : Selector(namespaces), Selector(node.At("podSelector")));
    }

    private static PolicyPort Port(YamlNode node)
    {
        var protocol = Protocol(node.At("protocol").Text());
        if (node.At("port") is not { } port)
            return PolicyPort.All(protocol);
        if (port.Number() is not { } number)
            return PolicyPort.Named(protocol, port.Text()!);
        return PolicyPort.Range(protocol, (ushort)number, (ushort)(node.At("endPort").Number() ?? number));
    }
}
