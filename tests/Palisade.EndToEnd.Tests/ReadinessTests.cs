using Palisade.Lab.Connect;
using Xunit;

namespace Palisade.EndToEnd.Tests;

/// <summary>The kubelet's questions, through closed gates, and what follows from them.</summary>
public sealed class ReadinessTests
{
    private const string Objects = """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: closed, namespace: default }
        spec: { podSelector: { matchLabels: { app: web } }, policyTypes: [Ingress, Egress] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: http, labels: { app: web } }
        spec:
          containers:
          - name: c
            image: i
            ports: [ { name: web, containerPort: 8080 } ]
            readinessProbe: { httpGet: { port: web, path: /healthz }, periodSeconds: 1 }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: tcp, labels: { app: web } }
        spec:
          containers:
          - name: c
            image: i
            ports: [ { containerPort: 8080 } ]
            readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: deaf, labels: { app: web } }
        spec:
          containers:
          - name: c
            image: i
            ports: [ { containerPort: 8080 } ]
            readinessProbe: { tcpSocket: { port: 8081 }, periodSeconds: 1 }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: host }
        spec:
          hostNetwork: true
          nodeName: node-2
          containers: [ { name: c, image: i, ports: [ { containerPort: 8090 } ] } ]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: web }
        spec: { selector: { app: web }, ports: [ { port: 80, targetPort: 8080 } ] }
        """;

    [Fact]
    public async Task Probes_pass_closed_gates_and_readiness_decides_who_is_behind_a_service()
    {
        Needs.Cluster();
        await using var up = await UpProcess.StartAsync(UpProcess.NewData(), "--nodes", "2");
        await up.ApplyAsync(Objects);
        await up.KubectlAsync("run", "client", "--image=busybox");
        await up.KubectlAsync(
            "wait", "--for=condition=Ready", "pod/http", "pod/tcp", "pod/client", "pod/host", "--timeout=20s");
        // Others are stopped by the very gate that the probes pass.
        Assert.Equal("timeout", (await up.ConnectOneAsync(new("default/client", "default/http", "TCP", 8080))).Answer);
        Assert.Equal("timeout", (await up.ConnectOneAsync(new("default/client", "svc:default/web"))).Answer);
        Assert.Matches(@"(?m)^deaf +0/1 +Running ", await up.KubectlAsync("get", "pods"));
        await up.KubectlAsync("delete", "networkpolicy", "closed");
        var answers = await up.ConnectAsync(
            [.. Enumerable.Repeat(new ConnectRequest("default/client", "svc:default/web"), 30)]);
        Assert.Equal(["HTTP 200 http", "HTTP 200 tcp"], answers.Select(answer => answer.Answer).Distinct().Order());

        // A pod on the node's network stands behind a Service with the node's address, and reaches Services from there.
        await up.ApplyAsync("""
            apiVersion: v1
            kind: Service
            metadata: { name: host }
            spec: { selector: { app: host }, ports: [ { port: 80, targetPort: 8090 } ] }
            """);
        await up.KubectlAsync("label", "pod", "host", "app=host");
        foreach (var from in (string[])["default/client", "default/host", "node:node-1"])
            Assert.Equal("HTTP 200 host", (await up.ConnectOneAsync(new(from, "svc:default/host"))).Answer);
        var hosts = await up.ConnectOneAsync(new("default/host", "svc:default/web"));
        Assert.StartsWith("HTTP 200", hosts.Answer, StringComparison.Ordinal);
    }
}
