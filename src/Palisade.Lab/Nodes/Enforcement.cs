using System.Diagnostics;
using Palisade.Lab.Network;
using ObjectStore = Palisade.ApiServer.ObjectStore;

namespace Palisade.Lab.Nodes;

/// <summary>How far the nodes' kernels are behind the API.</summary>
internal sealed class Enforcement
{
    // The resources that policies are made of, under the API server's names for them and the agent's.
    private static readonly (string Store, string Agent)[] Resources =
    [
        ("networkpolicies.networking.k8s.io", "networkpolicies"),
        ("clusternetworkpolicies.policy.networking.k8s.io", "clusternetworkpolicies"),
        ("pods", "pods"), ("namespaces", "namespaces"),
    ];

    private readonly List<(LabNode Node, AgentProcess Agent)> _agents = [];

    /// <summary>Adds a node's agent.</summary>
    public void Add(LabNode node, AgentProcess agent) => _agents.Add((node, agent));

    /// <summary>Up to which version of the pods a node enforces; -1 before its first table.</summary>
    public long Pods(LabNode node) => _agents.Find(entry => entry.Node == node).Agent?.EnforcedVersion("pods") ?? -1;

    /// <summary>Whether every node has a table.</summary>
    public bool HasBegun => _agents.TrueForAll(entry => entry.Agent.EnforcedVersion("pods") >= 0);

    /// <summary>
    /// Waits until every node enforces what the API has acknowledged by now, so that a connection after an apply meets
    /// the new policies; false when that takes too long (an agent that is down must not keep anybody from looking).
    /// </summary>
    public async Task<bool> CatchUpAsync(ObjectStore store, TimeSpan patience, CancellationToken cancel)
    {
        var wanted = Resources.Select(resource => (resource.Agent, Version: store.LastChange(resource.Store))).ToList();
        var begun = Stopwatch.GetTimestamp();
        while (!_agents.TrueForAll(entry => wanted.TrueForAll(w => entry.Agent.EnforcedVersion(w.Agent) >= w.Version)))
        {
            if (Stopwatch.GetElapsedTime(begun) > patience)
                return false;
            await Task.Delay(5, cancel);
        }

        return true;
    }
}
