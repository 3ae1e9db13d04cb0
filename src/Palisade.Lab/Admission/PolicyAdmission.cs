using System.Text.Json.Nodes;
using Palisade.ApiServer;
using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Wire;
using Palisade.Policy.Model;

namespace Palisade.Lab.Admission;

/// <summary>
/// Answers writes of policies by what they do: the connections they open and close between the pods there are. It
/// refuses nothing, unless it is asked to refuse what closes a connection.
/// </summary>
/// <remarks>
/// Both states are compiled from the store's objects each time: what a client waits for is bounded by how much is
/// compared, and by time.
/// </remarks>
internal sealed class PolicyAdmission(Func<ObjectStore> store, bool refusesClosing)
{
    private const int MostLines = 4;
    private const int MostPods = 1000;
    private const int MostPolicies = 1000;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(3);
    private static readonly string _policies = ApiKinds.NetworkPolicy.QualifiedResource;
    private static readonly string _clusterPolicies = ApiKinds.ClusterNetworkPolicy.QualifiedResource;
    private readonly SemaphoreSlim _one = new(1);

    public ApiServer.Admission Plugin =>
        new(new HashSet<string>(StringComparer.Ordinal) { _policies, _clusterPolicies }, JudgeAsync);

    private async Task<AdmissionAnswer> JudgeAsync(ObjectChange change, CancellationToken cancel)
    {
        if (JsonNode.DeepEquals(change.Before?["spec"], change.After?["spec"]))
            return new([], null);
        try
        {
            var effects = await Task.Run(() => Compare(change), cancel).WaitAsync(_patience, cancel);
            var refusal = refusesClosing && effects.Closed > 0
                ? $"it closes connections, which --effects refused forbids: {string.Join("; ", effects.Lines)}"
                : null;
            return new(refusal is null ? effects.Lines : [], refusal);
        }
        catch (TimeoutException)
        {
            return new(["what it opens and closes takes too long to tell"], null);
        }
    }

    private Effects Compare(ObjectChange change)
    {
        // One at a time; who does not get there in time is told so by the wait above.
        if (!_one.Wait(_patience))
            throw new TimeoutException();
        try
        {
            var key = Key(change.After ?? change.Before!);
            var others = Objects(_policies).Concat(Objects(_clusterPolicies))
                .Where(policy => Key(policy) != key).ToList();
            var pods = Objects("pods").Select(pod => ClusterConvert.Pod(Wire(pod))).OfType<Endpoint>().ToList();
            if (pods.Count > MostPods || others.Count > MostPolicies)
                return new(["what it opens and closes is not told in a cluster of this size"], 0);
            return PolicyEffects.Between(
                Snapshot(pods, others, change.Before), Snapshot(pods, others, change.After), MostLines);
        }
        finally
        {
            _one.Release();
        }
    }

    private ClusterSnapshot Snapshot(List<Endpoint> pods, List<JsonObject> others, JsonObject? one)
    {
        var policies = (one is null ? others : others.Append(one)).Select(Wire).ToList();
        List<Diagnostic> unheard = [];
        return ClusterSnapshot.Of(
            Objects("namespaces").Select(ns => ClusterConvert.Namespace(Wire(ns))).OfType<Namespace>(),
            pods,
            policies.Where(policy => !IsOfCluster(policy))
                .Select(policy => ClusterConvert.NetworkPolicy(policy, null, unheard)).OfType<NetworkPolicy>(),
            [],
            Objects("nodes").Select(node => ClusterConvert.Node(Wire(node))).OfType<Node>(),
            policies.Where(IsOfCluster).Select(policy => ClusterConvert.ClusterNetworkPolicy(
                policy, ApiKinds.ClusterNetworkPolicy, null, unheard)).OfType<ClusterNetworkPolicy>());
    }

    private IReadOnlyList<JsonObject> Objects(string resource)
    {
        try
        {
            return store().List(resource);
        }
        catch (ArgumentException)
        {
            // Its definition was deleted.
            return [];
        }
    }

    private static (string?, string?, string?) Key(JsonObject policy) => (
        (string?)policy["kind"], (string?)policy["metadata"]?["namespace"], (string?)policy["metadata"]?["name"]);

    private static bool IsOfCluster(WireObject policy) =>
        policy["kind"] is WireString { Value: "ClusterNetworkPolicy" };

    private static WireObject Wire(JsonObject value) => (WireObject)WireJson.FromNode(value);
}
