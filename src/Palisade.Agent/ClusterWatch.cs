using System.Collections.Immutable;
using System.Globalization;
using Palisade.Dataplane.Dns;
using Palisade.Dataplane.Network;
using Palisade.Kubernetes.Client;
using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Wire;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;

namespace Palisade.Agent;

/// <summary>
/// How far each resource had been followed when the objects were read: resource name, then resourceVersion.
/// </summary>
internal sealed record Progress(ImmutableArray<(string Resource, ulong Version)> Versions)
{
    /// <summary>The newest of all.</summary>
    public ulong Newest => Versions.Max(v => v.Version);

    /// <summary>
    /// The newest but for Nodes: an agent that publishes this on its Node does not see its own publishing as news.
    /// </summary>
    public ulong NewestBesideNodes => Versions.Where(v => v.Resource != KubeResource.Nodes.Plural).Max(v => v.Version);

    /// <summary>The line for standard output.</summary>
    public override string ToString()
    {
        var each = string.Join(' ', Versions.Select(v => $"{v.Resource}={v.Version}"));
        return string.Create(CultureInfo.InvariantCulture, $"enforced {Newest} {each}");
    }
}

/// <summary>How following one resource goes.</summary>
internal readonly record struct WatchState(
    string Resource, bool Synced, bool Failing, long Failures, int Objects, ulong Version);

/// <summary>
/// The five resources that policies are made of, followed until disposal. A cluster without ClusterNetworkPolicies is
/// an ordinary one: it has none, and they are looked for now and then.
/// </summary>
internal sealed class ClusterWatch : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Followed<NetworkPolicy> _policies;
    private readonly Followed<ClusterNetworkPolicy> _clusterPolicies;
    private readonly Followed<Endpoint> _pods;
    private readonly Followed<Namespace> _namespaces;
    private readonly Followed<Node> _nodes;
    private readonly Dictionary<string, ClusterNetworkPolicy> _clusterPoliciesNow = new(StringComparer.Ordinal);
    private readonly NameLearner _names;

    public ClusterWatch(
        KubeClient client, string node, ChangeSignal changed, NameLearner names, AgentLog log, TimeProvider time)
    {
        _names = names;
        var kind = ApiKinds.ClusterNetworkPolicy;
        _policies = new(
            Follow<NetworkPolicy>(KubeResource.NetworkPolicies),
            (item, notes) => ClusterConvert.NetworkPolicy(item, null, notes),
            ClusterChange.Put, key => ClusterChange.RemoveNetworkPolicy(key.Namespace, key.Name));
        _clusterPolicies = new(
            Follow<ClusterNetworkPolicy>(KubeResource.ClusterNetworkPolicies, mayBeAbsent: true),
            (item, notes) => ClusterConvert.ClusterNetworkPolicy(item, kind, null, notes),
            Put, key => RemoveClusterPolicy(key.Name));
        _pods = new(
            Follow<Endpoint>(KubeResource.Pods), (item, _) => ClusterConvert.Pod(item),
            ClusterChange.Put, key => ClusterChange.RemoveEndpoint(key.Namespace, key.Name), pod => pod.Node == node);
        _namespaces = new(
            Follow<Namespace>(KubeResource.Namespaces), (item, _) => ClusterConvert.Namespace(item),
            ClusterChange.Put, key => ClusterChange.RemoveNamespace(key.Name));
        _nodes = new(
            Follow<Node>(KubeResource.Nodes), (item, _) => ClusterConvert.Node(item),
            ClusterChange.Put, key => ClusterChange.RemoveNode(key.Name), own => own.Name == node);
        Running = Task.WhenAll(
            _policies.Reflector.RunAsync(_stop.Token),
            _clusterPolicies.Reflector.RunAsync(_stop.Token),
            _pods.Reflector.RunAsync(_stop.Token),
            _namespaces.Reflector.RunAsync(_stop.Token),
            _nodes.Reflector.RunAsync(_stop.Token));

        Func<Func<WireObject, Sighting<T>>, Reflector<Sighting<T>>> Follow<T>(
            KubeResource resource, bool mayBeAbsent = false)
            where T : class
        {
            var options = new ReflectorOptions { MayBeAbsent = mayBeAbsent };
            return see => new(client, resource, see, changed, time, options)
            {
                OnAbsent = () =>
                    log.Inform("not-served", ("resource", resource), ("doing", "looking again now and then")),
                OnFailure = (e, pause) => log.Warn(
                    "watch-failed", ("resource", resource), ("reason", e.Message),
                    ("retryMs", (int)pause.TotalMilliseconds)),
            };
        }
    }

    /// <summary>Whether everything was complete once. Nothing is enforced on half of the facts.</summary>
    public bool HasSynced => _policies.HasSynced && _clusterPolicies.HasSynced && _pods.HasSynced
        && _namespaces.HasSynced && _nodes.HasSynced;

    /// <summary>How following each resource goes. Any thread.</summary>
    public IEnumerable<WatchState> States =>
        [_policies.State, _clusterPolicies.State, _pods.State, _namespaces.State, _nodes.State];

    /// <summary>Ends before disposal only when a reflector fails in a way it cannot retry.</summary>
    public Task Running { get; }

    /// <summary>The uid of a pod of this node, as Events name it; null when it is gone.</summary>
    public string? UidOf(string ns, string pod) => (_pods.MetadataOf(ns, pod)?["uid"] as WireString)?.Value;

    /// <summary>What is odd about objects as they were last read.</summary>
    public IEnumerable<Diagnostic> Odd => _policies.Odd.Concat(_clusterPolicies.Odd);

    /// <summary>Everything as it is now, and how far each resource had been followed.</summary>
    public (ClusterSnapshot Snapshot, Progress Progress) ReadAll()
    {
        var versions = ImmutableArray.CreateBuilder<(string, ulong)>();
        var clusterPolicies = _clusterPolicies.ReadAll(versions);
        _clusterPoliciesNow.Clear();
        foreach (var policy in clusterPolicies)
            _clusterPoliciesNow[policy.Name] = policy;
        _names.Mention(clusterPolicies);
        _names.TakeChanges();
        var snapshot = ClusterSnapshot.Of(
            networkPolicies: _policies.ReadAll(versions),
            endpoints: _pods.ReadAll(versions),
            namespaces: _namespaces.ReadAll(versions),
            nodes: _nodes.ReadAll(versions),
            clusterNetworkPolicies: clusterPolicies,
            domainNames: _names.Known);
        return (snapshot, new(versions.ToImmutable()));
    }

    /// <summary>
    /// What changed since the last reading, however often: one batch; and how far each resource had been followed.
    /// </summary>
    public (List<ClusterChange> Changes, Progress Progress) ReadChanges()
    {
        var versions = ImmutableArray.CreateBuilder<(string, ulong)>();
        var changes = new List<ClusterChange>();
        _policies.ReadChanges(changes, versions);
        _pods.ReadChanges(changes, versions);
        _namespaces.ReadChanges(changes, versions);
        _nodes.ReadChanges(changes, versions);
        var before = changes.Count;
        _clusterPolicies.ReadChanges(changes, versions);
        if (changes.Count > before)
            _names.Mention(_clusterPoliciesNow.Values);
        foreach (var name in _names.TakeChanges())
            changes.Add(name.Addresses.IsEmpty ? ClusterChange.RemoveDomainName(name.Name) : ClusterChange.Put(name));
        return (changes, new(versions.ToImmutable()));
    }

    /// <summary>The settings to enforce with what was read last: names are learned only while some are mentioned.
    /// </summary>
    public NodeSettings For(NodeSettings settings) => _names.For(settings);

    /// <summary>A Node as it was last seen.</summary>
    public Node? Node(string name) => _nodes.Find("", name);

    /// <summary>An annotation of this node's Node as it was last seen; empty when there is none.</summary>
    public string NoteOn(string node, string annotation) =>
        ((_nodes.MetadataOf("", node)?["annotations"] as WireObject)?[annotation] as WireString)?.Value ?? "";

    private ClusterChange Put(ClusterNetworkPolicy policy)
    {
        _clusterPoliciesNow[policy.Name] = policy;
        return ClusterChange.Put(policy);
    }

    private ClusterChange RemoveClusterPolicy(string name)
    {
        _clusterPoliciesNow.Remove(name);
        return ClusterChange.RemoveClusterNetworkPolicy(name);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await Running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }
}
