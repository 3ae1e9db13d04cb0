using Palisade.Lab.Connect;
using Xunit;

namespace Palisade.EndToEnd.Tests;

/// <summary>What pods do: listen, run commands, end, come and go.</summary>
public sealed class PodTests
{
    private const string Ports = """
        apiVersion: v1
        kind: Pod
        metadata: { name: ports, namespace: default }
        spec:
          containers:
          - name: one
            image: one
            ports: [ { containerPort: 8080 }, { containerPort: 53, protocol: UDP } ]
          - name: two
            image: two
            ports: [ { containerPort: 9090, protocol: SCTP } ]
        """;

    [Fact]
    public async Task Pods_listen_run_commands_and_go()
    {
        Needs.Cluster();
        await using var up = await UpProcess.StartAsync(UpProcess.NewData(), "--nodes", "2");
        await Declared_ports_answer(up);
        await Undeclared_port_80_answers_and_the_warning_says_so(up);
        await Commands_run_in_the_pods_namespace(up);
        await Restart_policy_decides_what_becomes_of_a_command(up);
        await A_pod_on_the_hosts_network_is_its_node(up);
        await A_deleted_pod_ends_in_its_time(up);
        await A_pod_that_fits_no_node_starts_when_one_is_labelled(up);
        await An_address_that_is_asked_for_is_given(up);
        await A_deleted_pods_address_is_not_the_next_ones(up);
        await A_bad_request_says_what_is_wrong(up);
    }

    private static async Task Declared_ports_answer(UpProcess up)
    {
        await up.ApplyAsync(Ports);
        await up.KubectlAsync("run", "client", "--image=busybox");
        await up.KubectlAsync("wait", "--for=condition=Ready", "pod/ports", "pod/client", "--timeout=20s");
        foreach (var family in (int[])[4, 6])
        {
            ConnectRequest To(string protocol, int? port) =>
                new("default/client", "default/ports", protocol, port, family);
            var answers = await up.ConnectAsync(
                [To("TCP", 8080), To("UDP", 53), To("SCTP", 9090), To("ICMP", null), To("TCP", 80), To("UDP", 54),
                    To("SCTP", 9091)]);
            Assert.Equal(
                ["HTTP 200 ports", "echo palisade", "INIT ACK", "echo reply", "refused", "refused", "refused"],
                answers.Select(answer => answer.Answer));
            Assert.Equal([true, true, true, true, false, false, false], answers.Select(answer => answer.Connected));
            Assert.All(answers, answer => Assert.True(answer.Reached));
        }
    }

    private static async Task Undeclared_port_80_answers_and_the_warning_says_so(UpProcess up)
    {
        var ran = await up.TryKubectlAsync("run", "plain", "--image=nginx");
        Assert.Contains(
            "Warning: images are not pulled here: a built-in server listens on 80/TCP (no port is declared)",
                ran.Errors,
            StringComparison.Ordinal);
        ran = await up.TryKubectlAsync("""
            apiVersion: v1
            kind: Pod
            metadata: { name: prepared, namespace: default }
            spec:
              initContainers: [ { name: prepare, image: i, command: [ "false" ] }, { name: silent, image: i } ]
              containers: [ { name: c, image: i } ]
            """, ["apply", "-f", "-"]);
        Assert.Contains(
            "the commands of init containers do not run (prepare)", ran.Errors, StringComparison.Ordinal);
        await up.KubectlAsync("wait", "--for=condition=Ready", "pod/plain", "--timeout=20s");
        Assert.Equal("HTTP 200 plain", (await up.ConnectOneAsync(new("default/client", "default/plain"))).Answer);
    }

    private static async Task Commands_run_in_the_pods_namespace(UpProcess up)
    {
        await up.KubectlAsync(
            "run", "job", "--image=busybox", "--restart=Never", "--env=GREETING=hello", "--command", "--",
            "sh", "-c", "echo $GREETING $POD_NAMESPACE/$POD_NAME $POD_IP; cat /proc/net/dev");
        await up.KubectlAsync("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/job", "--timeout=20s");
        var address = await up.KubectlAsync("get", "pod", "job", "-o", "jsonpath={.status.podIP}");
        var log = await up.KubectlAsync("logs", "job");
        Assert.StartsWith($"hello default/job {address}\n", log, StringComparison.Ordinal);
        Assert.Contains("eth0:", log, StringComparison.Ordinal);
        // The machine's own uplink, or any other lab's, would be a third line.
        Assert.Equal(2, log.Split('\n').Count(line => line.Contains(':')));
    }

    private static async Task Restart_policy_decides_what_becomes_of_a_command(UpProcess up)
    {
        await up.KubectlAsync(
            "run", "fails", "--image=busybox", "--restart=Never", "--command", "--", "sh", "-c", "exit 7");
        await up.KubectlAsync("run", "loops", "--image=busybox", "--command", "--", "sh", "-c", "exit 1");
        await up.KubectlAsync(
            "run", "missing", "--image=busybox", "--restart=Never", "--command", "--", "no-such-program-here");
        await up.KubectlAsync(
            "wait", "--for=jsonpath={.status.phase}=Failed", "pod/fails", "pod/missing", "--timeout=20s");
        var code = await up.KubectlAsync(
            "get", "pod", "fails", "-o", "jsonpath={.status.containerStatuses[0].state.terminated.exitCode}");
        Assert.Equal("7", code);
        await up.KubectlAsync(
            "wait", "--for=jsonpath={.status.containerStatuses[0].restartCount}=1", "pod/loops", "--timeout=20s");
        var log = await up.KubectlAsync("logs", "missing");
        Assert.Contains("no-such-program-here: no such program on this machine", log, StringComparison.Ordinal);
    }

    private static async Task A_pod_on_the_hosts_network_is_its_node(UpProcess up)
    {
        await up.ApplyAsync("""
            apiVersion: v1
            kind: Pod
            metadata: { name: host, namespace: default }
            spec:
              hostNetwork: true
              nodeName: node-2
              containers: [ { name: host, image: host, ports: [ { containerPort: 9000 } ] } ]
            """);
        await up.KubectlAsync("wait", "--for=condition=Ready", "pod/host", "--timeout=20s");
        Assert.Equal("172.30.0.2", await up.KubectlAsync("get", "pod", "host", "-o", "jsonpath={.status.podIP}"));
        Assert.Equal(
            "HTTP 200 host", (await up.ConnectOneAsync(new("default/client", "node:node-2", Port: 9000))).Answer);
    }

    private static async Task A_deleted_pod_ends_in_its_time(UpProcess up)
    {
        var (go, done) = (Path.Combine(up.Data, "go"), Path.Combine(up.Data, "done"));
        async Task RunAsync(string name, string onTerminate)
        {
            await up.KubectlAsync(
                "run", name, "--image=bash", "--command", "--", "bash", "-c",
                $"trap '{onTerminate}' TERM; echo up; while :; do sleep 0.1; done");
            await Eventually.TrueAsync(async () => (await up.TryKubectlAsync("logs", name)).Output == "up\n");
        }

        await RunAsync("tidy", $"until [ -e {go} ]; do sleep 0.1; done; touch {done}; exit 0");
        await up.KubectlAsync("delete", "pod", "tidy", "--wait=false");
        Assert.Equal("30", await up.KubectlAsync(
            "get", "pod", "tidy", "-o", "jsonpath={.metadata.deletionGracePeriodSeconds}"));
        Assert.Contains("Terminating", await up.KubectlAsync("get", "pod", "tidy"), StringComparison.Ordinal);
        // It has its network until it has ended.
        Assert.Equal("HTTP 200 client", (await up.ConnectOneAsync(new("default/tidy", "default/client"))).Answer);
        await File.WriteAllTextAsync(go, "");
        await up.KubectlAsync("wait", "--for=delete", "pod/tidy", "--timeout=20s");
        Assert.True(File.Exists(done));

        await RunAsync("stubborn", "");
        await up.KubectlAsync("delete", "pod", "stubborn", "--grace-period=1", "--timeout=20s");
        await RunAsync("forced", "");
        await up.KubectlAsync("delete", "pod", "forced", "--wait=false");
        await up.KubectlAsync("delete", "pod", "forced", "--grace-period=0", "--force", "--timeout=20s");
        await Eventually.TrueAsync(() => !Traces.Marked($"PALISADE_LAB={up.Data}")
            .Any(id => Traces.CommandOf(id).Contains("echo up", StringComparison.Ordinal)));
    }

    private static async Task A_pod_that_fits_no_node_starts_when_one_is_labelled(UpProcess up)
    {
        await up.ApplyAsync("""
            apiVersion: v1
            kind: Pod
            metadata: { name: picky, namespace: default }
            spec: { nodeSelector: { disk: ssd }, containers: [ { name: c, image: i } ] }
            """);
        await up.KubectlAsync("wait", "--for=condition=PodScheduled=false", "pod/picky", "--timeout=20s");
        await up.KubectlAsync("label", "node", "node-2", "disk=ssd");
        await up.KubectlAsync("wait", "--for=condition=Ready", "pod/picky", "--timeout=20s");
        Assert.Equal("node-2", await up.KubectlAsync("get", "pod", "picky", "-o", "jsonpath={.spec.nodeName}"));
    }

    private static async Task An_address_that_is_asked_for_is_given(UpProcess up)
    {
        await up.ApplyAsync("""
            apiVersion: v1
            kind: Pod
            metadata:
              name: asks
              namespace: default
              annotations: { lab.palisade.dev/pod-ips: "192.0.2.77,2001:db8::77" }
            spec: { containers: [ { name: asks, image: asks } ] }
            """);
        await up.KubectlAsync("wait", "--for=condition=Ready", "pod/asks", "--timeout=20s");
        Assert.Equal(
            """[{"ip":"192.0.2.77"},{"ip":"2001:db8::77"}]""",
            await up.KubectlAsync("get", "pod", "asks", "-o", "jsonpath={.status.podIPs}"));
        var answers = await up.ConnectAsync(
            [new("default/client", "default/asks"), new("ip:203.0.113.1", "default/asks"),
                new("default/plain", "default/asks", Family: 6)]);
        Assert.Equal(["HTTP 200 asks", "HTTP 200 asks", "HTTP 200 asks"], answers.Select(answer => answer.Answer));
    }

    private static async Task A_deleted_pods_address_is_not_the_next_ones(UpProcess up)
    {
        var before = await up.KubectlAsync("get", "pod", "plain", "-o", "jsonpath={.status.podIP}");
        await up.KubectlAsync("delete", "pod", "plain", "--wait=true");
        var gone = await up.ConnectOneAsync(new("default/client", "default/plain"));
        Assert.Equal("default/plain: no such pod runs", gone.Error);
        await up.KubectlAsync("run", "plain", "--image=nginx");
        await up.KubectlAsync("wait", "--for=condition=Ready", "pod/plain", "--timeout=20s");
        Assert.NotEqual(before, await up.KubectlAsync("get", "pod", "plain", "-o", "jsonpath={.status.podIP}"));
    }

    private static async Task A_bad_request_says_what_is_wrong(UpProcess up)
    {
        const string request = """{"from": "default/client"}""";
        var ran = await up.TryKubectlAsync(request, ["create", "--raw", ConnectRequest.Path, "-f", "-"]);
        Assert.Equal(1, ran.Code);
        Assert.Contains("to: required: ns/pod, node:NAME or ip:ADDRESS", ran.Errors, StringComparison.Ordinal);
    }
}
