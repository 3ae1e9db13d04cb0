using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Evaluate;

/// <summary>How far one peer of a rule was off (fewer is closer), which part failed, and the same for people.</summary>
internal readonly record struct PeerMiss(int Index, int Distance, FailedPart Failed, string Text);

/// <summary>Says in words what a rule wanted and what the connection had.</summary>
internal sealed class MissText(CompiledPolicy compiled)
{
    public PeerMiss Of(NetworkPolicy policy, PodPeer peer, int index, Party party)
    {
        var wants = $"peer {index} wants {Wanted(policy, peer)}";
        if (party.Kind != PartyKind.Pod)
            return new(index, 6, FailedPart.NotAPod, $"{wants}; {Name(party)} is not a pod");
        var pod = compiled.EndpointAt(party.Endpoint)!;
        if (peer.Namespaces is null && pod.Namespace != policy.Namespace)
        {
            var unmet = Unmet(peer.Pods, pod.Labels);
            var place = peer.Pods.SelectsEverything ? "" : $" of namespace {policy.Namespace}";
            return new(index, 3 + unmet.Count, FailedPart.Namespace, $"{wants}{place}; {pod} is not in it");
        }

        if (peer.Namespaces is { } selector && !selector.Matches(NamespaceOf(pod).Labels))
        {
            var unmet = Unmet(selector, NamespaceOf(pod).Labels);
            var distance = 2 + unmet.Count + Unmet(peer.Pods, pod.Labels).Count;
            var has = Having(unmet, NamespaceOf(pod).Labels);
            return new(index, distance, FailedPart.Namespace, $"{wants}; namespace {pod.Namespace} has {has}");
        }

        var missing = Unmet(peer.Pods, pod.Labels);
        return new(index, missing.Count, FailedPart.PodLabels, $"{wants}; {pod} has {Having(missing, pod.Labels)}");
    }

    public PeerMiss Of(BlockPeer peer, int index, Party party)
    {
        var wants = $"peer {index} wants {peer}";
        if (party.Address is not { } address)
            return new(index, 6, FailedPart.Address, $"{wants}; {Name(party)} has no IPv{(int)party.Family} address");
        if (!peer.Block.Contains(address))
            return new(index, 5, FailedPart.Address, $"{wants}; {Place(party, address)} is outside");
        var except = peer.Except.First(e => e.Contains(address));
        var text = $"{wants}; {Place(party, address)} is in the excepted {except}";
        return new(index, 1, FailedPart.ExceptedAddress, text);
    }

    /// <summary>ns/pod, node NAME, or the address.</summary>
    public string Name(Party party) => party.Kind switch
    {
        PartyKind.Pod => compiled.EndpointAt(party.Endpoint)!.ToString(),
        PartyKind.Node => $"node {party.Node}",
        _ => party.Address.ToString() ?? "the peer",
    };

    /// <summary>80/TCP, 8000-8100/TCP, or http/TCP (8080 there).</summary>
    public static string Port(PolicyPort port, PortSet numbers)
    {
        var protocol = port.Protocol.Spelling();
        if (port.Name is null)
            return $"{new PortRange(port.First, port.Last)}/{protocol}";
        var there = numbers.IsEmpty ? "not declared there" : $"{string.Join(',', numbers.Ranges(port.Protocol))} there";
        return $"{port.Name}/{protocol} ({there})";
    }

    private static string Wanted(NetworkPolicy policy, PodPeer peer)
    {
        var pods = peer.Pods.SelectsEverything ? "pods" : $"pods {peer.Pods}";
        return peer.Namespaces switch
        {
            null when peer.Pods.SelectsEverything => $"pods of namespace {policy.Namespace}",
            null => pods,
            { SelectsEverything: true } => $"{pods} of any namespace",
            var namespaces => $"{pods} of namespaces {namespaces}",
        };
    }

    private string Place(Party party, Address address) =>
        party.Kind == PartyKind.External ? $"{address}" : $"{Name(party)} ({address})";

    private Namespace NamespaceOf(Endpoint pod) => compiled.Snapshot.Namespaces.First(ns => ns.Name == pod.Namespace);

    private static List<Requirement> Unmet(LabelSelector selector, LabelSet labels) =>
        [.. selector.Requirements.Where(r => !r.Matches(labels))];

    /// <summary>What the labels are where requirements are not met: app=stranger, or no label app.</summary>
    private static string Having(List<Requirement> unmet, LabelSet labels) => string.Join(
        " and ",
        unmet.Select(r => r.Key).Distinct(StringComparer.Ordinal)
            .Select(key => labels.ValueOf(key) is { } value ? $"{key}={value}" : $"no label {key}"));
}
