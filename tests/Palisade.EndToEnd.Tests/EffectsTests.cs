using System.Text.Json.Nodes;
using Palisade.ApiServer;
using Palisade.Lab.Admission;
using Xunit;

namespace Palisade.EndToEnd.Tests;

/// <summary>What is said to a write of a policy: the connections it opens and closes, with real kubectl.</summary>
public sealed class EffectsTests
{
    private const string DenyAll = """
        {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
         "metadata": {"name": "deny", "namespace": "default"},
         "spec": {"podSelector": {"matchLabels": {"app": "a"}}, "policyTypes": ["Ingress"]}}
        """;

    private const string AllowB = """
        {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
         "metadata": {"name": "allow", "namespace": "default"},
         "spec": {"podSelector": {"matchLabels": {"app": "a"}},
          "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "b"}}}], "ports": [{"port": 80}]}]}}
        """;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Kubectl_prints_what_a_policy_does(bool refuses)
    {
        if (Places.Kubectl is null)
            Assert.Skip("no kubectl: ./build.sh tools installs it");
        var directory = Directory.CreateTempSubdirectory("palisade-effects-").FullName;
        EmbeddedApiServer? server = null;
        await using var started = server = await EmbeddedApiServer.StartAsync(new ApiServerOptions
        {
            DataDirectory = Path.Combine(directory, "data"),
            Admission = new PolicyAdmission(() => server!.Store, refuses).Plugin,
        });
        var kubeconfig = Path.Combine(directory, "kubeconfig");
        await File.WriteAllTextAsync(kubeconfig, server.KubeconfigText, TestContext.Current.CancellationToken);
        AddPod(server, "a", "10.1.0.1");
        AddPod(server, "b", "10.1.0.2");
        var trial = await ApplyAsync(kubeconfig, DenyAll, "--dry-run=server");
        if (refuses)
        {
            Assert.Contains(
                "networkpolicies.networking.k8s.io \"deny\" is forbidden: it closes connections", trial.Errors);
            return;
        }

        Assert.Equal(
            "Warning: closes default/b -> default/a\nWarning: closes outside the cluster -> default/a\n", trial.Errors);
        var denied = await ApplyAsync(kubeconfig, DenyAll);
        Assert.Equal(trial.Errors, denied.Errors);
        Assert.Equal("", (await ApplyAsync(kubeconfig, DenyAll)).Errors);
        Assert.Equal("Warning: opens default/b -> default/a TCP 80\n", (await ApplyAsync(kubeconfig, AllowB)).Errors);
        Directory.Delete(directory, recursive: true);
    }

    private static Task<Ran> ApplyAsync(string kubeconfig, string manifest, params string[] options) => Shell.RunAsync(
        Places.Kubectl!, ["--kubeconfig", kubeconfig, "apply", "-f", "-", .. options], manifest);

    private static void AddPod(EmbeddedApiServer server, string name, string address)
    {
        server.Store.Create(JsonNode.Parse($$$"""
            {"apiVersion": "v1", "kind": "Pod",
             "metadata": {"name": "{{{name}}}", "namespace": "default", "labels": {"app": "{{{name}}}"}},
             "spec": {"nodeName": "n", "containers": [{"name": "c", "image": "i"}]}}
            """)!.AsObject());
        server.Store.Patch(
            "pods", "default", name,
            new JsonObject
            {
                ["status"] = new JsonObject
                {
                    ["phase"] = "Running",
                    ["podIP"] = address,
                    ["podIPs"] = new JsonArray(new JsonObject { ["ip"] = address }),
                },
            },
            status: true);
    }
}
