using System.Text.Json.Nodes;
using Palisade.Lab.Connect;
using Xunit;

namespace Palisade.EndToEnd.Tests;

/// <summary>Services by kubectl and by packets: addresses, endpoints, translation, and policies after it.</summary>
public sealed class ServiceTests
{
    // "http" is 8080 on one pod and 9090 on the other; the third declares no such name.
    private const string Pods = """
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: one, namespace: shop, labels: { app: web } }
        spec:
          containers:
          - name: c
            image: i
            ports: [ { name: http, containerPort: 8080 }, { name: dns, containerPort: 5353, protocol: UDP } ]
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: two, namespace: shop, labels: { app: web } }
        spec: { containers: [ { name: c, image: i, ports: [ { name: http, containerPort: 9090 } ] } ] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: plain, namespace: shop, labels: { app: web } }
        spec: { containers: [ { name: c, image: i, ports: [ { containerPort: 7070 } ] } ] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: client, namespace: shop, labels: { app: client } }
        spec: { containers: [ { name: c, image: i } ] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: web, namespace: shop }
        spec:
          ipFamilyPolicy: PreferDualStack
          selector: { app: web }
          ports:
          - { name: web, port: 80, targetPort: http }
          - { name: names, port: 53, protocol: UDP, targetPort: dns }
          - { name: none, port: 81, targetPort: nowhere }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: own, namespace: shop }
        spec: { selector: { app: client }, ports: [ { port: 8000, targetPort: 80 } ] }
        """;

    [Theory]
    [InlineData("routed")]
    [InlineData("bridged")]
    public async Task Services_lead_to_ready_pods_and_policies_judge_where_they_lead(string cni)
    {
        Needs.Cluster();
        await using var up = await UpProcess.StartAsync(UpProcess.NewData(), "--nodes", "2", "--cni", cni);
        await up.ApplyAsync(Pods);
        await up.KubectlAsync("wait", "--for=condition=Ready", "pod", "--all", "-n", "shop", "--timeout=20s");
        var (v4, v6) = await Kubectl_shows_addresses_and_endpoints(up);
        await Connections_are_shared_out_by_named_port(up, v4, v6);
        await What_has_no_endpoint_is_refused(up);
        await A_pod_reaches_itself_through_its_service(up);
        await The_command_line_goes_through_the_service(up, v4);
        await Policies_judge_pods_and_target_ports(up);
        await Labels_and_deletions_move_endpoints(up);
        await Addresses_are_kept_and_refused_like_kubernetes_does(up, v4);
        await A_client_that_keeps_its_udp_port_follows_the_endpoints(up);
        Assert.DoesNotContain("Services of node", up.Said, StringComparison.Ordinal);
    }

    private static async Task A_client_that_keeps_its_udp_port_follows_the_endpoints(UpProcess up)
    {
        await up.ApplyAsync("""
            apiVersion: v1
            kind: Namespace
            metadata: { name: talk }
            ---
            apiVersion: v1
            kind: Service
            metadata: { name: echo, namespace: talk }
            spec: { selector: { app: echo }, ports: [ { port: 7, protocol: UDP, targetPort: 5454 } ] }
            """ + Echo("first"));
        await up.KubectlAsync("wait", "--for=condition=Ready", "pod/first", "-n", "talk", "--timeout=20s");
        await up.KubectlAsync(
            "run", "talker", "-n", "talk", "--image=bash", "--command", "--", "bash", "-c",
            "exec 3<>/dev/udp/echo/7; while :; do echo x >&3; read -t 1 -n 1 -u 3 answer && echo got; sleep 0.1; done");
        await Eventually.TrueAsync(async () => await AnsweredAsync() > 0);
        await up.ApplyAsync(Echo("second"));
        await up.KubectlAsync("wait", "--for=condition=Ready", "pod/second", "-n", "talk", "--timeout=20s");
        await up.KubectlAsync("delete", "pod", "first", "-n", "talk");
        var before = await AnsweredAsync();
        await Eventually.TrueAsync(async () => await AnsweredAsync() > before + 2);

        async Task<int> AnsweredAsync() =>
            (await up.TryKubectlAsync("logs", "talker", "-n", "talk")).Output.Split('\n').Count(line => line == "got");

        static string Echo(string name) => $$"""

            ---
            apiVersion: v1
            kind: Pod
            metadata: { name: {{name}}, namespace: talk, labels: { app: echo } }
            spec: { containers: [ { name: c, image: i, ports: [ { containerPort: 5454, protocol: UDP } ] } ] }
            """;
    }

    private static async Task<(string V4, string V6)> Kubectl_shows_addresses_and_endpoints(UpProcess up)
    {
        var json = JsonNode.Parse(await up.KubectlAsync("get", "service", "web", "-n", "shop", "-o", "json"))!;
        var addresses = json["spec"]!["clusterIPs"]!.AsArray().Select(ip => ip!.GetValue<string>()).ToArray();
        Assert.Equal(2, addresses.Length);
        Assert.StartsWith("10.96.", addresses[0], StringComparison.Ordinal);
        Assert.StartsWith("fd00:10:96::", addresses[1], StringComparison.Ordinal);
        Assert.Equal(addresses[0], json["spec"]!["clusterIP"]!.GetValue<string>());
        var table = await up.KubectlAsync("get", "services,endpointslices", "-n", "shop");
        Assert.Contains(addresses[0], table, StringComparison.Ordinal);
        Assert.Contains("80/TCP,53/UDP,81/TCP", table, StringComparison.Ordinal);
        await Eventually.TrueAsync(() => Slices(up, "web").Result is { Count: 6 });
        var slices = await Slices(up, "web");
        Assert.Equal(
            ["8080,5353", "9090", ""], slices.Where(IsV4).Select(PortsOf).OrderByDescending(ports => ports.Length));
        return (addresses[0], addresses[1]);
    }

    private static async Task Connections_are_shared_out_by_named_port(UpProcess up, string v4, string v6)
    {
        (string To, int Family)[] ways = [("svc:shop/web", 4), ("svc:shop/web", 6), ($"ip:{v4}", 4), ($"ip:{v6}", 6)];
        foreach (var (to, family) in ways)
        {
            var answers = await up.ConnectAsync(
                [.. Enumerable.Repeat(new ConnectRequest("shop/client", to, "TCP", 80, family), 30)]);
            Assert.Equal(["HTTP 200 one", "HTTP 200 two"], answers.Select(a => a.Answer).Distinct().Order());
        }

        var udp = await up.ConnectAsync(
            [new("shop/client", "svc:shop/web", "UDP", 53), new("shop/client", "svc:shop/web", "UDP", 53, 6)]);
        Assert.All(udp, answer => Assert.Equal("echo palisade", answer.Answer));
        foreach (var node in (string[])["node:node-1", "node:node-2"])
        {
            var answer = await up.ConnectOneAsync(new(node, "svc:shop/web"));
            Assert.StartsWith("HTTP 200", answer.Answer, StringComparison.Ordinal);
        }
    }

    private static async Task What_has_no_endpoint_is_refused(UpProcess up)
    {
        foreach (var from in (string[])["shop/client", "node:node-1"])
        {
            var answers = await up.ConnectAsync(
                [
                    new(from, "svc:shop/web", "TCP", 81), new(from, "svc:shop/web", "TCP", 82, 6),
                    new(from, "svc:shop/web", "UDP", 80), new(from, "ip:10.96.255.7", "TCP", 80),
                ]);
            // The node's own datagram fails at once, with EPERM: its stack is told while it still sends.
            var datagram = from == "node:node-1" ? "failed: AccessDenied" : "refused";
            Assert.Equal(["refused", "refused", datagram], answers.Take(3).Select(answer => answer.Answer));
            Assert.False(answers[3].Reached, answers[3].Answer);
        }

        var outside = await up.ConnectOneAsync(new("ip:203.0.113.9", "svc:shop/web"));
        Assert.Contains("in their pods only", outside.Error, StringComparison.Ordinal);
    }

    private static async Task A_pod_reaches_itself_through_its_service(UpProcess up)
    {
        async Task<string> Hairpin() =>
            (await up.ConnectOneAsync(new("shop/client", "svc:shop/own", "TCP", 8000))).Answer;
        Assert.Equal("HTTP 200 client", await Hairpin());
        // A NetworkPolicy never denies a pod to itself; a ClusterNetworkPolicy does, through a Service (ADR 0014).
        await up.ApplyAsync(Policy("alone", "{ matchLabels: { app: client } }", "[Ingress, Egress]"));
        Assert.Equal("HTTP 200 client", await Hairpin());
        await up.ApplyAsync("""
            apiVersion: policy.networking.k8s.io/v1alpha2
            kind: ClusterNetworkPolicy
            metadata: { name: not-even-itself }
            spec:
              tier: Admin
              priority: 1
              subject: { pods: { namespaceSelector: {}, podSelector: { matchLabels: { app: client } } } }
              egress:
              - name: itself
                action: Deny
                to: [ { pods: { namespaceSelector: {}, podSelector: { matchLabels: { app: client } } } } ]
            """);
        Assert.Equal("timeout", await Hairpin());
        var verdict = await up.PalisadeAsync("explain", "shop/client", "svc:shop/own", "--port", "8000");
        Assert.True(verdict.Code == 1, verdict.ToString());
        await up.KubectlAsync("delete", "clusternetworkpolicy", "not-even-itself");
        await up.KubectlAsync("delete", "networkpolicy", "alone", "-n", "shop");
    }

    private static async Task The_command_line_goes_through_the_service(UpProcess up, string v4)
    {
        foreach (var to in (string[])["svc:shop/web", $"ip:{v4}"])
        {
            var ran = await up.PalisadeAsync("connect", "shop/client", to, "--port", "web");
            Assert.True(ran.Code == 0, ran.ToString());
            Assert.Contains("svc:shop/web", ran.Output, StringComparison.Ordinal);
            Assert.Contains("HTTP 200", ran.Output, StringComparison.Ordinal);
        }
    }

    private static async Task Policies_judge_pods_and_target_ports(UpProcess up)
    {
        // The Service's port says nothing to a policy: 8080 does, and only one pod has it.
        await up.ApplyAsync(Policy(
            "target", "{ matchLabels: { app: web } }", "[Ingress]", "ingress: [ { ports: [ { port: 8080 } ] } ]"));
        var answers = await up.ConnectAsync(
            [.. Enumerable.Repeat(new ConnectRequest("shop/client", "svc:shop/web", TimeoutMilliseconds: 400), 30)]);
        Assert.Equal(["HTTP 200 one", "timeout"], answers.Select(answer => answer.Answer).Distinct().Order());
        await up.ApplyAsync(Policy(
            "target", "{ matchLabels: { app: web } }", "[Ingress]", "ingress: [ { ports: [ { port: 80 } ] } ]"));
        var denied = await up.PalisadeAsync("connect", "shop/client", "svc:shop/web", "--port", "80");
        Assert.True(denied.Code == 1, denied.ToString());
        Assert.Contains("timeout", denied.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("disagree", denied.Output, StringComparison.Ordinal);
        // By name it is another number on each pod, and the Service leads to both.
        await up.ApplyAsync(Policy(
            "target", "{ matchLabels: { app: web } }", "[Ingress]", "ingress: [ { ports: [ { port: http } ] } ]"));
        answers = await up.ConnectAsync(
            [.. Enumerable.Repeat(new ConnectRequest("shop/client", "svc:shop/web", TimeoutMilliseconds: 400), 30)]);
        Assert.Equal(["HTTP 200 one", "HTTP 200 two"], answers.Select(answer => answer.Answer).Distinct().Order());
        await up.KubectlAsync("delete", "networkpolicy", "target", "-n", "shop");
    }

    private static async Task Labels_and_deletions_move_endpoints(UpProcess up)
    {
        async Task LeadsTo(params string[] expected)
        {
            var began = TimeProvider.System.GetTimestamp();
            string[] met;
            do
            {
                var answers = await up.ConnectInForceAsync(
                    [.. Enumerable.Repeat(new ConnectRequest("shop/client", "svc:shop/web"), 20)]);
                met = [.. answers.Select(answer => answer.Answer).Distinct().Order()];
            }
            // Nobody that is gone may answer; on a machine that is very busy one that is there may be late.
            while (met.SequenceEqual([.. expected, "timeout"])
                && TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(60));
            Assert.Equal(expected, met);
        }

        await up.KubectlAsync("label", "pod", "two", "-n", "shop", "app=other", "--overwrite");
        await LeadsTo("HTTP 200 one");
        await up.KubectlAsync("label", "pod", "two", "-n", "shop", "app=web", "--overwrite");
        await LeadsTo("HTTP 200 one", "HTTP 200 two");
        await up.KubectlAsync("delete", "pod", "one", "-n", "shop");
        await LeadsTo("HTTP 200 two");
        await up.KubectlAsync("delete", "pod", "two", "-n", "shop");
        await LeadsTo("refused");
        Assert.Empty(await Slices(up, "nobody"));
        await up.KubectlAsync("delete", "service", "own", "-n", "shop");
        await Eventually.TrueAsync(() => Slices(up, "own").Result.Count == 0);
    }

    private static async Task Addresses_are_kept_and_refused_like_kubernetes_does(UpProcess up, string v4)
    {
        var before = await up.KubectlAsync("get", "service", "web", "-n", "shop", "-o", "jsonpath={.spec.clusterIPs}");
        await up.ApplyAsync(Pods);
        var after = await up.KubectlAsync("get", "service", "web", "-n", "shop", "-o", "jsonpath={.spec.clusterIPs}");
        Assert.Equal(before, after);
        Task<Ran> Create(string name, string address) => up.TryKubectlAsync(
            "create", "service", "clusterip", name, $"--clusterip={address}", "--tcp=80");
        var taken = await Create("thief", v4);
        Assert.Contains(
            $"failed to allocate IP {v4}: provided IP is already allocated", taken.Errors, StringComparison.Ordinal);
        var far = await Create("far", "192.0.2.1");
        Assert.Contains("The range of valid IPs is 10.96.0.0/16", far.Errors, StringComparison.Ordinal);
        var moved = await up.TryKubectlAsync(
            "patch", "service", "web", "-n", "shop", "-p", """{"spec":{"clusterIP":"10.96.3.3"}}""");
        Assert.Contains("may not change once set", moved.Errors, StringComparison.Ordinal);
        await up.KubectlAsync("delete", "service", "web", "-n", "shop");
        Assert.Equal(0, (await Create("thief", v4)).Code);
    }

    private static string Policy(string name, string selector, string types, string rest = "") => $$"""
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: {{name}}, namespace: shop }
        spec:
          podSelector: {{selector}}
          policyTypes: {{types}}
          {{rest}}
        """;

    private static async Task<IReadOnlyList<JsonNode>> Slices(UpProcess up, string service)
    {
        var list = await up.KubectlAsync(
            "get", "endpointslices", "-n", "shop", "-l", $"kubernetes.io/service-name={service}", "-o", "json");
        return [.. JsonNode.Parse(list)!["items"]!.AsArray().Select(item => item!)];
    }

    private static bool IsV4(JsonNode slice) => slice["addressType"]!.GetValue<string>() == "IPv4";

    private static string PortsOf(JsonNode slice) =>
        string.Join(',', slice["ports"]!.AsArray().Select(port => port!["port"]!.ToString()));
}
