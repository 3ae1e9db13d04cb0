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
            text.AppendLine($"node {node.Name} {string.Join(' ', node.Addresses)}");
        foreach (var pod in cluster.Endpoints)
        {
            var ports = string.Join(' ', pod.NamedPorts.Select(p => $"{p.Name}={p.Protocol}/{p.Number}"));
            text.AppendLine($"pod {pod} [{pod.Labels}] on '{pod.Node}' {(pod.HostNetwork ? "hostNetwork " : "")}"
                + $"{string.Join(' ', pod.Addresses)} {ports}");
        }

        foreach (var policy in cluster.NetworkPolicies)
        {
            var isolates = $"{(policy.IsolatesIngress ? "Ingress " : "")}{(policy.IsolatesEgress ? "Egress" : "")}";
            text.AppendLine($"policy {policy} selects [{policy.Subject}] isolates {isolates}");
            foreach (var (direction, rules) in new[] { ("ingress", policy.Ingress), ("egress", policy.Egress) })
            {
                foreach (var rule in rules)
                    text.AppendLine($"  {direction} peers {Peers(rule)} ports {Ports(rule)}");
            }
        }

        foreach (var policy in cluster.ClusterNetworkPolicies)
            Append(text, policy);
        foreach (var known in cluster.DomainNames)
            text.AppendLine($"name {known.Name} {string.Join(' ', known.Addresses)}");
        return text.ToString();
    }

    private static void Append(StringBuilder text, ClusterNetworkPolicy policy)
    {
        text.AppendLine($"{policy.Tier} policy {policy} priority {policy.Priority} selects {Pods(policy.Subject)}");
        foreach (var (direction, rules) in new[] { ("ingress", policy.Ingress), ("egress", policy.Egress) })
        {
            foreach (var rule in rules)
            {
                var peers = string.Join(" | ", rule.Peers.Select(Peer));
                var ports = string.Join(" | ", rule.Protocols.Select(Port));
                var odd = rule.NotUnderstood ? " not understood" : "";
                text.AppendLine($"  {direction} {rule.Action} peers {peers} ports {ports}{odd}");
            }
        }
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
