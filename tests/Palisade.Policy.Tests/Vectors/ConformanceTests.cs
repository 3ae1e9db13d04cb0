using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;
using Palisade.Policy.Tests.Evaluate;
using Palisade.Policy.Tests.Reading;
using Palisade.Tests.Shared;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace Palisade.Policy.Tests.Vectors;

/// <summary>The conformance suite of ClusterNetworkPolicy, by both judges and by the steps of the gates.</summary>
public sealed class ConformanceTests
{
    [Fact]
    public void Every_probe_of_the_conformance_suite_has_its_verdict()
    {
        var folder = SharedFolder.Require("corpus/npapi-conformance");
        var cluster = YamlTree.Read(Path.Combine(folder, "cluster.json"));
        var cases = YamlTree.Read(Path.Combine(folder, "cases.json")).At("cases").Items();
        var failures = new List<string>();
        foreach (var test in cases)
        {
            var judges = Given(folder, cluster, test);
            var probe = new Probe(
                ProbeEnd.Parse(test.At("from").Text()!), ProbeEnd.Parse(test.At("to").Text()!),
                FamilyOf(test.At("to").Text()!),
                ModelReader.Protocol(test.At("protocol").Text()), (ushort)test.At("port").Number()!.Value);
            var expected = test.At("expect").IsTrue();
            var steps = judges.EntriesAllow(probe, Direction.Egress) != false
                && judges.EntriesAllow(probe, Direction.Ingress) != false;
            var answers = (judges.Allows(probe), judges.Naive.Allows(probe), steps);
            if (answers != (expected, expected, expected))
                failures.Add($"{test.At("line").Text()} {test.At("subtest").Text()}: {probe}: {answers}");
        }

        Assert.True(failures.Count == 0, string.Join('\n', failures));
        Assert.Equal(301, cases.Count);
    }

    private static Judges Given(string folder, YamlNode cluster, YamlNode test)
    {
        var texts = test.At("policyFiles").Items().Select(f => File.ReadAllText(Path.Combine(folder, f.Text()!)));
        var documents = texts.SelectMany(YamlTree.Documents).ToList();
        var labels = test.At("namespaceLabels");
        var namespaces = cluster.At("namespaces").Pairs()
            .Select(n => new Namespace(n.Key, ModelReader.Labels(labels.At(n.Key) ?? n.Value)));
        var empty = ClusterSnapshot.Of(namespaces, cluster.At("pods").Items().Select(Pod), nodes: Nodes(cluster));
        var forNaive = empty with
        {
            NetworkPolicies = [.. documents.Where(d => !ClusterPolicyReader.Reads(d)).Select(ModelReader.Policy)],
            ClusterNetworkPolicies =
                [.. documents.Where(ClusterPolicyReader.Reads).Select(ClusterPolicyReader.Policy)],
        };
        var forEvaluator = empty with
        {
            NetworkPolicies = [.. Converted.Policies(documents.Where(d => !ClusterPolicyReader.Reads(d)))],
            ClusterNetworkPolicies = [.. Converted.ClusterPolicies(documents.Where(ClusterPolicyReader.Reads))],
        };
        return new(forEvaluator, forNaive);
    }

    private static IEnumerable<Node> Nodes(YamlNode cluster) => cluster.At("nodes").Items().Select(n => new Node(
        n.At("name").Text()!, ModelReader.Labels(n.At("labels")), [Address.Parse(n.At("ip").Text()!)]));

    private static Endpoint Pod(YamlNode pod) => new()
    {
        Namespace = pod.At("namespace").Text()!,
        Name = pod.At("name").Text()!,
        Labels = ModelReader.Labels(pod.At("labels")),
        Node = pod.At("node").Text()!,
        HostNetwork = pod.At("hostNetwork").IsTrue(),
        Addresses = [Address.Parse(pod.At("ip").Text()!)],
        NamedPorts = Ports(pod.At("containerPorts")),
    };

    private static ImmutableArray<NamedPort> Ports(YamlNode? ports) =>
    [
        .. ports.Items().Select(p => new NamedPort(
            p.At("name").Text()!, ModelReader.Protocol(p.At("protocol").Text()), (ushort)p.At("port").Number()!.Value)),
    ];

    private static AddressFamily FamilyOf(string to) =>
        Address.TryParse(to, out var address) ? address.Family : AddressFamily.V4;
}
