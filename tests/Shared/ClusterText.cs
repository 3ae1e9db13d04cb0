using System.Text;
using Palisade.Policy.Model;

namespace Palisade.Tests.Shared;

/// <summary>A snapshot in a few lines, so that a failing random case can be read.</summary>
public static class ClusterText
{
    public static string Of(ClusterSnapshot cluster)
    {
        var text = new StringBuilder();
        foreach (var ns in cluster.Namespaces)
            text.AppendLine($"namespace {ns.Name} {ns.Labels}");
        foreach (var node in cluster.Nodes)
            text.AppendLine(Of(node));
        foreach (var pod in cluster.Endpoints)
            text.AppendLine(Of(pod));
        foreach (var policy in cluster.NetworkPolicies)
            text.AppendLine(Of(policy));
        foreach (var policy in cluster.ClusterNetworkPolicies)
            text.AppendLine(Of(policy));
        foreach (var known in cluster.DomainNames)
            text.AppendLine($"name {known.Name} {string.Join(' ', known.Addresses)}");
        return text.ToString();
    }

    public static string Of(Node node) => $"node {node.Name} [{node.Labels}] {string.Join(' ', node.Addresses)}";

    public static string Of(Endpoint pod)
    {
        var ports = string.Join(' ', pod.NamedPorts.Select(p => $"{p.Name}={p.Protocol}/{p.Number}"));
        return $"pod {pod} [{pod.Labels}] on '{pod.Node}' {(pod.HostNetwork ? "hostNetwork " : "")}"
            + $"{string.Join(' ', pod.Addresses)} {ports}";
    }

    public static string Of(NetworkPolicy policy)
    {
        var isolates = $"{(policy.IsolatesIngress ? "Ingress " : "")}{(policy.IsolatesEgress ? "Egress" : "")}";
        var rules = policy.Ingress.Select(rule => $"\n  ingress peers {Peers(rule)} ports {Ports(rule)}")
            .Concat(policy.Egress.Select(rule => $"\n  egress peers {Peers(rule)} ports {Ports(rule)}"));
        return $"policy {policy} selects [{policy.Subject}] isolates {isolates}{string.Concat(rules)}";
    }

    public static string Of(ClusterNetworkPolicy policy)
    {
        var rules = policy.Ingress.Select(rule => $"\n  ingress {Rule(rule)}")
            .Concat(policy.Egress.Select(rule => $"\n  egress {Rule(rule)}"));
        return $"{policy.Tier} policy {policy} priority {policy.Priority} selects {Pods(policy.Subject)}"
            + string.Concat(rules);
    }

    private static string Rule(ClusterRule rule)
    {
        var peers = string.Join(" | ", rule.Peers.Select(Peer));
        var ports = string.Join(" | ", rule.Protocols.Select(Port));
        return $"{rule.Action} peers {peers} ports {ports}{(rule.NotUnderstood ? " not understood" : "")}";
    }

    private static string Pods(ClusterPods pods) => $"[{pods.Pods}] in [{pods.Namespaces}]";

    private static string Port(ClusterPort port) => port.Name ?? $"{port.Protocol}/{port.First}-{port.Last}";

    private static string Peer(ClusterPeer peer) => peer switch
    {
        ClusterPodPeer pods => $"pods {Pods(pods.Pods)}",
        NetworksPeer networks => string.Join(',', networks.Blocks),
        NodesPeer nodes => $"nodes [{nodes.Nodes}]",
        DomainNamesPeer domains => string.Join(',', domains.Names),
        _ => "?",
    };

    private static string Peers(PolicyRule rule) => rule.AnyPeer
        ? "any"
        : string.Join(" | ", rule.Peers.Select(peer => peer switch
    {
        PodPeer pods => $"pods [{pods.Pods}] in {(pods.Namespaces is null ? "own" : $"[{pods.Namespaces}]")}",
        _ => peer.ToString(),
    }));

    private static string Ports(PolicyRule rule) => rule.AnyPort ? "any" : string.Join(" | ", rule.Ports.Select(port =>
        $"{port.Protocol}/{port.Name ?? $"{port.First}-{port.Last}"}"));
}
