using System.Collections.Immutable;
using Palisade.Policy.Evaluate;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;
using Palisade.Policy.Tests.Evaluate;
using Palisade.Policy.Tests.Reading;
using Palisade.Tests.Shared;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace Palisade.Policy.Tests.Vectors;

/// <summary>
/// The vectors of ../shared/vectors/semantics.yaml: every probe, by both judges.
/// </summary>
public sealed class SemanticVectorTests
{
    [Fact]
    public void Every_probe_has_its_verdict()
    {
        var all = Read();
        var failures = new List<string>();
        var probes = all.Sum(vector => Run(vector, failures));
        Assert.True(failures.Count == 0, string.Join('\n', failures));
        Assert.True((all.Count, probes) is ( >= 126, >= 300), $"only {all.Count} vectors, {probes} probes were found");
        Assert.True(all.Count(vector => vector.At("policies").Items().Any(ClusterPolicyReader.Reads)) >= 43);
    }

    private static IReadOnlyList<YamlNode> Read() =>
        YamlTree.Read(SharedFolder.Require("vectors/semantics.yaml")).At("vectors").Items();

    private static int Run(YamlNode vector, List<string> failures)
    {
        var cluster = Cluster(vector);
        var (ofCluster, others) = (Policies(vector, cluster: true), Policies(vector, cluster: false));
        var converted = cluster with
        {
            NetworkPolicies = [.. Converted.Policies(others)],
            ClusterNetworkPolicies = [.. Converted.ClusterPolicies(ofCluster)],
        };
        var judges = new Judges(converted, cluster);
        foreach (var probe in vector.At("probes").Items())
        {
            var expected = probe.At("expect").Text() == "allow";
            var name = $"vector {vector.At("id").Text()} ({vector.At("name").Text()}): {probe.At("from").Text()} -> "
                + $"{probe.At("to").Text()} {probe.At("protocol").Text()} {probe.At("port").Text()}: "
                + probe.At("why").Text();
            foreach (var one in Probes(cluster, probe))
            {
                if (judges.Allows(one) != expected)
                    failures.Add($"evaluator: {name}");
                if (judges.Naive.Allows(one) != expected)
                    failures.Add($"naive: {name}");
            }
        }

        return vector.At("probes").Items().Count;
    }

    private static List<Probe> Probes(ClusterSnapshot cluster, YamlNode node)
    {
        var family = node.At("family").Number() == 6 ? AddressFamily.V6 : AddressFamily.V4;
        var protocol = ModelReader.Protocol(node.At("protocol").Text());
        var port = (ushort)(node.At("port").Number() ?? 0);
        var from = End(cluster, node.At("from").Text()!, family);
        var to = node.At("to").Text()!;
        if (!to.StartsWith("svc:", StringComparison.Ordinal))
            return [new(from, End(cluster, to, family), family, protocol, port)];
        var name = to[4..].Split('/');
        var answer = new ServiceResolver(cluster).Resolve(name[0], name[1], port, protocol, family);
        Assert.Null(answer.Problem);
        return [.. answer.Backends.Select(b =>
            new Probe(from, End(cluster.Endpoints[b.Endpoint]), family, protocol, b.Port) { ThroughService = true })];
    }

    private static ProbeEnd End(Endpoint pod) => ProbeEnd.OfPod(pod.Namespace, pod.Name);

    private static ProbeEnd End(ClusterSnapshot cluster, string text, AddressFamily family)
    {
        if (text.StartsWith("ip:", StringComparison.Ordinal))
            return ProbeEnd.OfAddress(Address.Parse(text[3..]));
        if (text.StartsWith("node:", StringComparison.Ordinal))
            return ProbeEnd.OfAddress(
                cluster.Nodes.Single(n => n.Name == text[5..]).Addresses.First(a => a.Family == family));
        return ProbeEnd.OfPod(text.Split('/')[0], text.Split('/')[1]);
    }

    private static ClusterSnapshot Cluster(YamlNode vector)
    {
        var nodes = vector.At("nodes").Items().Select(n => new Node(
            n.At("name").Text()!, ModelReader.Labels(n.At("labels")), Addresses(n.At("addresses").Items()))).ToList();
        return ClusterSnapshot.Of(
            vector.At("namespaces").Items()
                .Select(n => new Namespace(n.At("name").Text()!, ModelReader.Labels(n.At("labels")))),
            vector.At("pods").Items().Where(IsAlive).Select(p => Pod(p, nodes)),
            Policies(vector, cluster: false).Select(ModelReader.Policy),
            vector.At("services").Items().Select(Service),
            nodes,
            Policies(vector, cluster: true).Select(ClusterPolicyReader.Policy),
            ClusterPolicyReader.Domains(vector.At("dns")));
    }

    private static IEnumerable<YamlNode> Policies(YamlNode vector, bool cluster) =>
        vector.At("policies").Items().Where(policy => ClusterPolicyReader.Reads(policy) == cluster);

    /// <summary>Pods that ended are in no snapshot: their addresses may be another's (semantics §1.8).</summary>
    private static bool IsAlive(YamlNode pod) => pod.At("phase").Text() is not ("Succeeded" or "Failed");

    private static Endpoint Pod(YamlNode pod, List<Node> nodes)
    {
        var host = pod.At("hostNetwork").IsTrue();
        var own = pod.At("ips") is { } ips ? Addresses(ips.Items()) : pod.At("ip") is { } ip ? Addresses([ip]) : [];
        return new()
        {
            Namespace = pod.At("ns").Text()!,
            Name = pod.At("name").Text()!,
            Labels = ModelReader.Labels(pod.At("labels")),
            Node = pod.At("node").Text(""),
            HostNetwork = host,
            Addresses = host && own.IsEmpty ? nodes.Single(n => n.Name == pod.At("node").Text()).Addresses : own,
            NamedPorts = ModelReader.NamedPorts(pod.At("containers"), pod.At("initContainers")),
        };
    }

    private static Service Service(YamlNode service) => new(
        service.At("ns").Text()!,
        service.At("name").Text()!,
        LabelSelector.Of(service.At("selector").Pairs()
            .Select(p => new Requirement(p.Key, SelectorOperator.In, [p.Value.Text("")]))),
        Addresses([service.At("clusterIP")!]),
        [.. service.At("ports").Items().Select(p => new ServicePort(
            p.At("name").Text(""),
            ModelReader.Protocol(p.At("protocol").Text()),
            (ushort)p.At("port").Number()!.Value,
            (ushort)(p.At("targetPort").Number() ?? 0),
            p.At("targetPort").Number() is null ? p.At("targetPort").Text() : null))]);

    private static ImmutableArray<Address> Addresses(IEnumerable<YamlNode> nodes) =>
        [.. nodes.Select(n => Address.Parse(n.Text()!))];
}
