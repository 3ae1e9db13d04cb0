using System.Text.Json.Nodes;
using Palisade.Dataplane.Tests.World;
using Palisade.Kubernetes.Client;
using Palisade.Nftables;
using Palisade.Nftables.Kernel;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Tests.Agent;

/// <summary>palisade-agent as it is shipped: a process that follows a real API and programs a real kernel.</summary>
public sealed class AgentProcessTests
{
    internal static readonly Address Web = Address.Parse("10.244.1.2");
    internal static readonly Address Frontend = Address.Parse("10.244.1.3");

    [Fact]
    public async Task A_policy_closes_a_pod_and_another_opens_it_and_the_table_outlives_the_agent()
    {
        await using var bench = await AgentBench.StartAsync();
        bench.World.Seat(Cluster());
        var version = await CreateClusterAsync(bench);
        bench.StartAgent();
        await bench.EnforcedAsync(version, "pods");
        Assert.True(Reaches(bench, expected: true), "nothing isolates web yet");

        version = await bench.CreateAsync(KubeResource.NetworkPolicies, "dev-team", Parse("""
            { "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": { "name": "deny-all" },
              "spec": { "podSelector": {}, "policyTypes": ["Ingress"] } }
            """));
        await bench.EnforcedAsync(version);
        Assert.False(Reaches(bench, expected: false), "deny-all is enforced");

        version = await bench.CreateAsync(KubeResource.NetworkPolicies, "dev-team", Parse("""
            { "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": { "name": "allow-web" },
              "spec": { "podSelector": { "matchLabels": { "app": "web" } },
                        "ingress": [ { "from": [ { "podSelector": { "matchLabels": { "app": "frontend" } } } ],
                                       "ports": [ { "port": 80 } ] } ] } }
            """));
        await bench.EnforcedAsync(version);
        Assert.True(Reaches(bench, expected: true), "allow-web is enforced");
        Assert.False(Reaches(bench, expected: false, port: 81), "allow-web allows port 80 only");
        await ReadyAsync(bench);

        await StopAsync(bench);
        Assert.False(Reaches(bench, expected: false, port: 81), "the table outlives the agent");
        await bench.Client.DeleteAsync(KubeResource.NetworkPolicies, "dev-team", "deny-all", default);
        await bench.Client.DeleteAsync(KubeResource.NetworkPolicies, "dev-team", "allow-web", default);
        Assert.False(Reaches(bench, expected: false, port: 81), "without an agent nothing opens");
        var old = bench.Log.Count;
        bench.StartAgent();
        await bench.EnforcedAsync(version + 2);
        Assert.True(Reaches(bench, expected: true, port: 81), "the next agent changes the table");
        Assert.DoesNotContain(bench.Log.Skip(old), line => line.Contains(" applied ") && line.Contains("whole=True"));
    }

    [Fact]
    public async Task A_lost_API_server_opens_nothing()
    {
        await using var bench = await AgentBench.StartAsync();
        bench.World.Seat(Cluster());
        await CreateClusterAsync(bench);
        var version = await bench.CreateAsync(KubeResource.NetworkPolicies, "dev-team", Parse("""
            { "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": { "name": "deny-all" },
              "spec": { "podSelector": {}, "policyTypes": ["Ingress"] } }
            """));
        bench.StartAgent();
        await bench.EnforcedAsync(version);
        await bench.EndServerAsync();
        await Task.Delay(1500);
        Assert.False(bench.Agent.HasExited, "the agent waits for the server");
        Assert.False(Reaches(bench, expected: false), "the last policy stays in force");
        lock (bench.Log)
            Assert.Contains(bench.Log, line => line.Contains(" watch-failed "));
    }

    /// <summary>What `palisade prove` does: a word in an annotation asks, another annotation answers.</summary>
    [Fact]
    public async Task A_proof_that_is_asked_for_holds_also_after_others_changed_the_table()
    {
        await using var bench = await AgentBench.StartAsync();
        bench.World.Seat(Cluster());
        await CreateClusterAsync(bench);
        var version = await bench.CreateAsync(KubeResource.NetworkPolicies, "dev-team", Parse("""
            { "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": { "name": "deny-all" },
              "spec": { "podSelector": {}, "policyTypes": ["Ingress"] } }
            """));
        bench.StartAgent("--shared-table");
        await bench.EnforcedAsync(version);
        var proof = await ProofAsync(bench, "first");
        Assert.True((bool?)proof["holds"], proof.ToJsonString());
        Assert.True((long?)proof["cells"] > 1000);

        using var kernel = bench.Node.Namespace.Run(() => new NftSocket());
        var damage = new Transaction(Assert.Single(kernel.Tables()));
        damage.FlushChain("gates");
        kernel.Commit(damage);
        for (var attempt = 0; Gates(kernel).IsEmpty; attempt++)
        {
            Assert.True(attempt < 50, "the damage was not mended");
            await Task.Delay(100);
        }

        proof = await ProofAsync(bench, "mended");
        Assert.True((bool?)proof["holds"], proof.ToJsonString());
        Assert.False(Reaches(bench, expected: false), "deny-all is in force");
        lock (bench.Log)
            Assert.Contains(bench.Log, line => line.Contains(" table-changed-by-others "));
    }

    private static System.Collections.Immutable.ImmutableArray<Rule> Gates(NftSocket kernel) =>
        kernel.Dump(NftFamily.Inet, "palisade")!.Chains.Single(chain => chain.Name == "gates").Rules;

    internal static async Task<JsonObject> ProofAsync(AgentBench bench, string request)
    {
        var ask = Parse($$"""{ "metadata": { "annotations": { "palisade.dev/prove-requested": "{{request}}" } } }""");
        await bench.Client.PatchAsync(KubeResource.Nodes, null, "n1", PatchKind.Merge, ask, default);
        for (var attempt = 0; attempt < 200; attempt++)
        {
            var node = await bench.Client.SendAsync(
                HttpMethod.Get, KubeResource.Nodes.Named(null, "n1"), null, default);
            var answer = (string?)node["metadata"]?["annotations"]?["palisade.dev/proof"];
            if (answer is not null && (string?)JsonNode.Parse(answer)!["request"] == request)
                return JsonNode.Parse(answer)!.AsObject();
            await Task.Delay(100);
        }

        throw new TimeoutException($"nobody answered {request}");
    }

    internal static ClusterSnapshot Cluster() => ClusterSnapshot.Of(
        endpoints:
        [
            new() { Namespace = "dev-team", Name = "web", Node = "n1", Addresses = [Web] },
            new() { Namespace = "dev-team", Name = "frontend", Node = "n1", Addresses = [Frontend] },
        ],
        nodes: [new("n1", Policy.Selectors.LabelSet.Empty, [Address.Parse("192.168.50.1")])]);

    internal static async Task<ulong> CreateClusterAsync(AgentBench bench)
    {
        await bench.CreateAsync(KubeResource.Nodes, null, Parse("""
            { "apiVersion": "v1", "kind": "Node", "metadata": { "name": "n1" },
              "status": { "addresses": [ { "type": "InternalIP", "address": "192.168.50.1" } ] } }
            """));
        await bench.CreateAsync(KubeResource.Namespaces, null, Parse("""
            { "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "dev-team" } }
            """));
        ulong version = 0;
        foreach (var (name, address) in new[] { ("web", Web), ("frontend", Frontend) })
        {
            version = await bench.CreateAsync(KubeResource.Pods, "dev-team", Parse($$"""
                { "apiVersion": "v1", "kind": "Pod",
                  "metadata": { "name": "{{name}}", "labels": { "app": "{{name}}" } },
                  "spec": { "nodeName": "n1", "containers": [ { "name": "c", "image": "none" } ] },
                  "status": { "phase": "Running", "podIP": "{{address}}", "podIPs": [ { "ip": "{{address}}" } ] } }
                """));
        }

        return version;
    }

    internal static bool Reaches(AgentBench bench, bool expected, ushort port = 80)
    {
        var web = bench.Node.Pods.Single(pod => pod.Addresses.Contains(Web));
        var frontend = bench.Node.Pods.Single(pod => pod.Addresses.Contains(Frontend));
        return bench.World.Try(
            [new(new(frontend, null), Frontend, new(web, null), Web, Protocol.Tcp, port)], [expected])[0];
    }

    private static async Task StopAsync(AgentBench bench)
    {
        Assert.True(ProcessControl.Signal(bench.Agent.Id, ProcessControl.Terminate));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        await bench.Agent.WaitForExitAsync(limit.Token);
        Assert.Equal(0, bench.Agent.ExitCode);
    }

    /// <summary>The Node's condition, which follows the first table.</summary>
    private static async Task ReadyAsync(AgentBench bench)
    {
        for (var attempt = 0; ; attempt++)
        {
            var node = await bench.Client.GetAsync(KubeResource.Nodes, null, "n1", default);
            var ready = node["status"]?["conditions"]?.AsArray()
                .Any(c => (string?)c!["type"] == "PalisadeReady" && (string?)c["status"] == "True");
            if (ready == true)
                return;
            Assert.True(attempt < 50, node.ToJsonString());
            await Task.Delay(100);
        }
    }

    internal static JsonObject Parse(string json) => JsonNode.Parse(json)!.AsObject();
}
