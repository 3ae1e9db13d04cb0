using System.Text.Json.Nodes;
using Palisade.Kubernetes.Client;
using static Palisade.Dataplane.Tests.Agent.AgentProcessTests;

namespace Palisade.Dataplane.Tests.Agent;

/// <summary>NetworkPolicies of the bench's cluster that open one port.</summary>
internal static class DoorPolicy
{
    /// <summary>A policy that allows frontend one TCP port of web.</summary>
    public static async Task<ulong> PutAsync(AgentBench bench, string name, ushort port)
    {
        var spec = Parse($$"""
            { "podSelector": { "matchLabels": { "app": "web" } },
              "ingress": [ { "from": [ { "podSelector": { "matchLabels": { "app": "frontend" } } } ],
                             "ports": [ { "port": {{port}} } ] } ] }
            """);
        try
        {
            var patched = await bench.Client.PatchAsync(
                KubeResource.NetworkPolicies, "dev-team", name, PatchKind.Merge,
                new JsonObject { ["spec"] = spec }, default);
            return ulong.Parse((string)patched["metadata"]!["resourceVersion"]!);
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            return await bench.CreateAsync(KubeResource.NetworkPolicies, "dev-team", new JsonObject
            {
                ["apiVersion"] = "networking.k8s.io/v1",
                ["kind"] = "NetworkPolicy",
                ["metadata"] = new JsonObject { ["name"] = name },
                ["spec"] = spec.DeepClone(),
            });
        }
    }
}
