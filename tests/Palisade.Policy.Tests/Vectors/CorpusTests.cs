using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;
using Palisade.Policy.Tests.Evaluate;
using Palisade.Policy.Tests.Reading;
using Palisade.Tests.Shared;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace Palisade.Policy.Tests.Vectors;

/// <summary>Kubernetes' own e2e tables and the policy recipes, by both judges.</summary>
public sealed class CorpusTests
{
    /// <summary>
    /// 48 tests, 65 tables: every ordered pair of different pods is allowed unless the table blocks it.
    /// </summary>
    [Fact]
    public void Every_table_of_the_Kubernetes_e2e_suite_holds()
    {
        var folder = SharedFolder.Require("corpus/k8s-e2e");
        var cases = YamlTree.Read(Path.Combine(folder, "cases.json")).At("cases").Items();
        var model = YamlTree.Read(Path.Combine(folder, "model.json"));
        var failures = new List<string>();
        var tables = 0;
        foreach (var test in cases)
        {
            foreach (var step in test.At("steps").Items())
            {
                RunStep(folder, model, test, step, failures);
                tables++;
            }
        }

        Assert.True(failures.Count == 0, string.Join('\n', failures));
        Assert.Equal((48, 65), (cases.Count, tables));
    }

    /// <summary>15 recipes, 45 claims; where a recipe's text contradicts the API, the API's answer counts.</summary>
    [Fact]
    public void Every_claim_of_the_recipes_holds()
    {
        var folder = SharedFolder.Require("corpus/recipes");
        var root = YamlTree.Read(Path.Combine(folder, "cases.json"));
        var failures = new List<string>();
        var claims = 0;
        foreach (var recipe in root.At("recipes").Items())
        {
            var judges = Judges(RecipeCluster(root, recipe), folder, recipe.At("policyFiles").Items());
            foreach (var claim in recipe.At("cases").Items())
            {
                claims++;
                var expected = (claim.At("specExpect") ?? claim.At("expect")).IsTrue();
                var probe = new Probe(
                    ProbeEnd.Parse(claim.At("from").Text()!), ProbeEnd.Parse(claim.At("to").Text()!), AddressFamily.V4,
                    ModelReader.Protocol(claim.At("protocol").Text()), (ushort)claim.At("port").Number()!.Value);
                var name = $"recipe {recipe.At("recipe").Text()}: {claim.At("claim").Text()}";
                Check(judges, probe, expected, name, failures);
            }
        }

        Assert.True(failures.Count == 0, string.Join('\n', failures));
        Assert.Equal((15, 45), (root.At("recipes").Items().Count, claims));
    }

    private static void RunStep(string folder, YamlNode model, YamlNode test, YamlNode step, List<string> failures)
    {
        var judges = Judges(E2eCluster(model, test, step), folder, [step.At("policyFile")!]);
        var pods = test.At("pods").Items().Select(p => p.Text()!).ToList();
        var blocked = step.At("blocked").Items().Select(b => b.Text()!).ToHashSet(StringComparer.Ordinal);
        var protocol = ModelReader.Protocol(step.At("protocol").Text());
        var port = (ushort)step.At("port").Number()!.Value;
        var allowed = 0;
        foreach (var from in pods)
        {
            foreach (var to in pods.Where(to => to != from))
            {
                var expected = !blocked.Contains($"{from} -> {to}");
                allowed += expected ? 1 : 0;
                var name = $"e2e {test.At("id").Text()} {step.At("policyFile").Text()} ({test.At("test").Text()})";
                var probe = new Probe(
                    ProbeEnd.Parse(from), ProbeEnd.Parse(to), AddressFamily.V4, protocol, port);
                Check(judges, probe, expected, name, failures);
            }
        }

        Assert.Equal(step.At("allowedCount").Number(), allowed);
    }

    private static void Check(Judges judges, Probe probe, bool expected, string name, List<string> failures)
    {
        if (judges.Allows(probe) != expected)
            failures.Add($"evaluator: {name}: {probe} should be {(expected ? "allowed" : "denied")}");
        if (judges.Naive.Allows(probe) != expected)
            failures.Add($"naive: {name}: {probe} should be {(expected ? "allowed" : "denied")}");
    }

    private static ClusterSnapshot E2eCluster(YamlNode model, YamlNode test, YamlNode step)
    {
        var namespaces = model.At("namespaces").Pairs().Select(n =>
            new Namespace(
                n.Key,
                With(ModelReader.Labels(n.Value).With("ns", n.Key), step.At("addedNamespaceLabels").At(n.Key))));
        var ports = test.At("ports").Items()
            .SelectMany(port => test.At("protocols").Items().Select(protocol => new NamedPort(
            $"serve-{port.Text()}-{protocol.Text("").ToLowerInvariant()}",
            ModelReader.Protocol(protocol.Text()), (ushort)port.Number()!.Value)));
        var pods = model.At("pods").Pairs().Select((p, i) => new Endpoint
        {
            Namespace = p.Key.Split('/')[0],
            Name = p.Key.Split('/')[1],
            Labels = With(ModelReader.Labels(p.Value.At("labels")), step.At("addedPodLabels").At(p.Key)),
            Addresses = [Address.Parse(p.Value.At("ip").Text()!)],
            NamedPorts = [.. ports.OrderBy(x => x.Name, StringComparer.Ordinal)],
            Node = $"n{i}",
        });
        return ClusterSnapshot.Of(namespaces, pods);
    }

    private static ClusterSnapshot RecipeCluster(YamlNode root, YamlNode recipe)
    {
        var namespaces = root.At("namespaces").Pairs().Select(n => new Namespace(n.Key, ModelReader.Labels(n.Value)));
        var pods = recipe.At("pods").Items().Select((p, i) => new Endpoint
        {
            Namespace = p.At("namespace").Text()!,
            Name = p.At("name").Text()!,
            Labels = ModelReader.Labels(p.At("labels")),
            Addresses = [Address.Parse($"10.244.1.{i + 10}")],
            NamedPorts = [.. p.At("ports").Items().Where(x => x.At("name") is not null).Select(x => new NamedPort(
                x.At("name").Text()!, ModelReader.Protocol(x.At("protocol").Text()),
                (ushort)x.At("port").Number()!.Value))],
            Node = $"n{i}",
        });
        return ClusterSnapshot.Of(namespaces, pods);
    }

    /// <summary>
    /// The evaluator gets the files as users would, the naive one by the tests' own reader. A file may hold no policy.
    /// </summary>
    private static Judges Judges(ClusterSnapshot cluster, string folder, IEnumerable<YamlNode> files)
    {
        var documents = files.Select(file => File.ReadAllText(Path.Combine(folder, file.Text()!)))
            .SelectMany(YamlTree.Documents).ToList();
        return new(With(Converted.Policies(documents)), With(documents.Select(ModelReader.Policy)));

        ClusterSnapshot With(IEnumerable<NetworkPolicy> policies) =>
            ClusterSnapshot.Of(cluster.Namespaces, cluster.Endpoints, policies, [], cluster.Nodes);
    }

    private static LabelSet With(LabelSet labels, YamlNode? added) =>
        added.Pairs().Aggregate(labels, (all, pair) => all.With(pair.Key, pair.Value.Text("")));
}
