using System.Text.Json.Nodes;
using Palisade.ApiServer.Resources;
using Palisade.ApiServer.Selecting;
using Palisade.ApiServer.Storage;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Client;

namespace Palisade.ApiServer.Access;

/// <summary>
/// Brings the default roles back at a start, and keeps the rules of aggregated ClusterRoles: those of all that they
/// select.
/// </summary>
internal sealed class RoleKeeper : IAsyncDisposable
{
    private readonly ObjectStore _store;
    private readonly ChangeSignal _signal = new();
    private readonly ObjectFollower<bool> _roles;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    private RoleKeeper(ObjectStore store)
    {
        _store = store;
        _roles = new(store, RbacResources.ClusterRoles, _ => true, _signal.Raise);
        _running = RunAsync();
    }

    /// <summary>What there should be is there, and aggregated, when the task ends.</summary>
    public static async Task<RoleKeeper> StartAsync(ObjectStore store)
    {
        await EnsureAsync(store, DefaultRoles.All());
        await AggregateAsync(store);
        return new RoleKeeper(store);
    }

    /// <summary>Creates what is missing, and gives roles back the rules that they lack.</summary>
    public static Task EnsureAsync(ObjectStore store, IEnumerable<JsonObject> wanted) =>
        Task.WhenAll(wanted.Select(want => EnsureAsync(store, want)));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
        _signal.Dispose();
    }

    private static async Task EnsureAsync(ObjectStore store, JsonObject want)
    {
        var resource = Cell.Text(want["kind"]) == "ClusterRole"
            ? RbacResources.ClusterRoles
            : RbacResources.ClusterRoleBindings;
        var name = Cell.Name(want);
        if (store.Get(resource, null, name) is not { } found)
        {
            await store.CreateAsync(want);
            return;
        }

        if (Cell.Text(found["metadata"]?["annotations"]?[DefaultRoles.AutoUpdate]) != "true"
            || want["rules"] is not JsonArray { Count: > 0 } rules)
            return;
        var held = PolicyRule.AllOf(found["rules"]);
        var lacking = PolicyRule.AllOf(rules)
            .Where(rule => !rule.Parts().All(part => held.Any(part.IsWithin))).Select(rule => rule.ToJson()).ToList();
        if (lacking.Count == 0)
            return;
        var all = new JsonArray([.. held.Select(rule => rule.ToJson()), .. lacking]);
        await store.PatchAsync(resource, null, name, new JsonObject { ["rules"] = all });
    }

    private static async Task AggregateAsync(ObjectStore store)
    {
        // A role may be aggregated from aggregated ones: until nothing changes, but no longer than a chain can be.
        for (var round = 0; round < 10; round++)
        {
            var roles = store.List(RbacResources.ClusterRoles);
            var changes = roles.Select(role => (Role: role, Rules: RulesOf(role, roles)))
                .Where(pair => pair.Rules is not null && !JsonNode.DeepEquals(pair.Role["rules"], pair.Rules)).ToList();
            if (changes.Count == 0)
                return;
            await Task.WhenAll(changes.Select(pair => store.PatchAsync(
                RbacResources.ClusterRoles, null, Cell.Name(pair.Role), new JsonObject { ["rules"] = pair.Rules })));
        }
    }

    private static JsonArray? RulesOf(JsonObject role, IReadOnlyList<JsonObject> roles)
    {
        if (role["aggregationRule"] is not JsonObject aggregation)
            return null;
        var selectors = Cell.Objects(aggregation["clusterRoleSelectors"]).Select(LabelSelection.Of).ToList();
        var rules = roles
            .Where(other => Cell.Name(other) != Cell.Name(role)
                && selectors.Any(selector => selector.Matches(StoredObject.LabelsOf(other))))
            .SelectMany(other => PolicyRule.AllOf(other["rules"]))
            .Select(rule => (JsonNode)rule.ToJson()).DistinctBy(rule => rule.ToJsonString());
        return [.. rules];
    }

    private async Task RunAsync()
    {
        var following = _roles.RunAsync(_stop.Token);
        try
        {
            while (true)
            {
                await _signal.WaitAsync(_stop.Token);
                await KeepAsync();
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            await following.ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }

    private async Task KeepAsync()
    {
        try
        {
            await AggregateAsync(_store);
        }
        catch (StatusException)
        {
            // Deleted meanwhile, or the disk is full: the next change of a role brings the next attempt.
        }
    }
}
