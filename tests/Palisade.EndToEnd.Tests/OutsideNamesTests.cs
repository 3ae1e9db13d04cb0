using Palisade.Lab.Connect;
using Palisade.Nftables.Kernel;
using Xunit;

namespace Palisade.EndToEnd.Tests;

/// <summary>domainNames of a ClusterNetworkPolicy on `up` as it is, with the machine's own resolver in pods.</summary>
public sealed class OutsideNamesTests
{
    private const string Client = "shop/client";

    private const string Objects = """
        apiVersion: v1
        kind: Namespace
        metadata: { name: shop }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: client, namespace: shop }
        spec: { nodeName: node-1, containers: [ { name: c, image: i } ] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: other, namespace: shop }
        spec: { nodeName: node-2, containers: [ { name: c, image: i } ] }
        ---
        apiVersion: policy.networking.k8s.io/v1alpha2
        kind: ClusterNetworkPolicy
        metadata: { name: names }
        spec:
          tier: Admin
          priority: 10
          subject: { namespaces: { matchLabels: { kubernetes.io/metadata.name: shop } } }
          egress:
          - action: Accept
            to: [ { namespaces: { matchLabels: { kubernetes.io/metadata.name: kube-system } } } ]
          - action: Accept
            to: [ { domainNames: [ "*.example.com" ] } ]
          - action: Deny
            to: [ { networks: [ 0.0.0.0/0 ] } ]
        """;

    [Fact]
    public async Task A_name_outside_opens_with_its_answer_and_an_agent_that_is_killed_knows_it_again()
    {
        Needs.Cluster();
        if (!File.Exists("/usr/bin/getent") || !File.Exists("/etc/resolv.conf"))
            Assert.Skip("no getent or no /etc/resolv.conf: the machine's own resolver is what asks here");
        await using var up = await UpProcess.StartAsync(UpProcess.NewData(), "--nodes", "2");
        await up.ApplyAsync(Objects);
        await up.KubectlAsync("wait", "--for=condition=Ready", "pod", "--all", "-A", "--timeout=60s");
        Assert.Equal("timeout", await Meet(up, "203.0.113.80"));
        var explained = await up.PalisadeAsync("explain", Client, "ip:203.0.113.80");
        Assert.Contains("policies mention *.example.com; the agent of node-1 knows no IPv4 address of it",
            explained.Output, StringComparison.Ordinal);

        Assert.Equal("203.0.113.80 ", await DnsTests.Ask(
            up, "one", "getent ahostsv4 www.example.com | cut -d' ' -f1 | sort -u"));
        Assert.Equal("203.0.113.81 ", await DnsTests.Ask(
            up, "two", "RES_OPTIONS=use-vc getent ahostsv4 api.example.com | cut -d' ' -f1 | sort -u"));
        Assert.Equal("203.0.113.99 ", await AskForNewNameAsync(up));
        await OpensAsync(up, "203.0.113.80", "HTTP 200 www.example.com");
        await OpensAsync(up, "203.0.113.81", "HTTP 200 edge.example.net");
        await OpensAsync(up, "203.0.113.99", "HTTP 200 new.example.com");
        Assert.Equal("timeout", await Meet(up, "203.0.113.82"));
        await ExplainsWhatTheAgentKnowsAsync(up);

        var names = Path.Combine(up.Data, "run", "node-1", "names");
        await Eventually.TrueAsync(() => File.Exists(names) && File.ReadAllText(names) is var text
            && text.Contains("203.0.113.80", StringComparison.Ordinal)
            && text.Contains("203.0.113.81", StringComparison.Ordinal)
            && text.Contains("203.0.113.99", StringComparison.Ordinal));
        var log = Path.Combine(up.Data, "log", "agent-node-1.log");
        ProcessControl.Signal(
            LifecycleTests.Agents(up).Single(
                id => Traces.CommandOf(id).Contains("--node node-1 ", StringComparison.Ordinal)),
            ProcessControl.KillSignal);
        await Eventually.TrueAsync(() => File.ReadAllText(log).Contains("names-restored", StringComparison.Ordinal));
        // It enforces when a new policy is in force; and the name's addresses are still its addresses.
        await up.ApplyAsync("""
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: { name: any, namespace: shop }
            spec: { podSelector: {}, ingress: [ {} ] }
            """);
        Assert.Equal("HTTP 200 www.example.com", await Meet(up, "203.0.113.80"));
        Assert.Equal("timeout", await Meet(up, "203.0.113.82"));
        await up.KubectlAsync("delete", "cnp", "names");
        await OpensAsync(up, "203.0.113.82", "HTTP 200 ip:203.0.113.82");
    }

    /// <summary>Each node's agent knows what its own pods have asked for.</summary>
    private static async Task ExplainsWhatTheAgentKnowsAsync(UpProcess up)
    {
        var known = await up.PalisadeAsync("explain", Client, "ip:203.0.113.80");
        Assert.True(known.Code == 0, known.ToString());
        Assert.Contains("allow  cluster policy names egress[1] to[0]", known.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("note", known.Output, StringComparison.Ordinal);
        Assert.Equal(1, (await up.PalisadeAsync("explain", Client, "ip:203.0.113.82")).Code);
        Assert.Equal(0, (await up.PalisadeAsync("connect", Client, "ip:203.0.113.80")).Code);
        var elsewhere = await up.PalisadeAsync("explain", "shop/other", "ip:203.0.113.80");
        Assert.True(elsewhere.Code == 1, elsewhere.ToString());
        Assert.Contains(
            "policies mention *.example.com; the agent of node-2 knows no IPv4 address of it", elsewhere.Output,
            StringComparison.Ordinal);
    }

    /// <summary>A name that is told to the outside while the cluster runs.</summary>
    private static async Task<string> AskForNewNameAsync(UpProcess up)
    {
        await up.KubectlAsync(
            "patch", "configmap", "outside-names", "-n", "kube-system", "--type=merge", "-p",
            """{"data":{"new.example.com":"203.0.113.99"}}""");
        return await DnsTests.Ask(up, "three", "getent ahostsv4 new.example.com | cut -d' ' -f1 | sort -u");
    }

    private static async Task<string> Meet(UpProcess up, string address) =>
        (await up.ConnectOneAsync(new(Client, $"ip:{address}", TimeoutMilliseconds: 1000))).Answer;

    private static async Task OpensAsync(UpProcess up, string address, string expected)
    {
        var began = TimeProvider.System.GetTimestamp();
        string met;
        while ((met = await Meet(up, address)) != expected)
            Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(60), $"{address}: {met}");
    }
}
