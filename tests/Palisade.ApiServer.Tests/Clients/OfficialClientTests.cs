extern alias official;

using official::k8s;
using official::k8s.Autorest;
using official::k8s.Models;
using Xunit;

namespace Palisade.ApiServer.Tests.Clients;

/// <summary>The official C# client: what it makes, reads, changes, watches and removes, and runs in pods.</summary>
public sealed class OfficialClientTests(RunningServer running)
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task It_creates_reads_changes_lists_watches_and_deletes()
    {
        var ns = running.NewNamespace("official");
        using var client = ClientOf(running.Server);
        var cancel = TestContext.Current.CancellationToken;

        var made = await client.CoreV1.CreateNamespacedConfigMapAsync(Settings("one"), ns, cancellationToken: cancel);
        Assert.False(string.IsNullOrEmpty(made.Metadata.Uid));
        Assert.Equal("1", made.Data["a"]);
        made.Data["a"] = "2";
        var changed = await client.CoreV1.ReplaceNamespacedConfigMapAsync(made, "one", ns, cancellationToken: cancel);
        var stale = await Assert.ThrowsAsync<HttpOperationException>(
            () => client.CoreV1.ReplaceNamespacedConfigMapAsync(made, "one", ns, cancellationToken: cancel));
        Assert.Equal(409, (int)stale.Response.StatusCode);
        var patched = await client.CoreV1.PatchNamespacedConfigMapAsync(
            new V1Patch("""{"data":{"b":"3"}}""", V1Patch.PatchType.MergePatch), "one", ns, cancellationToken: cancel);
        Assert.Equal(["a", "b"], patched.Data.Keys.Order());
        var list = await client.CoreV1.ListNamespacedConfigMapAsync(ns, cancellationToken: cancel);
        Assert.Equal(["one"], list.Items.Select(item => item.Metadata.Name));

        var seen = new List<string>();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(TimeSpan.FromSeconds(30));
        var watching = Task.Run(
            async () =>
            {
                await foreach (var (type, item) in client.CoreV1.WatchListNamespacedConfigMapAsync(
                    ns, resourceVersion: changed.Metadata.ResourceVersion, cancellationToken: patience.Token))
                {
                    seen.Add($"{type} {item.Metadata.Name}");
                    if (type == WatchEventType.Deleted && item.Metadata.Name == "one")
                        return;
                }
            },
            patience.Token);
        await client.CoreV1.CreateNamespacedConfigMapAsync(Settings("two"), ns, cancellationToken: cancel);
        await client.CoreV1.DeleteNamespacedConfigMapAsync("one", ns, cancellationToken: cancel);
        await watching;
        Assert.Equal(["Modified one", "Added two", "Deleted one"], seen);
        var gone = await Assert.ThrowsAsync<HttpOperationException>(
            () => client.CoreV1.ReadNamespacedConfigMapAsync("one", ns, cancellationToken: cancel));
        Assert.Equal(404, (int)gone.Response.StatusCode);
    }

    [Fact]
    public async Task It_patches_in_every_way()
    {
        var ns = running.NewNamespace("official-patch");
        using var client = ClientOf(running.Server);
        var applied = new V1ConfigMap
        {
            ApiVersion = "v1",
            Kind = "ConfigMap",
            Metadata = new V1ObjectMeta { Name = "one" },
            Data = new Dictionary<string, string> { ["a"] = "1" },
        };
        Task<V1ConfigMap> Patch(object body, V1Patch.PatchType type, bool? force = null) =>
            client.CoreV1.PatchNamespacedConfigMapAsync(
                new V1Patch(body, type), "one", ns, fieldManager: "official", force: force);
        var made = await Patch(applied, V1Patch.PatchType.ApplyPatch, force: true);
        var owner = Assert.Single(made.Metadata.ManagedFields);
        Assert.Equal(("official", "Apply"), (owner.Manager, owner.Operation));
        await Patch("""{"data":{"b":"2"}}""", V1Patch.PatchType.StrategicMergePatch);
        var last = await Patch("""[{"op":"add","path":"/data/c","value":"3"}]""", V1Patch.PatchType.JsonPatch);
        Assert.Equal(["a=1", "b=2", "c=3"], last.Data.Select(pair => $"{pair.Key}={pair.Value}").Order());
        var refused = await Assert.ThrowsAsync<HttpOperationException>(
            () => Patch("""[{"op":"test","path":"/data/c","value":"4"}]""", V1Patch.PatchType.JsonPatch));
        Assert.Equal(422, (int)refused.Response.StatusCode);
    }

    [Fact]
    public async Task It_pages_through_lists_and_reads_custom_resources()
    {
        var ns = running.NewNamespace("official-list");
        using var client = ClientOf(running.Server);
        for (var i = 0; i < 5; i++)
            await client.CoreV1.CreateNamespacedConfigMapAsync(Settings($"m{i}"), ns);
        var names = new List<string>();
        string? token = null;
        do
        {
            var page = await client.CoreV1.ListNamespacedConfigMapAsync(ns, limit: 2, continueParameter: token);
            names.AddRange(page.Items.Select(item => item.Metadata.Name));
            token = page.Metadata.ContinueProperty;
        }
        while (!string.IsNullOrEmpty(token));
        Assert.Equal(["m0", "m1", "m2", "m3", "m4"], names);
        using var generic = new GenericClient(
            client, "policy.networking.k8s.io", "v1alpha2", "clusternetworkpolicies", false);
        var policies = await generic.ListAsync<V1CustomResourceDefinitionList>();
        Assert.Equal("ClusterNetworkPolicyList", policies.Kind);
    }

    [Fact]
    public async Task It_runs_commands_in_pods()
    {
        var directory = Directory.CreateTempSubdirectory("palisade-official-").FullName;
        try
        {
            await using var server = await EmbeddedApiServer.StartAsync(
                new ApiServerOptions { DataDirectory = directory, PodStreams = new Streams.EchoPods() });
            var pod = Manifests.Pod("default", "p");
            pod["spec"]!["nodeName"] = "node-1";
            server.Store.Create(pod);
            using var client = ClientOf(server);
            using var patience = new CancellationTokenSource(_patience);
            var said = "";
            var code = await client.NamespacedPodExecAsync(
                "p", "default", null, ["say", "hello"], false,
                async (_, output, _) =>
                {
                    var bytes = new byte[5];
                    await output.ReadExactlyAsync(bytes, patience.Token);
                    said = System.Text.Encoding.UTF8.GetString(bytes);
                },
                patience.Token);
            Assert.Equal((7, "hello"), (code, said));
            using var muxed = await client.MuxedStreamNamespacedPodExecAsync(
                "p", "default", ["cat"], stdin: true, stderr: false, tty: false, cancellationToken: patience.Token);
            muxed.Start();
            await using var both = muxed.GetStream(ChannelIndex.StdOut, ChannelIndex.StdIn);
            await both.WriteAsync("again"u8.ToArray(), patience.Token);
            var heard = new byte[5];
            await both.ReadExactlyAsync(heard, patience.Token);
            Assert.Equal("again"u8.ToArray(), heard);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static official::k8s.Kubernetes ClientOf(EmbeddedApiServer server)
    {
        using var config = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(server.KubeconfigText));
        return new(KubernetesClientConfiguration.BuildConfigFromConfigFile(config));
    }

    private static V1ConfigMap Settings(string name) => new()
    {
        Metadata = new V1ObjectMeta { Name = name },
        Data = new Dictionary<string, string> { ["a"] = "1" },
    };
}
