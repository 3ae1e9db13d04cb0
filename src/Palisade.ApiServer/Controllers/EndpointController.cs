using System.Text.Json.Nodes;
using Palisade.ApiServer.Storage;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Client;

namespace Palisade.ApiServer.Controllers;

/// <summary>
/// Keeps the EndpointSlices and Endpoints of every Service with a selector. Level-triggered: each pass compares what
/// there is with what there should be, and writes only the difference.
/// </summary>
internal sealed class EndpointController : IAsyncDisposable
{
    private const string SliceResource = "endpointslices.discovery.k8s.io";
    private const string EndpointsResource = "endpoints";

    private readonly ObjectStore _store;
    private readonly ChangeSignal _signal = new();
    private readonly ObjectFollower<PodBehind> _pods;
    private readonly ObjectFollower<JsonObject> _services;
    private readonly ObjectFollower<ObjectKey> _slices;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private (long Pods, long Services) _synced = (-1, -1);

    public EndpointController(ObjectStore store)
    {
        _store = store;
        _pods = new(store, "pods", PodBehind.Read, _signal.Raise);
        _services = new(store, "services", service => service, _signal.Raise);
        // Only to hear of slices that somebody else changed or deleted.
        _slices = new(store, SliceResource, KeyOf, _signal.Raise);
        _running = RunAsync();
    }

    /// <summary>Whether everything that the store knows of pods and Services is in the slices.</summary>
    public bool IsCurrent
    {
        get
        {
            var (pods, services) = _synced;
            return pods >= 0 && _pods.IsNewest(pods) && _services.IsNewest(services);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
        _signal.Dispose();
    }

    private async Task RunAsync()
    {
        var following = Task.WhenAll(
            _pods.RunAsync(_stop.Token), _services.RunAsync(_stop.Token), _slices.RunAsync(_stop.Token));
        try
        {
            // Before the first pass all is known: nothing is taken away only because it has not been read yet.
            await Task.WhenAll(_pods.Complete, _services.Complete, _slices.Complete).WaitAsync(_stop.Token);
            while (true)
            {
                SyncOnce();
                await _signal.WaitAsync(_stop.Token);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            await following.ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }

    private void SyncOnce()
    {
        var (services, servicesVersion) = _services.Now;
        var (known, podsVersion) = _pods.Now;
        var pods = known.Where(pod => !pod.IsGone).ToLookup(pod => pod.Namespace);
        var wanted = new Dictionary<ObjectKey, JsonObject>();
        var wantedEndpoints = new Dictionary<ObjectKey, JsonObject>();
        foreach (var service in services)
        {
            if (EndpointPlan.SelectorOf(service) is not { } selector)
                continue;
            var behind = pods[KeyOf(service).Namespace].Where(pod => pod.IsChosenBy(selector)).ToList();
            foreach (var slice in EndpointPlan.Slices(service, behind))
                wanted[KeyOf(slice)] = slice;
            wantedEndpoints[KeyOf(service)] = EndpointPlan.Endpoints(service, behind);
        }

        var isWritten = Write(SliceResource, wanted, slice =>
            Cell.Text(slice["metadata"]?["labels"]?[EndpointPlan.ManagedBy]) == EndpointPlan.Manager);
        isWritten &= Write(EndpointsResource, wantedEndpoints, endpoints =>
            Cell.Text(endpoints["metadata"]?["labels"]?["endpoints.kubernetes.io/managed-by"]).Length > 0);
        // Until the next pass the slices are not what they should be.
        _synced = isWritten ? (podsVersion, servicesVersion) : (-1, -1);
    }

    /// <summary>
    /// Makes what is ours in a resource be exactly what is wanted; false where somebody else wrote meanwhile.
    /// </summary>
    private bool Write(string resource, Dictionary<ObjectKey, JsonObject> wanted, Func<JsonObject, bool> isOurs)
    {
        var isWritten = true;
        var there = _store.List(resource).ToDictionary(KeyOf);
        foreach (var (key, value) in wanted)
        {
            if (!there.TryGetValue(key, out var old))
                isWritten &= Try(() => _store.Create(value));
            else if (Differs(old, value))
            {
                value["metadata"]!["resourceVersion"] = old["metadata"]!["resourceVersion"]!.DeepClone();
                isWritten &= Try(() => _store.Update(value));
            }
        }

        // Last, so that a pod that moves from slice to slice is never in none.
        foreach (var (key, old) in there)
        {
            if (isOurs(old) && !wanted.ContainsKey(key))
                isWritten &= Try(() => _store.Delete(resource, key.Namespace, key.Name));
        }

        return isWritten;
    }

    private static bool Differs(JsonObject old, JsonObject value) =>
        value.Any(field => field.Key != "metadata" && !JsonNode.DeepEquals(field.Value, old[field.Key]))
        || !JsonNode.DeepEquals(value["metadata"]?["labels"], old["metadata"]?["labels"]);

    private static bool Try(Action write)
    {
        try
        {
            write();
            return true;
        }
        catch (StatusException refused)
        {
            // Changed meanwhile: the event of that is on its way and brings the next pass. Or the namespace is going.
            return refused.Reason != "Conflict";
        }
    }

    private static ObjectKey KeyOf(JsonObject value) => StoredObject.KeyOf(value["metadata"]!.AsObject());
}
