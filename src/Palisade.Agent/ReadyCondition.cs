using System.Globalization;
using System.Text.Json.Nodes;
using Palisade.Kubernetes.Client;

namespace Palisade.Agent;

/// <summary>
/// Tells the cluster what this node enforces: the condition PalisadeReady of its Node. Its message names the newest
/// resourceVersion in force, refreshed at most every ten seconds. What fails here is tried again later and holds up
/// nothing.
/// </summary>
internal sealed class ReadyCondition(KubeClient client, string node, AgentLog log, TimeProvider time)
{
    private static readonly TimeSpan Refresh = TimeSpan.FromSeconds(10);

    private ulong? _published;
    private long _publishedAt;
    private string _since = "";

    /// <summary>When to come back for a refresh that is due later; null when what is published is current.</summary>
    public TimeSpan? DueIn(ulong version)
    {
        if (_published == version)
            return null;
        var left = _published is null ? TimeSpan.Zero : Refresh - time.GetElapsedTime(_publishedAt);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    /// <summary>Publishes if something new is due.</summary>
    public async Task PublishAsync(ulong version, CancellationToken cancel)
    {
        if (DueIn(version) != TimeSpan.Zero)
            return;
        var now = time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        if (_since.Length == 0)
            _since = now;
        var condition = new JsonObject
        {
            ["type"] = "PalisadeReady",
            ["status"] = "True",
            ["reason"] = "Enforced",
            ["message"] = $"NetworkPolicy is enforced up to resourceVersion {version}",
            ["lastHeartbeatTime"] = now,
            ["lastTransitionTime"] = _since,
        };
        var patch = new JsonObject { ["status"] = new JsonObject { ["conditions"] = new JsonArray(condition) } };
        _publishedAt = time.GetTimestamp();
        try
        {
            await client.PatchAsync(KubeResource.Nodes, null, node, PatchKind.StrategicMerge, patch, cancel, "status")
                .ConfigureAwait(false);
            _published = version;
        }
        catch (Exception e) when (e is KubeApiException or HttpRequestException)
        {
            log.Warn("publish-failed", ("node", node), ("reason", e.Message));
            _published ??= 0;   // waits out the refresh time instead of asking again at once
        }
    }
}
