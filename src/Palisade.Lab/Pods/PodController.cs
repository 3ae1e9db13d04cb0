using System.Globalization;
using System.Text.Json.Nodes;
using Palisade.ApiServer;
using Palisade.Kubernetes.Client;
using Palisade.Lab.Network;
using Palisade.Nftables.Kernel;
using ObjectStore = Palisade.ApiServer.ObjectStore;

namespace Palisade.Lab.Pods;

/// <summary>
/// Scheduler and kubelets in one: makes the machine hold what the API says about pods. Level-triggered: a signal
/// carries nothing, every pass looks at all pods.
/// </summary>
internal sealed class PodController : IDisposable
{
    private const string Resource = "pods";

    private readonly ObjectStore _store;
    private readonly LabNetwork _network;
    private readonly Func<LabNode, long> _enforced;
    private readonly ContainerSettings _settings;
    private readonly Action<string> _say;
    private readonly ChangeSignal _signal = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<string, PodObject> _pods = [];
    private readonly Dictionary<string, PodRuntime> _runtimes = [];   // by uid
    private readonly HashSet<string> _links = [];
    private readonly List<Task> _ending = [];
    private readonly Dictionary<string, int> _order = [];   // by uid: in which order pods were first seen
    private readonly HashSet<string> _deleted = [];   // uids, so that a late answer to an own write revives nobody
    private readonly AddressBook _addresses;

    /// <summary>Prepares the controller; <see cref="RunAsync"/> makes it work.</summary>
    public PodController(
        ObjectStore store, LabNetwork network, Func<LabNode, long> enforced, ContainerSettings settings,
            Action<string> say)
    {
        _store = store;
        _network = network;
        _enforced = enforced;
        _settings = settings with { Changed = _signal.Raise };
        _say = say;
        _addresses = new AddressBook(network);
    }

    /// <summary>Asks for another pass: an agent enforced something new.</summary>
    public void Wake() => _signal.Raise();

    /// <summary>The running pod of that name, or null.</summary>
    public PodRuntime? Find(string podNamespace, string name)
    {
        lock (_gate)
            return _runtimes.Values.FirstOrDefault(
                runtime => runtime.Pod.Namespace == podNamespace && runtime.Pod.Name == name);
    }

    /// <summary>The running pod with that uid, or null.</summary>
    public PodRuntime? Find(string uid)
    {
        lock (_gate)
            return _runtimes.GetValueOrDefault(uid);
    }

    /// <summary>The pod that has this address of its own, or null.</summary>
    public PodRuntime? Find(System.Net.IPAddress address)
    {
        lock (_gate)
            return _runtimes.Values.FirstOrDefault(
                runtime => runtime.NeedsGate && runtime.Addresses.All.Contains(address));
    }

    /// <summary>How many pods the lab holds, and how many of them are up.</summary>
    public (int All, int Open) Count()
    {
        lock (_gate)
            return (_pods.Values.Count(pod => !pod.IsFinished), _runtimes.Values.Count(runtime => runtime.IsOpen));
    }

    /// <summary>Works until cancelled, then ends every pod.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        var watching = Task.WhenAll(WatchAsync(cancel), WatchNodesAsync(cancel));
        try
        {
            while (true)
            {
                await _signal.WaitAsync(cancel);
                SyncOnce();
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            await watching;
        }

        foreach (var runtime in _runtimes.Values)
            _ending.Add(runtime.EndAsync(withNode: true));
        await Task.WhenAll(_ending);
    }

    /// <inheritdoc/>
    public void Dispose() => _signal.Dispose();

    private async Task WatchAsync(CancellationToken cancel)
    {
        try
        {
            await foreach (var happened in _store.WatchAsync(Resource, cancel))
            {
                lock (_gate)
                    Remember(happened);
                _signal.Raise();
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The end of the lab.
        }
    }

    /// <summary>A node that got another label, or takes pods again, may be the one that a pod waits for.</summary>
    private async Task WatchNodesAsync(CancellationToken cancel)
    {
        try
        {
            await foreach (var _ in _store.WatchAsync("nodes", cancel))
            {
                lock (_gate)
                {
                    if (!_pods.Values.Any(pod => pod.NodeName is null && !pod.IsFinished))
                        continue;
                }

                _signal.Raise();
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The end of the lab.
        }
    }

    private void Remember(ObjectEvent happened)
    {
        if (happened.Type == ObjectEventType.InitialEventsEnd)
        {
            _settings.Logs.RemoveAllBut(_pods.Values);
            return;
        }

        var pod = new PodObject(happened.Object);
        _order.TryAdd(pod.Uid, _order.Count + _deleted.Count);
        if (happened.Type == ObjectEventType.Deleted)
        {
            _pods.Remove(pod.Key);
            _order.Remove(pod.Uid);
            _deleted.Add(pod.Uid);
            _settings.Logs.Remove(pod);
        }

        // The answers to own writes are remembered at once; their events come later and may be older than the next
        // answer.
        else if (!_pods.TryGetValue(pod.Key, out var known) || known.ResourceVersion < pod.ResourceVersion)
            _pods[pod.Key] = pod;
    }

    /// <summary>One pass over all pods.</summary>
    internal void SyncOnce()
    {
        List<PodObject> pods;
        lock (_gate)
            // Pods that have addresses come first, so that nobody else is given them. The others in the order of their
            // creation, however many of them a pass happens to see: nodes and addresses are the same each time.
            pods = [.. _pods.Values.OrderByDescending(pod => pod.WishedAddresses.Count > 0)
                .ThenBy(pod => pod.Created, StringComparer.Ordinal).ThenBy(pod => _order[pod.Uid])];
        var wanted = pods.Where(pod => !pod.IsFinished && (!pod.IsDeleting || IsStopping(pod)));
        EndAllBut([.. wanted.Select(pod => pod.Uid)]);
        foreach (var pod in pods)
        {
            try
            {
                Sync(pod);
            }
            catch (StatusException refusal)
            {
                // Changed or deleted meanwhile: its event is on the way and brings the next pass.
                if (refusal.Code is not (404 or 409))
                    _say($"pod {pod.Key}: {refusal.Message}");
            }
            catch (Exception refusal) when (refusal is KernelException or LabException)
            {
                _say($"pod {pod.Key}: {refusal.Message}");
            }
        }
    }

    private void Sync(PodObject pod)
    {
        if (pod.IsDeleting)
        {
            if (!_runtimes.ContainsKey(pod.Uid))
                _store.DeleteNow(Resource, pod.Namespace, pod.Name);
            return;
        }

        if (pod.IsFinished)
            return;
        if (pod.NodeName is null)
        {
            Schedule(pod);
            return;
        }

        if (_network.Node(pod.NodeName) is not { } node)
            return;
        if (!_runtimes.TryGetValue(pod.Uid, out var runtime))
            runtime = Begin(pod, node);
        if (runtime is null)
            return;
        runtime.Pod = pod;
        WriteStatus(runtime);
        if (!runtime.IsOpen && (!runtime.NeedsGate || _enforced(node) >= (long)runtime.GateVersion!.Value))
        {
            runtime.Open();
            WriteStatus(runtime);
        }
    }

    /// <summary>Whether a deleted pod's programs have not ended yet; it has its network until they have.</summary>
    private bool IsStopping(PodObject pod) =>
        _runtimes.TryGetValue(pod.Uid, out var runtime) && !runtime.Stop(pod.Grace);

    private void Schedule(PodObject pod)
    {
        Dictionary<string, int> load;
        lock (_gate)
            load = _pods.Values
                // The cluster's own pods come before anybody's and should not move them about.
                .Where(other => other.NodeName is not null && !other.IsFinished && other.Namespace != "kube-system")
                .GroupBy(other => other.NodeName!).ToDictionary(group => group.Key, group => group.Count());
        var nodes = _network.Nodes
            .Select(node => (node.Name, Object: _store.Get("nodes", null, node.Name)))
            .Where(node => node.Object?["spec"]?["unschedulable"] is not JsonValue value || !value.GetValue<bool>())
            .Select(node => (node.Name, node.Object?["metadata"]?["labels"]));
        if (Scheduler.Choose(pod, nodes, load) is { } chosen)
            Remember(_store.Bind(pod.Namespace, pod.Name, chosen));
        else if (pod.Status?["conditions"] is not JsonArray { Count: > 0 })
            Patch(pod, PodStatusWriter.Unschedulable(
                "no node's labels match the pod's node selector", _settings.Now()));
    }

    private PodRuntime? Begin(PodObject pod, LabNode node)
    {
        var runtime = pod.IsHostNetwork ? PodRuntime.OnHostNetwork(pod, node, _settings) : Connect(pod, node);
        if (runtime is null)
            return null;
        lock (_gate)
            _runtimes[pod.Uid] = runtime;
        return runtime;
    }

    private PodRuntime? Connect(PodObject pod, LabNode node)
    {
        if (_addresses.Lease(node, pod.WishedAddresses) is not { } lease)
        {
            _say($"pod {pod.Key}: all {AddressPool.Size} addresses of {node.Name} are in use");
            return null;
        }

        var link = TakeLinkName(pod);
        try
        {
            return PodRuntime.Create(pod, node, lease, link, _settings);
        }
        catch (KernelException)
        {
            _links.Remove(link);
            _addresses.Release(node, lease);
            throw;
        }
    }

    private string TakeLinkName(PodObject pod)
    {
        for (var attempt = 0; ; attempt++)
        {
            var name = InterfaceNames.For(pod.Namespace, pod.Name, attempt);
            if (_links.Add(name))
                return name;
        }
    }

    /// <summary>
    /// Writes a status that changed. The answer's version is the first one that told the pod's addresses.
    /// </summary>
    private void WriteStatus(PodRuntime runtime)
    {
        if (runtime.NextStatus() is not { } status)
            return;
        var written = Patch(runtime.Pod, status);
        runtime.GateVersion ??= written.ResourceVersion;
        runtime.Pod = written;
    }

    private PodObject Patch(PodObject pod, JsonObject status) => Remember(
        _store.Patch(Resource, pod.Namespace, pod.Name, new JsonObject { ["status"] = status }, status: true));

    private PodObject Remember(JsonObject stored)
    {
        var pod = new PodObject(stored);
        lock (_gate)
        {
            if (!_deleted.Contains(pod.Uid))
                _pods[pod.Key] = pod;
        }

        return pod;
    }

    private void EndAllBut(HashSet<string> wanted)
    {
        foreach (var (uid, runtime) in _runtimes.Where(runtime => !wanted.Contains(runtime.Key)).ToList())
        {
            lock (_gate)
                _runtimes.Remove(uid);
            if (runtime.Lease is { } lease)
                _addresses.Release(runtime.Node, lease);
            if (runtime.LinkName is { } link)
                _links.Remove(link);
            _ending.RemoveAll(task => task.IsCompleted);
            _ending.Add(runtime.EndAsync());
        }
    }
}
