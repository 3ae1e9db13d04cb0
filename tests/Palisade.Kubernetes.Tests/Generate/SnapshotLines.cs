using Palisade.Policy.Model;

namespace Palisade.Kubernetes.Tests.Generate;

/// <summary>
/// A snapshot as lines, everything in it but origins: two are equal if and only if their lines are (immutable arrays
/// compare by reference, so the records themselves cannot say).
/// </summary>
internal static class SnapshotLines
{
    public static List<string> Of(ClusterSnapshot cluster) =>
    [
        .. cluster.Namespaces.Select(ns => $"namespace {ns.Name} {ns.Labels}"),
        .. cluster.Nodes.Select(node => $"node {node.Name} {node.Labels} {string.Join(' ', node.Addresses)}"),
        .. cluster.Services.Select(service => $"service {service}"),
        .. cluster.Endpoints.Select(pod => $"pod {pod} {pod.Labels} {string.Join(' ', pod.Addresses)} on {pod.Node} "
            + $"host {pod.HostNetwork} of {pod.Workload} ports {string.Join(' ', pod.NamedPorts)}"),
        .. cluster.NetworkPolicies.Select(policy => $"policy {policy} [{policy.Subject}] "
            + $"{policy.IsolatesIngress} {policy.IsolatesEgress} "
            + $"in {string.Join(';', policy.Ingress.Select(Rule))} out {string.Join(';', policy.Egress.Select(Rule))}"),
    ];

    private static string Rule(PolicyRule rule) => $"<{string.Join('|', rule.Peers.Select(Peer))}> "
        + string.Join(' ', rule.Ports.Select(port => $"{port.Protocol}/{port.First}-{port.Last}/{port.Name}"));

    private static string Peer(PolicyPeer peer) => peer switch
    {
        PodPeer pods => $"[{pods.Namespaces?.ToString() ?? "own"}] [{pods.Pods}]",
        _ => peer.ToString()!,
    };
}
