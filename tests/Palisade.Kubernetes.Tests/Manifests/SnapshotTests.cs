using Palisade.Manifests;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;
using Xunit;

namespace Palisade.Kubernetes.Tests.Manifests;

public sealed class SnapshotTests
{
    [Fact]
    public void Policies_carry_their_meaning_and_their_places()
    {
        var policy = Assert.Single(ManifestSet.Parse("""
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata:
              name: p
            spec:
              podSelector:
                matchExpressions: [ { key: app, operator: In, values: [ b, a ] } ]
              egress:
              - to:
                - namespaceSelector: {}
                  podSelector: { matchLabels: { k: v } }
                - ipBlock: { cidr: 010.1.2.3/8, except: [ 10.1.0.0/16 ] }
                ports:
                - protocol: UDP
                  port: dns
                - port: 80
                  endPort: 90
                - {}
            """, "p.yaml").Snapshot.NetworkPolicies);
        Assert.Equal(("default", true, true), (policy.Namespace, policy.IsolatesIngress, policy.IsolatesEgress));
        Assert.Equal("app in (a,b)", policy.Subject.ToString());
        Assert.Equal("p.yaml:1:1", policy.Origin.ToString());
        var rule = Assert.Single(policy.Egress);
        Assert.Equal("p.yaml:9:5", rule.Origin.ToString());
        Assert.True(rule.Peers[0] is PodPeer { Namespaces.SelectsEverything: true, Origin: { Line: 10, Column: 7 } });
        Assert.True(rule.Peers[1] is BlockPeer block && block.Block == Cidr.Parse("10.0.0.0/8")
            && block.Except[0] == Cidr.Parse("10.1.0.0/16"));
        Assert.Equal(
            [(Protocol.Udp, (ushort)0, (ushort)0, "dns", 14), (Protocol.Tcp, (ushort)80, (ushort)90, null, 16),
                (Protocol.Tcp, (ushort)0, (ushort)65535, null, 18)],
            rule.Ports.Select(port => (port.Protocol, port.First, port.Last, port.Name, port.Origin.Line)));
    }

    [Fact]
    public void Pods_carry_addresses_ports_of_containers_and_sidecars_and_their_workload()
    {
        var snapshot = ManifestSet.Parse("""
            apiVersion: v1
            kind: Pod
            metadata:
              name: web-5d-x
              namespace: shop
              labels: { app: web, pod-template-hash: 5d }
              ownerReferences: [ { apiVersion: apps/v1, kind: ReplicaSet, name: web-5d, uid: u, controller: true } ]
            spec:
              nodeName: n1
              initContainers:
              - { name: setup, image: i, ports: [ { name: setup, containerPort: 1 } ] }
              - { name: mesh, image: i, restartPolicy: Always, ports: [ { name: mesh, containerPort: 15001 } ] }
              containers:
              - { name: a, image: i, ports: [ { name: http, containerPort: 80 }, { containerPort: 81 } ] }
              - { name: b, image: i, ports: [ { name: http, containerPort: 8080, protocol: UDP } ] }
            status: { phase: Running, podIP: 10.0.0.9, podIPs: [ { ip: 10.0.0.9 }, { ip: "fd00::9" } ] }
            ---
            apiVersion: v1
            kind: Pod
            metadata: { name: done, namespace: shop }
            spec: { containers: [ { name: a, image: i } ] }
            status: { phase: Succeeded, podIP: 10.0.0.9 }
            ---
            apiVersion: v1
            kind: Node
            metadata: { name: n1, labels: { r: a } }
            status:
              addresses:
              - { type: InternalIP, address: 192.168.0.1 }
              - { type: Hostname, address: n1 }
              - { type: InternalIP, address: "fd00::1" }
            ---
            apiVersion: v1
            kind: Service
            metadata: { name: s, namespace: shop }
            spec:
              clusterIP: 10.96.0.1
              selector: { app: web }
              ports: [ { name: w, port: 80, targetPort: http }, { name: x, port: 90 } ]
            """).Snapshot;
        var pod = Assert.Single(snapshot.Endpoints);
        Assert.Equal(new Workload("Deployment", "web"), pod.Workload);
        Assert.Equal([Address.Parse("10.0.0.9"), Address.Parse("fd00::9")], pod.Addresses);
        Assert.Equal(
            [new("http", Protocol.Tcp, 80), new("http", Protocol.Udp, 8080), new("mesh", Protocol.Tcp, 15001)],
            pod.NamedPorts.AsEnumerable());
        Assert.Equal([Address.Parse("192.168.0.1"), Address.Parse("fd00::1")], Assert.Single(snapshot.Nodes).Addresses);
        var service = Assert.Single(snapshot.Services);
        Assert.Equal([new("w", Protocol.Tcp, 80, 0, "http"), new("x", Protocol.Tcp, 90, 90, null)],
            service.Ports.AsEnumerable());
        Assert.Equal("shop", Assert.Single(snapshot.Namespaces).Labels.ValueOf(ClusterSnapshot.NameLabel));
    }

    [Fact]
    public void Workloads_stand_for_one_pod_each_unless_they_have_pods()
    {
        const string Template = """
            {metadata: {labels: {app: x}},"spec":{"restartPolicy":"Always","containers":[{name: c,"image":"i"}]}}
            """;
        var workloads = new[] { "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet" }.Select(kind => $$"""
            apiVersion: apps/v1
            kind: {{kind}}
            metadata: { name: w }
            spec:
              selector: { matchLabels: { app: x } }
              template: {{Template}}
            """);
        var cron = $$"""
            apiVersion: batch/v1
            kind: CronJob
            metadata: { name: c }
            spec:
              schedule: '* * * * *'
              jobTemplate:
                spec:
                  template: {{Template.Replace("Always", "Never", StringComparison.Ordinal)}}
            """;
        const string Pod = """
            apiVersion: v1
            kind: Pod
            metadata:
              name: w-0
              ownerReferences: [ { apiVersion: apps/v1, kind: StatefulSet, name: w, uid: u, controller: true } ]
            spec: { containers: [ { name: c, image: i } ] }
            """;
        var text = string.Join("\n---\n", [.. workloads, cron, Pod]);
        var set = ManifestSet.Parse(text);
        Assert.Empty(set.Diagnostics);
        Assert.Equal(
            ["c CronJob/c", "w Deployment/w", "w-0 StatefulSet/w", "w-daemonset DaemonSet/w",
                "w-replicaset ReplicaSet/w"],
            set.Snapshot.Endpoints.Select(pod => $"{pod.Name} {pod.Workload.Kind}/{pod.Workload.Name}"));
        Assert.Equal(10, set.Snapshot.Endpoints.SelectMany(pod => pod.Addresses).Distinct().Count());
    }

    [Fact]
    public void What_a_workload_made_stands_for_no_pod_beside_those_that_are()
    {
        static string Made(string kind, string name, string by, string ofKind) => $$"""
            ---
            apiVersion: {{(kind == "Job" ? "batch/v1" : "apps/v1")}}
            kind: {{kind}}
            metadata:
              name: {{name}}
              ownerReferences: [ { apiVersion: x/v1, kind: {{ofKind}}, name: {{by}}, uid: u, controller: true } ]
            spec:
              selector: { matchLabels: { app: x } }
              template:
                metadata: { labels: { app: x } }
                spec: { restartPolicy: {{(kind == "Job" ? "Never" : "Always")}}, containers: [ { name: c, image: i } ] }

            """;
        const string Deployment = """
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata: { name: web }
            spec:
              selector: { matchLabels: { app: x } }
              template: { metadata: { labels: { app: x } }, spec: { containers: [ { name: c, image: i } ] } }

            """;
        const string Cron = """
            ---
            apiVersion: batch/v1
            kind: CronJob
            metadata: { name: night }
            spec:
              schedule: '* * * * *'
              jobTemplate:
                spec: { template: { spec: { restartPolicy: Never, containers: [ { name: c, image: i } ] } } }

            """;
        const string Pods = """
            ---
            apiVersion: v1
            kind: Pod
            metadata:
              name: web-new-1
              labels: { pod-template-hash: new }
              ownerReferences: [ { apiVersion: apps/v1, kind: ReplicaSet, name: web-new, uid: u, controller: true } ]
            spec: { containers: [ { name: c, image: i } ] }
            ---
            apiVersion: v1
            kind: Pod
            metadata:
              name: night-7-x
              ownerReferences: [ { apiVersion: batch/v1, kind: Job, name: night-7, uid: u, controller: true } ]
            spec: { containers: [ { name: c, image: i } ] }

            """;
        static string[] Names(string text) =>
            [.. ManifestSet.Parse(text).Snapshot.Endpoints.Select(pod => pod.Name)];
        var sets = Made("ReplicaSet", "web-old", "web", "Deployment")
            + Made("ReplicaSet", "web-new", "web", "Deployment");
        var job = Made("Job", "night-7", "night", "CronJob");
        Assert.Equal(["night-7-x", "web-new-1"], Names(Cron + job + sets + Deployment + Pods));
        Assert.Equal(["night-7-x", "web-new-1"], Names(Pods + job + sets));
        Assert.Equal(["night", "web"], Names(Deployment + sets + job + Cron));
        // Nothing stands for what somebody else made: it does itself.
        Assert.Equal(["night-7", "web-new", "web-old"], Names(sets + job));
    }

    [Fact]
    public void A_hostNetwork_pod_has_the_address_of_its_node()
    {
        static string Pod(string name, string spec, string status = "{}") => $$"""
            ---
            apiVersion: v1
            kind: Pod
            metadata: { name: {{name}} }
            spec: { hostNetwork: true, {{spec}} containers: [ { name: c, image: i } ] }
            status: {{status}}

            """;
        const string Node = """
            ---
            apiVersion: v1
            kind: Node
            metadata: { name: n1 }
            status: { addresses: [ { type: InternalIP, address: 192.168.0.1 }, { type: Hostname, address: n1 } ] }

            """;
        var pods = ManifestSet.Parse(
            Pod("a", "nodeName: n1,") + Pod("b", "nodeName: n2,") + Pod("c", "nodeName: n2,") + Pod("d", "") + Node
            + Pod("e", "nodeName: n1,", "{ podIP: 192.168.0.9 }")).Snapshot.Endpoints;
        Assert.Equal("192.168.0.1", Assert.Single(pods[0].Addresses).ToString());
        Assert.Equal(2, pods[1].Addresses.Length);
        Assert.Equal(pods[1].Addresses.AsEnumerable(), pods[2].Addresses);
        Assert.Equal(2, pods[3].Addresses.Length);
        Assert.NotEqual(pods[2].Addresses[0], pods[3].Addresses[0]);
        Assert.Equal("192.168.0.9", Assert.Single(pods[4].Addresses).ToString());
    }

    [Fact]
    public void What_has_only_a_generateName_counts()
    {
        static string Policy(string subject) =>
            "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { generateName: wall- }\n"
            + $"spec: {{ podSelector: {{ matchLabels: {{ app: {subject} }} }} }}\n";
        var set = ManifestSet.Parse(Policy("a") + Policy("b"));
        Assert.Empty(set.Diagnostics);
        Assert.Equal(
            ["wall-00001 app=a", "wall-00002 app=b"],
            set.Snapshot.NetworkPolicies.Select(policy => $"{policy.Name} {policy.Subject}"));
    }

    [Fact]
    public void Made_up_addresses_depend_on_the_pod_alone()
    {
        static string Pod(string name) =>
            "---\napiVersion: v1\nkind: Pod\nspec: { containers: [ { name: c, image: i } ] }\n"
            + $"metadata: {{ name: {name} }}\n";
        var alone = ManifestSet.Parse(Pod("a")).Snapshot.Endpoints[0].Addresses;
        var among = ManifestSet.Parse(Pod("z") + Pod("b") + Pod("a")).Snapshot.Endpoints[0].Addresses;
        Assert.Equal(alone, among);
        Assert.True(Cidr.Parse("198.18.0.0/15").Contains(alone[0]) && Cidr.Parse("2001:2::/48").Contains(alone[1]));
        var many = string.Concat(Enumerable.Range(0, 2000).Select(i => Pod($"p{i}")));
        Assert.Equal(4000,
            ManifestSet.Parse(many).Snapshot.Endpoints.SelectMany(pod => pod.Addresses).Distinct().Count());
    }

    [Fact]
    public void The_corpora_read_without_an_error()
    {
        var folder = SharedFiles.Path("corpus/recipes");
        var set =
            ManifestSet.Load([folder, SharedFiles.Path("corpus/k8s-e2e/policies"),
                SharedFiles.Path("seed/allow-web.yaml"), SharedFiles.Path("seed/deny-all.yaml")]);
        Assert.DoesNotContain(set.Diagnostics, diagnostic =>
            diagnostic.Id is "PL-D002" or "PL-D004" or "PL-D011" or "PL-D012");
        Assert.NotEmpty(set.Snapshot.NetworkPolicies);
    }
}
