using Palisade.Policy.Model;
using Palisade.Policy.Selectors;

namespace Palisade.Kubernetes.Tests.Generate;

/// <summary>How many pods selectors match, counted pod by pod; equal questions are counted once.</summary>
internal sealed class SelectionCounter(ClusterSnapshot cluster)
{
    private readonly ILookup<string, Endpoint> _pods = cluster.Endpoints.ToLookup(pod => pod.Namespace);
    private readonly Dictionary<(string Namespace, LabelSelector Pods), int> _counted = [];

    public int Subjects(NetworkPolicy policy) => Count(policy.Namespace, policy.Subject);

    public int Pods(NetworkPolicy policy, PodPeer peer) => peer.Namespaces is null
        ? Count(policy.Namespace, peer.Pods)
        : cluster.Namespaces.Where(ns => peer.Namespaces.Matches(ns.Labels)).Sum(ns => Count(ns.Name, peer.Pods));

    private int Count(string ns, LabelSelector pods)
    {
        if (!_counted.TryGetValue((ns, pods), out var count))
            _counted[(ns, pods)] = count = _pods[ns].Count(pod => pods.Matches(pod.Labels));
        return count;
    }
}
