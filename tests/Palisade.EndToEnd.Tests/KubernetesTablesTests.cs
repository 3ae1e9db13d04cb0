using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Palisade.Lab.Connect;
using Xunit;

namespace Palisade.EndToEnd.Tests;

/// <summary>
/// Some of Kubernetes' own NetworkPolicy tables through the whole stack: kubectl, API server, agents on three nodes,
/// packets. All of them are judged by packets in the dataplane's tests; these are one of each kind.
/// </summary>
public sealed class KubernetesTablesTests
{
    // Stacked policies on two ports; pods AND namespaces; named ports; a label that changes; egress; ipBlock; UDP;
    // SCTP.
    private static readonly string[] Chosen = ["10", "15", "17", "22", "27", "36", "43", "46"];

    [Theory]
    [InlineData("routed")]
    [InlineData("bridged")]
    public async Task Chosen_tables(string cni)
    {
        Needs.Cluster();
        var folder = Path.Combine(Needs.Shared(), "corpus", "k8s-e2e");
        var cases = JsonNode.Parse(
            await File.ReadAllTextAsync(Path.Combine(folder, "cases.json")))!["cases"]!.AsArray();
        var model = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "model.json")))!;
        await using var up = await UpProcess.StartAsync(UpProcess.NewData(), "--nodes", "3", "--cni", cni);
        await up.ApplyAsync(Cluster(model));
        await up.KubectlAsync("wait", "-A", "--all", "--for=condition=Ready", "pod", "--timeout=30s");
        foreach (var id in Chosen)
        {
            var one = cases.Single(item => Text(item!["id"]) == id)!;
            foreach (var step in one["steps"]!.AsArray())
                await JudgeAsync(up, folder, one, step!);
            await ResetAsync(up, model);
        }
    }

    private static async Task JudgeAsync(UpProcess up, string folder, JsonNode one, JsonNode step)
    {
        await up.KubectlAsync("delete", "networkpolicies", "-A", "--all");
        if (step["policyFile"] is { } file)
            await up.ApplyAsync(QuoteY(await File.ReadAllTextAsync(Path.Combine(folder, Text(file)))));
        await LabelAsync(up, step, "addedNamespaceLabels", name => ["namespace", name]);
        await LabelAsync(up, step, "addedPodLabels", name => ["pod", "-n", name.Split('/')[0], name.Split('/')[1]]);
        var pods = one["pods"]!.AsArray().Select(Text).ToList();
        var blocked = step["blocked"]!.AsArray().Select(Text).ToHashSet();
        var pairs = pods.SelectMany(from => pods.Where(to => to != from).Select(to => (From: from, To: to))).ToList();
        var (protocol, port) = (Text(step["protocol"]), step["port"]!.GetValue<int>());
        var answers = await up.ConnectInForceAsync(
            [.. pairs.Select(pair => new ConnectRequest(pair.From, pair.To, protocol, port))]);
        var wrong = pairs.Zip(answers)
            .Where(result => result.Second.Connected == blocked.Contains($"{result.First.From} -> {result.First.To}"))
            .Select(result => $"{result.First.From} -> {result.First.To}: {result.Second.Answer}{result.Second.Error}")
                .ToList();
        Assert.True(wrong.Count == 0,
            $"{Text(one["id"])} {Text(one["test"])} on {protocol}/{port}:\n{string.Join('\n', wrong)}");
    }

    /// <summary>The tables' namespace y, unquoted in their files, is a boolean to kubectl (YAML 1.1).</summary>
    private static string QuoteY(string manifest) =>
        Regex.Replace(manifest, @"([:-] )y$", "$1\"y\"", RegexOptions.Multiline);

    private static async Task LabelAsync(UpProcess up, JsonNode step, string member, Func<string, string[]> target)
    {
        foreach (var (name, labels) in step[member] as JsonObject ?? [])
        {
            foreach (var (key, value) in labels!.AsObject())
                await up.KubectlAsync(["label", "--overwrite", .. target(name), $"{key}={Text(value)}"]);
        }
    }

    /// <summary>Labels that a step added go before the next case.</summary>
    private static async Task ResetAsync(UpProcess up, JsonNode model)
    {
        await up.KubectlAsync("delete", "networkpolicies", "-A", "--all");
        await up.ApplyAsync(Cluster(model));
        foreach (var (name, _) in model["pods"]!.AsObject())
        {
            var extra = JsonNode.Parse(await up.KubectlAsync(
                "get", "pod", "-n", name.Split('/')[0], name.Split('/')[1], "-o",
                    "jsonpath={.metadata.labels}"))!.AsObject();
            foreach (var (key, _) in extra.Where(label => label.Key != "pod").ToList())
                await up.KubectlAsync("label", "pod", "-n", name.Split('/')[0], name.Split('/')[1], $"{key}-");
        }
    }

    /// <summary>
    /// The model's namespaces and pods, with its addresses: every pod serves 80 and 81 over TCP, UDP and SCTP.
    /// </summary>
    private static string Cluster(JsonNode model)
    {
        var documents = new List<string>();
        // Quoted: y is true in YAML 1.1.
        foreach (var (name, _) in model["namespaces"]!.AsObject())
            documents.Add($"apiVersion: v1\nkind: Namespace\nmetadata: {{name: \"{name}\"}}");
        foreach (var (name, pod) in model["pods"]!.AsObject())
        {
            var address = Text(pod!["ip"]);
            var ports = from port in (int[])[80, 81]
                        from protocol in (string[])["TCP", "UDP", "SCTP"]
                        let given = $"serve-{port}-{protocol.ToLowerInvariant()}"
                        select $"{{name: {given}, containerPort: {port}, protocol: {protocol}}}";
            documents.Add($$"""
                apiVersion: v1
                kind: Pod
                metadata:
                  name: "{{name.Split('/')[1]}}"
                  namespace: "{{name.Split('/')[0]}}"
                  labels: {pod: "{{Text(pod["labels"]!["pod"])}}"}
                  annotations: {lab.palisade.dev/pod-ips: "{{address}}"}
                spec:
                  nodeName: node-{{address.Split('.')[2]}}
                  containers: [{name: serve, image: agnhost, ports: [{{string.Join(", ", ports)}}]}]
                """);
        }

        return string.Join("\n---\n", documents);
    }

    private static string Text(JsonNode? node) => node!.GetValue<string>();
}
