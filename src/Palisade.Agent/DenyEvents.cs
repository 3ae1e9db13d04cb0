using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Palisade.Dataplane.FlowLog;
using Palisade.Kubernetes.Client;
using Palisade.Policy.Model;

namespace Palisade.Agent;

/// <summary>
/// Tells the pods' owners what their policies deny: one Event for each (pod, direction, peer, protocol, port), counted
/// up when it happens again. It is written beside everything else, at most some a second; of a pod with many peers the
/// rest share one Event. Only creates and patches: it needs to read no events.
/// </summary>
internal sealed class DenyEvents(
    KubeClient client, string node, Func<string, string, string?> uidOf, AgentLog log, TimeProvider time)
{
    /// <summary>Events that are kept in mind; the longest quiet is forgotten, and told anew later.</summary>
    private const int MostEvents = 512;

    private const int MostOfOnePod = 10;
    private const int MostWaiting = 256;
    private const int MostARound = 10;

    private static readonly TimeSpan Round = TimeSpan.FromSeconds(1);

    /// <summary>How often the count of one Event is brought up to date.</summary>
    private static readonly TimeSpan Refresh = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(30);

    private readonly ConcurrentQueue<FlowRecord> _waiting = [];
    private readonly Dictionary<Key, Told> _told = [];
    private long _number = time.GetUtcNow().Ticks;   // as the kubelet's Events: unlike those of a run before

    /// <summary>What is told once. Peer and port are empty in what the rest of a pod's peers share.</summary>
    private readonly record struct Key(
        string Namespace, string Pod, string? Uid, Direction Direction, string Peer, string Protocol, ushort? Port,
        bool Dropped)
    {
        public bool IsOfSamePod(Key other) => (Namespace, Pod, Uid) == (other.Namespace, other.Pod, other.Uid);
    }

    private sealed class Told
    {
        public required string Name { get; set; }

        public required string First { get; init; }

        public bool IsCreated { get; set; }

        public long Count { get; set; }

        public long Written { get; set; }

        public string Last { get; set; } = "";

        public string Message { get; set; } = "";

        public long At { get; set; }
    }

    /// <summary>Takes a record, whatever it is, and never waits; what is too much at once has no Event.</summary>
    public void Offer(FlowRecord record)
    {
        if (record is { Kind: FlowKind.Denied, Side: not null, Subject.Pod: not null } && _waiting.Count < MostWaiting)
            _waiting.Enqueue(record);
    }

    /// <summary>Writes until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        while (true)
        {
            await Task.Delay(Round, time, cancel).ConfigureAwait(false);
            while (_waiting.TryDequeue(out var record))
                Take(record);
            try
            {
                await WriteAsync(cancel).ConfigureAwait(false);
            }
            catch (Exception e) when (e is KubeApiException or HttpRequestException or IOException)
            {
                log.Warn("event-failed", ("reason", e.Message), ("need", "RBAC: create and patch on events"));
                await Task.Delay(PauseAfterFailure, time, cancel).ConfigureAwait(false);
            }
        }
    }

    private void Take(FlowRecord record)
    {
        var (pod, direction) = (record.Subject!.Pod!, record.Direction!.Value);
        var peer = (direction == Direction.Ingress ? record.From : record.To)!;
        // Of a pod that is gone by now, as it was told of before.
        var uid = uidOf(pod.Namespace, pod.Name)
            ?? _told.Keys.FirstOrDefault(k => (k.Namespace, k.Pod) == (pod.Namespace, pod.Name)).Uid;
        var key = new Key(
            pod.Namespace, pod.Name, uid, direction, peer.ToString(), record.Protocol, record.To!.Port, record.Dropped);
        var message = Sentence(record, direction, peer);
        if (!_told.ContainsKey(key) && _told.Keys.Count(key.IsOfSamePod) >= MostOfOnePod)
        {
            key = key with { Peer = "", Protocol = "", Port = null };
            message = $"More connections {(record.Dropped ? "were" : "would be")} denied than are told one by one; see"
                + $" palisade flows --pod {pod.Namespace}/{pod.Name}. The last: {message}";
        }

        var now = Now();
        if (!_told.TryGetValue(key, out var told))
        {
            if (_told.Count >= MostEvents)
                _told.Remove(_told.MinBy(pair => pair.Value.At).Key);
            _told[key] = told = new() { Name = NewName(pod.Name), First = now };
        }

        told.Count++;
        (told.Last, told.Message) = (now, message);
    }

    private static string Sentence(FlowRecord record, Direction direction, FlowEnd peer)
    {
        var port = record.To!.Port is { } number ? $"{record.Protocol} {number}" : record.Protocol;
        var what = direction == Direction.Ingress ? $"{port} from {peer}" : $"{port} to {peer}";
        return $"{(record.Dropped ? "Denied" : "Would deny")} {what}: {record.Text}";
    }

    private async Task WriteAsync(CancellationToken cancel)
    {
        var due = _told.Where(pair => pair.Value.Written < pair.Value.Count
                && (!pair.Value.IsCreated || time.GetElapsedTime(pair.Value.At) >= Refresh))
            .OrderBy(pair => pair.Value.IsCreated).Take(MostARound).ToList();
        foreach (var (key, told) in due)
        {
            var count = told.Count;
            if (told.IsCreated)
                await BumpAsync(key, told, cancel).ConfigureAwait(false);
            else
                await CreateAsync(key, told, cancel).ConfigureAwait(false);
            (told.Written, told.At) = (count, time.GetTimestamp());
        }
    }

    private async Task BumpAsync(Key key, Told told, CancellationToken cancel)
    {
        var patch = new JsonObject
        {
            ["count"] = told.Count,
            ["lastTimestamp"] = told.Last,
            ["message"] = told.Message,
        };
        try
        {
            await client.PatchAsync(
                KubeResource.Events, key.Namespace, told.Name, PatchKind.Merge, patch, cancel).ConfigureAwait(false);
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            (told.Name, told.IsCreated) = (NewName(key.Pod), false);   // Events last an hour: this one is over
            await CreateAsync(key, told, cancel).ConfigureAwait(false);
        }
    }

    private async Task CreateAsync(Key key, Told told, CancellationToken cancel)
    {
        var pod = new JsonObject
        {
            ["kind"] = "Pod",
            ["apiVersion"] = "v1",
            ["namespace"] = key.Namespace,
            ["name"] = key.Pod,
        };
        if (key.Uid is { } uid)
            pod["uid"] = uid;   // kubectl describe asks for the pod's Events by it: another pod of the name has none
        var body = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Event",
            ["metadata"] = new JsonObject { ["namespace"] = key.Namespace, ["name"] = told.Name },
            ["involvedObject"] = pod,
            ["type"] = "Warning",
            ["reason"] = key.Dropped ? "PolicyDenied" : "PolicyWouldDeny",
            ["message"] = told.Message,
            ["source"] = new JsonObject { ["component"] = "palisade-agent", ["host"] = node },
            ["reportingComponent"] = "palisade-agent",
            ["reportingInstance"] = node,
            ["firstTimestamp"] = told.First,
            ["lastTimestamp"] = told.Last,
            ["count"] = told.Count,
        };
        try
        {
            await client.CreateAsync(KubeResource.Events, key.Namespace, body, cancel).ConfigureAwait(false);
        }
        catch (KubeApiException e) when (e.Code is HttpStatusCode.Conflict or HttpStatusCode.NotFound
            or HttpStatusCode.UnprocessableEntity || IsOfGoingNamespace(e))
        {
            // The namespace is going or gone, or the name is not ours: nobody is left to be told.
            log.Warn("event-refused", ("pod", $"{key.Namespace}/{key.Pod}"), ("reason", e.Message));
        }

        told.IsCreated = true;
    }

    /// <summary>
    /// kube-apiserver forbids to create in a namespace that is going (NamespaceLifecycle): no lack of rights.
    /// </summary>
    private static bool IsOfGoingNamespace(KubeApiException e) => e.Code == HttpStatusCode.Forbidden
        && e.Message.Contains("because it is being terminated", StringComparison.Ordinal);

    /// <summary>A pod's name may have 253 characters, and so may an Event's: the longest are cut.</summary>
    private string NewName(string pod)
    {
        var number = (++_number).ToString("x", CultureInfo.InvariantCulture);
        return $"{(pod.Length <= 230 ? pod : pod[..230].TrimEnd('.', '-'))}.{number}";
    }

    private string Now() => NodeCondition.TextOf(time.GetUtcNow());
}
