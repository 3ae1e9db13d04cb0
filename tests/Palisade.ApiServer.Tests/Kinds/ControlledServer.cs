using System.Text.Json.Nodes;
using Xunit;

namespace Palisade.ApiServer.Tests.Kinds;

/// <summary>
/// A server that runs its controllers, with two nodes and what stands for scheduler and kubelets: every pod gets a node
/// and becomes ready, but for those whose image says otherwise (broken: never ready; succeeds, fails: they end).
/// </summary>
public sealed class ControlledServer : IAsyncLifetime
{
    private readonly CancellationTokenSource _stop = new();
    private Task _kubelets = Task.CompletedTask;

    public EmbeddedApiServer Server { get; private set; } = null!;

    public Kubectl Kubectl { get; private set; } = null!;

    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("palisade-controlled-").FullName;

    public async ValueTask InitializeAsync()
    {
        Server = await EmbeddedApiServer.StartAsync(new ApiServerOptions
        {
            DataDirectory = Path.Combine(Directory, "data"),
            RunsControllers = true,
        });
        Kubectl = new Kubectl(Server.KubeconfigText, Directory);
        Server.Store.Create(Manifests.Node("node1"));
        Server.Store.Create(Manifests.Node("node2"));
        _kubelets = Task.Run(RunKubeletsAsync);
    }

    public string NewNamespace(string name)
    {
        Server.Store.Create(new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Namespace",
            ["metadata"] = new JsonObject { ["name"] = name },
        });
        return name;
    }

    /// <summary>Waits until something holds; it is looked at after every change of the resource.</summary>
    public async Task UntilAsync(string resource, string ns, Func<IReadOnlyList<JsonObject>, bool> holds, string what)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            await foreach (var _ in Server.Store.WatchAsync(resource, patience.Token))
            {
                if (holds(Server.Store.List(resource, ns)))
                    return;
            }
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"{what}: {string.Join("\n", Server.Store.List(resource, ns).Select(o => o.ToJsonString()))}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _kubelets;
        await Server.DisposeAsync();
        _stop.Dispose();
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    private async Task RunKubeletsAsync()
    {
        var turn = 0;
        try
        {
            await foreach (var happened in Server.Store.WatchAsync("pods", _stop.Token))
            {
                if (happened.Type == ObjectEventType.Added)
                    TakeOn(happened.Object, ref turn);
            }
        }
        catch (OperationCanceledException)
        {
            // The end of the test.
        }
    }

    private void TakeOn(JsonObject pod, ref int turn)
    {
        var (ns, name) = ((string)pod["metadata"]!["namespace"]!, (string)pod["metadata"]!["name"]!);
        var image = (string)pod["spec"]!["containers"]![0]!["image"]!;
        try
        {
            if (pod["spec"]!["nodeName"] is null)
                Server.Store.Bind(ns, name, $"node{(turn++ % 2) + 1}");
            if (image == "broken")
                return;
            var status = Manifests.ReadyStatus();
            if (image is "succeeds" or "fails")
            {
                status = new JsonObject
                {
                    ["status"] = new JsonObject { ["phase"] = image == "succeeds" ? "Succeeded" : "Failed" },
                };
            }

            Server.Store.Patch("pods", ns, name, status, status: true);
        }
        catch (StatusException)
        {
            // It is gone already.
        }
    }
}
