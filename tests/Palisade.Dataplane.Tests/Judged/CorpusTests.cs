using System.Text.Json.Nodes;
using Palisade.Dataplane.Tests.World;
using Palisade.Manifests;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Tests.Judged;

/// <summary>
/// Kubernetes' own e2e tables and the well-known recipes, by real packets: the first packet of every connection (SCTP
/// INIT too, which needs no SCTP in the kernel), and TCP handshakes and UDP echoes between sockets in the pods.
/// </summary>
public sealed class CorpusTests
{
    private static readonly Node[] Nodes =
    [
        new("n1", LabelSet.Empty, [Address.Parse("192.168.50.1")]),
        new("n2", LabelSet.Empty, [Address.Parse("192.168.50.2")]),
    ];

    /// <summary>
    /// 48 tests, 65 tables: every ordered pair of different pods is allowed unless the table blocks it.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_table_of_the_Kubernetes_e2e_suite_holds_in_the_kernel(bool bridged)
    {
        var folder = SharedFolder.Require("corpus/k8s-e2e");
        var model = SharedFolder.Json("corpus/k8s-e2e/model.json");
        var cases = SharedFolder.Json("corpus/k8s-e2e/cases.json")["cases"]!.AsArray();
        var failures = new List<string>();
        var (tables, pairs) = (0, 0);
        using var world = new PacketWorld(nodes: 2, podsPerNode: 5, bridged);
        foreach (var test in cases)
        {
            foreach (var step in test!["steps"]!.AsArray())
            {
                var cluster = E2eCluster(folder, model, test, step!);
                var pods = Texts(test["pods"]);
                var blocked = Texts(step!["blocked"]).ToHashSet(StringComparer.Ordinal);
                var wanted = pods.SelectMany(from => pods.Where(to => to != from).Select(to =>
                    new Wanted(from, to, ProtocolOf(step["protocol"]), (ushort)step["port"]!,
                        !blocked.Contains($"{from} -> {to}")))).ToList();
                await Play.RunAsync(
                    world, cluster, wanted, $"e2e {test["id"]} {step["policyFile"]} ({test["test"]})", failures);
                tables++;
                pairs += wanted.Count;
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{tables} tables, {pairs} pairs");
        Assert.True(failures.Count == 0, string.Join('\n', failures));
        Assert.Equal((48, 65), (cases.Count, tables));
    }

    /// <summary>15 recipes, 45 claims; where a recipe's text contradicts the API, the API's answer counts.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_claim_of_the_recipes_holds_in_the_kernel(bool bridged)
    {
        var folder = SharedFolder.Require("corpus/recipes");
        var root = SharedFolder.Json("corpus/recipes/cases.json");
        var failures = new List<string>();
        var claims = 0;
        using var world = new PacketWorld(nodes: 2, podsPerNode: 5, bridged);
        foreach (var recipe in root["recipes"]!.AsArray())
        {
            var wanted = recipe!["cases"]!.AsArray().Select(claim => new Wanted(
                (string)claim!["from"]!, (string)claim["to"]!, ProtocolOf(claim["protocol"]), (ushort)claim["port"]!,
                (bool)(claim["specExpect"] ?? claim["expect"])!)).ToList();
            var cluster = RecipeCluster(folder, root, recipe);
            await Play.RunAsync(world, cluster, wanted, $"recipe {recipe["recipe"]}", failures);
            claims += wanted.Count;
        }

        Assert.True(failures.Count == 0, string.Join('\n', failures));
        Assert.Equal((15, 45), (root["recipes"]!.AsArray().Count, claims));
    }

    private static ClusterSnapshot E2eCluster(string folder, JsonNode model, JsonNode test, JsonNode step)
    {
        // Upstream's namespaces carry a label "ns" beside their name; steps may add labels to pods and namespaces.
        var namespaces = model["namespaces"]!.AsObject().Select(n => new Namespace(
            n.Key, With(Labels(n.Value).With("ns", n.Key), step["addedNamespaceLabels"]?[n.Key])));
        var ports = Texts(test["ports"]).SelectMany(port => Texts(test["protocols"]).Select(protocol => new NamedPort(
            $"serve-{port}-{protocol.ToLowerInvariant()}", ProtocolOf(protocol), ushort.Parse(port))));
        var listed = Texts(test["pods"]);
        var pods = model["pods"]!.AsObject().Where(p => listed.Contains(p.Key)).Select((p, i) => new Endpoint
        {
            Namespace = p.Key.Split('/')[0],
            Name = p.Key.Split('/')[1],
            Labels = With(Labels(p.Value!["labels"]), step["addedPodLabels"]?[p.Key]),
            Addresses = [Address.Parse((string)p.Value["ip"]!)],
            NamedPorts = [.. ports.OrderBy(x => x.Name, StringComparer.Ordinal)],
            Node = Nodes[i % 2].Name,
        });
        return ClusterSnapshot.Of(namespaces, pods, Policies(folder, [(string)step["policyFile"]!]), nodes: Nodes);
    }

    private static ClusterSnapshot RecipeCluster(string folder, JsonNode root, JsonNode recipe)
    {
        var namespaces = root["namespaces"]!.AsObject().Select(n => new Namespace(n.Key, Labels(n.Value)));
        var pods = recipe["pods"]!.AsArray().Select((p, i) => new Endpoint
        {
            Namespace = (string)p!["namespace"]!,
            Name = (string)p["name"]!,
            Labels = Labels(p["labels"]),
            Addresses = [Address.Parse($"10.244.1.{i + 10}")],
            NamedPorts = [.. p["ports"]!.AsArray().Where(x => x!["name"] is not null).Select(x => new NamedPort(
                (string)x!["name"]!, ProtocolOf(x["protocol"]), (ushort)x["port"]!))],
            Node = Nodes[i % 2].Name,
        });
        return ClusterSnapshot.Of(namespaces, pods, Policies(folder, Texts(recipe["policyFiles"])), nodes: Nodes);
    }

    /// <summary>
    /// The policies of some files, by the product's own reader; a file may hold none, for a step that deletes them.
    /// </summary>
    private static IEnumerable<NetworkPolicy> Policies(string folder, IEnumerable<string> files) =>
        files.SelectMany(file => ManifestSet.Load([Path.Combine(folder, file)]).Snapshot.NetworkPolicies);

    private static LabelSet Labels(JsonNode? labels) =>
        LabelSet.Of((labels as JsonObject ?? []).Select(l => KeyValuePair.Create(l.Key, (string?)l.Value ?? "")));

    private static LabelSet With(LabelSet labels, JsonNode? added) =>
        (added as JsonObject ?? []).Aggregate(labels, (all, pair) => all.With(pair.Key, (string?)pair.Value ?? ""));

    private static List<string> Texts(JsonNode? list) =>
        [.. (list as JsonArray ?? []).Select(item => item!.ToString())];

    private static Protocol ProtocolOf(JsonNode? text) => ProtocolOf(text?.ToString() ?? "TCP");

    private static Protocol ProtocolOf(string text) =>
        text switch { "UDP" => Protocol.Udp, "SCTP" => Protocol.Sctp, _ => Protocol.Tcp };
}
