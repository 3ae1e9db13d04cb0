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
    private readonly NodeCondition _condition = new("PalisadeReady");
    private ulong _enforced;
    private int _offloaded;
    private int _refused;
    private volatile Failure? _failure;
    private volatile string? _bridges;
    private volatile bool _isInForce;

    /// <summary>Whether what is or will be published is True.</summary>
    public bool IsReady => _isInForce && Judgement(0).Status == "True";

    /// <summary>This version is in force now.</summary>
    public void Enforced(ulong version)
    {
        _isInForce = true;
        var failed = Interlocked.Exchange(ref _failure, null) is not null;
        if (Interlocked.Exchange(ref _enforced, version) != version || failed || !_condition.WasSaid)
            _news.Raise();
    }

    /// <summary>The last pass failed: the table is an older one.</summary>
    public void Failed(string reason, string message)
    {
        _failure = new(reason, message);
        _news.Raise();
    }

    /// <summary>
    /// Connections that no policy allows and that cannot be stopped: their packets bypass the kernel's hooks (a flow
    /// table of somebody's), or the kernel would not let them be marked. While there are any, the node is not ready.
    /// </summary>
    public void Uncut(int offloaded, int refused)
    {
        var news = Interlocked.Exchange(ref _offloaded, offloaded) != offloaded;
        news |= Interlocked.Exchange(ref _refused, refused) != refused;
        if (news)
            _news.Raise();
    }

    /// <summary>
    /// Why pods that are ports of bridges are not held to all policies, so that the node is not ready; null: they are.
    /// True: that is news.
    /// </summary>
    public bool Bridged(string? problem)
    {
        if (problem == _bridges)
            return false;
        _bridges = problem;
        _news.Raise();
        return true;
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
        var now = NodeCondition.TextOf(time.GetUtcNow());
        var (status, reason, message) = Judgement(version);
        var condition = _condition.Say(status, reason, message, now);
        var patch = new JsonObject { ["status"] = new JsonObject { ["conditions"] = new JsonArray(condition) } };
        await client.PatchAsync(KubeResource.Nodes, null, node, PatchKind.StrategicMerge, patch, cancel, "status")
            .ConfigureAwait(false);
    }

    private (string Status, string Reason, string Message) Judgement(ulong version)
    {
        if (_failure is { } failure)
        {
            return ("False", failure.Reason,
                $"{failure.Message}; the last table stays in force, up to resourceVersion {version}");
        }

        if (_bridges is { } bridges)
            return ("False", "BridgesNotFiltered", bridges);
        var (offloaded, refused) = (Volatile.Read(ref _offloaded), Volatile.Read(ref _refused));
        if (offloaded > 0)
        {
            return ("False", "ConnectionsOffloaded", string.Create(CultureInfo.InvariantCulture,
                $"{offloaded} connections that no policy allows bypass the kernel's hooks through a flow table"));
        }

        return refused > 0
            ? ("False", "ConnectionsNotCut", string.Create(CultureInfo.InvariantCulture,
                $"the kernel would not let {refused} connections be stopped that no policy allows"))
            : ("True", "Enforced",
                $"NetworkPolicy and ClusterNetworkPolicy are enforced up to resourceVersion {version}");
    }

    private sealed record Failure(string Reason, string Message);
}
