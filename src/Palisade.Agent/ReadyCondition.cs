using System.Globalization;
using System.Text.Json.Nodes;
using Palisade.Kubernetes.Client;

namespace Palisade.Agent;

/// <summary>
/// Tells the cluster what this node enforces: the condition PalisadeReady of its Node. Its message names the newest
/// resourceVersion in force, refreshed at most every ten seconds. It works beside the agent's passes: an API server
/// that does not answer holds up no enforcement. What fails is tried again at the next refresh.
/// </summary>
internal sealed class ReadyCondition(KubeClient client, string node, AgentLog log, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Refresh = TimeSpan.FromSeconds(10);

    private readonly ChangeSignal _news = new();
    private ulong _enforced;
    private string _since = "";

    /// <summary>This version is in force now.</summary>
    public void Enforced(ulong version)
    {
        if (Interlocked.Exchange(ref _enforced, version) != version || _since.Length == 0)
            _news.Raise();
    }

    /// <summary>Publishes until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            await _news.WaitAsync(cancel).ConfigureAwait(false);
            try
            {
                await PublishAsync(Interlocked.Read(ref _enforced), cancel).ConfigureAwait(false);
            }
            catch (Exception e) when (e is KubeApiException or HttpRequestException or IOException)
            {
                log.Warn("publish-failed", ("node", node), ("reason", e.Message));
                _news.Raise();
            }

            await Task.Delay(Refresh, time, cancel).ConfigureAwait(false);
        }
    }

    public void Dispose() => _news.Dispose();

    private async Task PublishAsync(ulong version, CancellationToken cancel)
    {
        var now = time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        if (_since.Length == 0)
            _since = now;
        var condition = new JsonObject
        {
            ["type"] = "PalisadeReady",
            ["status"] = "True",
            ["reason"] = "Enforced",
            ["message"] = $"NetworkPolicy and ClusterNetworkPolicy are enforced up to resourceVersion {version}",
            ["lastHeartbeatTime"] = now,
            ["lastTransitionTime"] = _since,
        };
        var patch = new JsonObject { ["status"] = new JsonObject { ["conditions"] = new JsonArray(condition) } };
        await client.PatchAsync(KubeResource.Nodes, null, node, PatchKind.StrategicMerge, patch, cancel, "status")
            .ConfigureAwait(false);
    }
}
