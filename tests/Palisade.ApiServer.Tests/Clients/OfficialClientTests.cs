extern alias official;

using official::k8s;
using official::k8s.Autorest;
using official::k8s.Models;
using Xunit;

namespace Palisade.ApiServer.Tests.Clients;

/// <summary>The official C# client: what it makes, reads, changes, watches and removes.</summary>
public sealed class OfficialClientTests(RunningServer running)
{
    [Fact]
    public async Task It_creates_reads_changes_lists_watches_and_deletes()
    {
        var ns = running.NewNamespace("official");
        var file = Path.Combine(running.Directory, "official-kubeconfig");
        await File.WriteAllTextAsync(file, running.Server.KubeconfigText);
        using var client = new official::k8s.Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(file));
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

    private static V1ConfigMap Settings(string name) => new()
    {
        Metadata = new V1ObjectMeta { Name = name },
        Data = new Dictionary<string, string> { ["a"] = "1" },
    };
}
