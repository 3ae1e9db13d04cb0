using Palisade.Lab.Connect;
using Xunit;

namespace Palisade.EndToEnd.Tests;

/// <summary>Cluster DNS with the machine's own programs inside pods, and policies on it by packets.</summary>
public sealed class DnsTests
{
    private const string Objects = """
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: shop, labels: { app: web } }
        spec: { containers: [ { name: c, image: i } ] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: client, namespace: shop }
        spec: { containers: [ { name: c, image: i } ] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: web, namespace: shop }
        spec: { ipFamilyPolicy: PreferDualStack, selector: { app: web }, ports: [ { port: 80 } ] }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: each, namespace: shop }
        spec: { clusterIP: None, selector: { app: web }, ports: [ { port: 80 } ] }
        """;

    private const string AllowDns = """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: dns, namespace: shop }
        spec:
          podSelector: {}
          policyTypes: [Egress]
          egress:
          - to:
            - namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: kube-system } }
              podSelector: { matchLabels: { k8s-app: kube-dns } }
            ports: [ { port: 53, protocol: UDP }, { port: 53, protocol: TCP } ]
        """;

    [Fact]
    public async Task Pods_know_services_by_name_as_far_as_policies_let_them_ask()
    {
        Needs.Cluster();
        if (!File.Exists("/usr/bin/getent") || !File.Exists("/etc/resolv.conf"))
            Assert.Skip("no getent or no /etc/resolv.conf: the machine's own resolver is what asks here");
        await using var up = await UpProcess.StartAsync(UpProcess.NewData(), "--nodes", "2");
        await up.ApplyAsync(Objects);
        await up.KubectlAsync("wait", "--for=condition=Ready", "pod", "--all", "-A", "--timeout=20s");
        Task<string> Field(string kind, string path) =>
            up.KubectlAsync("get", kind, "web", "-n", "shop", "-o", $"jsonpath={{{path}}}");
        var address = await Field("service", ".spec.clusterIPs[0]");
        var second = await Field("service", ".spec.clusterIPs[1]");
        var pod = await Field("pod", ".status.podIP");

        await up.ConnectOneAsync(new("shop/web", "svc:shop/web"));   // returns once every node knows the Service
        Assert.Equal($"{address} ", await Ask(up, "one", "getent ahostsv4 web | cut -d' ' -f1 | sort -u"));
        Assert.Equal($"{second} ", await Ask(up, "two", "getent ahostsv6 web.shop | cut -d' ' -f1 | sort -u"));
        Assert.Equal($"{pod} ", await Ask(up, "three", "getent ahostsv4 each.shop.svc | cut -d' ' -f1 | sort -u"));
        var back = await Ask(up, "four", $"getent hosts {address}");
        Assert.Contains("web.shop.svc.cluster.local", back, StringComparison.Ordinal);
        Assert.Equal("2 ", await Ask(up, "five", "getent hosts nobody; echo $?"));
        Assert.Equal("web ", await Ask(up, "six", "curl -s -m 3 http://web.shop/ 2>&1"));

        // Closed egress closes DNS too; the usual policy opens it again, and nothing else.
        await up.ApplyAsync("""
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: { name: closed, namespace: shop }
            spec: { podSelector: {}, policyTypes: [Egress] }
            """);
        Assert.Equal("2 ", await Ask(up, "seven", "getent hosts web; echo $?"));
        foreach (var protocol in (string[])["UDP", "TCP"])
            Assert.False((await up.ConnectOneAsync(Dns(protocol))).Reached);
        await up.ApplyAsync(AllowDns);
        foreach (var protocol in (string[])["UDP", "TCP"])
            Assert.True((await up.ConnectOneAsync(Dns(protocol))).Connected);
        Assert.Equal($"{address} ", await Ask(up, "eight", "getent ahostsv4 web | cut -d' ' -f1 | sort -u"));
        Assert.Equal("timeout", (await up.ConnectOneAsync(new("shop/client", "svc:shop/web"))).Answer);
    }

    private static ConnectRequest Dns(string protocol) => new("shop/client", "svc:kube-system/kube-dns", protocol, 53);

    /// <summary>What a shell inside a new pod says, in one line.</summary>
    internal static async Task<string> Ask(UpProcess up, string name, string command)
    {
        await up.KubectlAsync(
            "run", name, "-n", "shop", "--image=busybox", "--restart=Never", "--env=RES_OPTIONS=timeout:1 attempts:1",
            "--command", "--", "sh", "-c", command);
        await up.KubectlAsync(
            "wait", "--for=jsonpath={.status.phase}=Succeeded", $"pod/{name}", "-n", "shop", "--timeout=30s");
        return (await up.KubectlAsync("logs", name, "-n", "shop")).ReplaceLineEndings(" ");
    }
}
