using System.Text.Json.Nodes;
using Palisade.Dataplane.Reconcile;
using Palisade.Dataplane.Tests.World;
using Palisade.Manifests;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Tests.Judged;

/// <summary>
/// The conformance suite of ClusterNetworkPolicy by real packets, two nodes, in the suite's own order: what it patches
/// (priorities, actions, labels of namespaces) reaches the kernel as a difference, never as a new table.
/// </summary>
public sealed class ConformanceTests
{
    private const string Folder = "corpus/npapi-conformance";

    [Fact]
    public async Task Every_probe_of_the_conformance_suite_holds_in_the_kernel()
    {
        var folder = SharedFolder.Require(Folder);
        var model = SharedFolder.Json($"{Folder}/cluster.json");
        var cases = SharedFolder.Json($"{Folder}/cases.json")["cases"]!.AsArray();
        var failures = new List<string>();
        var (played, tables) = (0, 0);
        using var world = new PacketWorld(nodes: 2, podsPerNode: 4);
        foreach (var (key, probes) in Tables(cases))
        {
            var cluster = Cluster(folder, model, probes[0]);
            if (tables == 0)
                world.Seat(cluster, stack: true);
            var applied = world.Enforce(PolicyCompiler.Compile(cluster));
            if (tables > 0)
                Assert.All(applied, change => Assert.False(change.Replaced, $"{key}: a new table"));
            tables++;
            played += probes.Count;
            var wanted = probes.Select(probe => new Wanted(
                (string)probe["from"]!, (string)probe["to"]!, ProtocolOf((string)probe["protocol"]!),
                (ushort)probe["port"]!, (bool)probe["expect"]!)).ToList();
            await Play.TryAsync(world, wanted, key, failures);
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{played} probes in {tables} tables");
        Assert.True(failures.Count == 0, string.Join('\n', failures));
        Assert.Equal(301, played);
    }

    /// <summary>
    /// Probes in their order; those that follow each other under the same policies and labels together.
    /// </summary>
    private static List<(string Key, List<JsonNode> Probes)> Tables(JsonArray cases)
    {
        var tables = new List<(string Key, List<JsonNode> Probes)>();
        foreach (var probe in cases)
        {
            var key = $"{probe!["policyFiles"]!.ToJsonString()} {probe["namespaceLabels"]?.ToJsonString()}";
            if (tables.Count == 0 || tables[^1].Key != key)
                tables.Add((key, []));
            tables[^1].Probes.Add(probe);
        }

        return tables;
    }

    private static ClusterSnapshot Cluster(string folder, JsonNode model, JsonNode probe)
    {
        var files = probe["policyFiles"]!.AsArray().Select(file => Path.Combine(folder, (string)file!));
        var policies = files.Select(file => ManifestSet.Load([file]).Snapshot).ToList();
        var labels = probe["namespaceLabels"];
        return ClusterSnapshot.Of(
            model["namespaces"]!.AsObject().Select(n => new Namespace(n.Key, Labels(labels?[n.Key] ?? n.Value))),
            model["pods"]!.AsArray().Select(pod => Pod(pod!)),
            policies.SelectMany(p => p.NetworkPolicies),
            nodes: model["nodes"]!.AsArray().Select(n => new Node(
                (string)n!["name"]!, Labels(n["labels"]), [Address.Parse((string)n["ip"]!)])),
            clusterNetworkPolicies: policies.SelectMany(p => p.ClusterNetworkPolicies));
    }

    private static Endpoint Pod(JsonNode pod) => new()
    {
        Namespace = (string)pod["namespace"]!,
        Name = (string)pod["name"]!,
        Labels = Labels(pod["labels"]),
        Node = (string)pod["node"]!,
        HostNetwork = (bool)pod["hostNetwork"]!,
        Addresses = [Address.Parse((string)pod["ip"]!)],
        NamedPorts =
        [
            .. (pod["containerPorts"]?.AsArray() ?? []).Select(port => new NamedPort(
                (string)port!["name"]!, ProtocolOf((string)port["protocol"]!), (ushort)port["port"]!)),
        ],
    };

    private static LabelSet Labels(JsonNode? labels) =>
        LabelSet.Of((labels as JsonObject ?? []).Select(l => KeyValuePair.Create(l.Key, (string?)l.Value ?? "")));

    private static Protocol ProtocolOf(string text) =>
        text switch { "UDP" => Protocol.Udp, "SCTP" => Protocol.Sctp, _ => Protocol.Tcp };
}
