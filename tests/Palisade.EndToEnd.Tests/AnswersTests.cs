using System.Diagnostics;
using System.Text.Json.Nodes;
using Xunit;

namespace Palisade.EndToEnd.Tests;

/// <summary>What the commands say of manifests that are not all as they should be, and how they end.</summary>
public sealed class AnswersTests
{
    private const string Pods = """
        apiVersion: v1
        kind: Pod
        metadata: { name: web, namespace: a }
        spec: { containers: [ { name: c, image: i } ] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: other, namespace: b }
        spec: { containers: [ { name: c, image: i } ] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: host, namespace: b }
        spec: { hostNetwork: true, nodeName: n1, containers: [ { name: c, image: i } ] }
        ---
        apiVersion: v1
        kind: Node
        metadata: { name: n1 }
        status: { addresses: [ { type: InternalIP, address: 192.168.0.1 } ] }

        """;

    private const string Refused = """
        ---
        apiVersion: extensions/v1beta1
        kind: NetworkPolicy
        metadata: { name: wall, namespace: a }
        spec: { podSelector: {} }

        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task An_answer_that_a_refused_policy_would_have_to_do_with_says_so()
    {
        const string Note = "this is the answer without NetworkPolicy a/wall (<stdin>:21:1), which was refused";
        var text = await RunAsync(Pods + Refused, 2, "explain", "b/other", "a/web", "-f", "-");
        Assert.Contains($"note     {Note}\n", text.Output, StringComparison.Ordinal);
        var json = await RunAsync(Pods + Refused, 2, "explain", "a/web", "b/other", "-f", "-", "-o", "json");
        Assert.Equal(Note, (string?)Assert.Single(JsonNode.Parse(json.Output)!["notes"]!.AsArray()));
        var elsewhere = await RunAsync(Pods + Refused, 2, "explain", "b/other", "ip:192.0.2.1", "-f", "-");
        Assert.DoesNotContain("note", elsewhere.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_probe_that_a_refused_policy_would_have_to_do_with_says_so()
    {
        var probes = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(probes, """
                apiVersion: palisade.dev/v1
                kind: PolicyTest
                probes:
                - { from: b/other, to: a/web, port: 80, expect: allow }
                - { from: a/web, to: b/other, port: 80, expect: deny }
                - { from: b/other, to: b/host, port: 80, expect: allow }
                """, TestContext.Current.CancellationToken);
            var ran = await RunAsync(Pods + Refused, 2, "test", "-f", "-", probes);
            const string Without = "without NetworkPolicy a/wall (<stdin>:21:1), which was refused";
            var lines = ran.Output.Split('\n');
            Assert.EndsWith($"TCP 80  allow  ({Without})", lines[0], StringComparison.Ordinal);
            Assert.Contains($"note     this is the answer {Without}", ran.Output, StringComparison.Ordinal);
            Assert.EndsWith("TCP 80  allow", lines.Last(line => line.StartsWith("pass")), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(probes);
        }
    }

    [Fact]
    public async Task A_hostNetwork_pod_is_its_node_and_is_said_to_be()
    {
        const string Wall = """
            ---
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: { name: nodes, namespace: a }
            spec: { podSelector: {}, ingress: [ { from: [ { ipBlock: { cidr: 192.168.0.0/24 } } ] } ] }
            """;
        var ran = await RunAsync(Pods + Wall, 0, "explain", "b/host", "a/web", "-f", "-");
        Assert.Contains(
            "note     b/host is on the network of its node, and to policies it is that node\n", ran.Output,
            StringComparison.Ordinal);
        Assert.Contains("egress   allow  node:n1 is no pod", ran.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--port 0: a number from 1 to 65535", "explain", "b/other", "a/web", "-f", "-", "--port", "0")]
    [InlineData("\"node:\" is not an endpoint", "explain", "b/other", "node:", "-f", "-")]
    [InlineData("no test could be read", "test", "/nowhere/at/all.yaml", "--kubeconfig", "/nowhere")]
    [InlineData("--timeout 1E+300: more than 0", "prove", "--timeout", "1e300")]
    public async Task What_cannot_be_asked_is_refused_before_anything_is_done(string because, params string[] arguments)
    {
        var ran = await RunAsync(Pods, 2, arguments);
        Assert.Contains(because, ran.Errors, StringComparison.Ordinal);
        Assert.Empty(ran.Output);
    }

    [Theory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    public async Task A_command_that_waits_for_standard_input_ends_when_it_is_told_to(string signal, int code)
    {
        var folder = Directory.CreateTempSubdirectory("palisade-test");
        var pipe = Path.Combine(folder.FullName, "first");
        using (var made = Process.Start("mkfifo", [pipe]))
            await made.WaitForExitAsync(TestContext.Current.CancellationToken);
        // The runner may have taken the signals' default actions away.
        var start = new ProcessStartInfo(
            "env", ["--default-signal=INT,QUIT,PIPE", Places.Cli, "explain", "a", "b", "-f", pipe, "-f", "-"])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
            WorkingDirectory = Places.Root,
        };
        using var process = Process.Start(start)!;
        try
        {
            // This returns when the command reads; standard input is next, and nobody ever writes there.
            await Task.Run(() => File.Open(pipe, FileMode.Open, FileAccess.Write, FileShare.ReadWrite).Dispose())
                .WaitAsync(Patience, TestContext.Current.CancellationToken);
            using var kill = Process.Start("kill", ["-s", signal, $"{process.Id}"]);
            using var patience = new CancellationTokenSource(Patience);
            await process.WaitForExitAsync(patience.Token);
            Assert.Equal(code, process.ExitCode);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
            folder.Delete(recursive: true);
        }
    }

    private static async Task<Ran> RunAsync(string input, int code, params string[] arguments)
    {
        var ran = await Shell.RunAsync(Places.Cli, arguments, input);
        Assert.True(ran.Code == code, ran.ToString());
        return ran;
    }
}
