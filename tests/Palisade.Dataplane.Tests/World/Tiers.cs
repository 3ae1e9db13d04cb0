using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Tests.World;

/// <summary>ClusterNetworkPolicies in a few words, for the pods of <see cref="OneNode"/>.</summary>
internal static class Tiers
{
    public static ClusterPeer Everybody { get; } = Pods(LabelSelector.Everything);

    /// <summary>Every address.</summary>
    public static ClusterPeer Anything { get; } = Networks("0.0.0.0/0", "::/0");

    public static ClusterPeer Nodes { get; } = new NodesPeer(LabelSelector.Everything);

    public static ClusterNetworkPolicy Admin(int priority, char subject, params ClusterRule[] egress) =>
        Of(ClusterTier.Admin, priority, subject, egress);

    public static ClusterNetworkPolicy Baseline(int priority, char subject, params ClusterRule[] egress) =>
        Of(ClusterTier.Baseline, priority, subject, egress);

    /// <summary>The same rules for ingress.</summary>
    public static ClusterNetworkPolicy ForIngress(this ClusterNetworkPolicy policy) =>
        policy with { Name = $"{policy.Name}-in", Ingress = policy.Egress, Egress = [] };

    public static ClusterRule Accept(params ClusterPeer[] peers) => Rule(ClusterAction.Accept, peers);

    public static ClusterRule Deny(params ClusterPeer[] peers) => Rule(ClusterAction.Deny, peers);

    public static ClusterRule Pass(params ClusterPeer[] peers) => Rule(ClusterAction.Pass, peers);

    public static ClusterRule On(this ClusterRule rule, ushort first, ushort? last = null) =>
        rule with { Protocols = [.. rule.Protocols, ClusterPort.Range(Protocol.Tcp, first, last ?? first)] };

    public static ClusterPeer Peer(char pod) => Pods(OneNode.Pod(pod));

    public static ClusterPeer Networks(params string[] blocks) => new NetworksPeer([.. blocks.Select(Cidr.Parse)]);

    private static ClusterPodPeer Pods(LabelSelector pods) => new(new ClusterPods(LabelSelector.Everything, pods));

    private static ClusterRule Rule(ClusterAction action, ClusterPeer[] peers) =>
        new() { Action = action, Peers = [.. peers] };

    private static ClusterNetworkPolicy Of(
        ClusterTier tier, int priority, char subject, ClusterRule[] egress) => new()
        {
            Name = $"{tier}-{subject}-{priority}".ToLowerInvariant(),
            Tier = tier,
            Priority = priority,
            Subject = new(LabelSelector.Everything, OneNode.Pod(subject)),
            Egress = [.. egress],
        };
}
