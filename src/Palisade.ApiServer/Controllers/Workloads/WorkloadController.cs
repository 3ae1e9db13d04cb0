using System.Collections.Frozen;
using System.Text.Json.Nodes;

namespace Palisade.ApiServer.Controllers.Workloads;

/// <summary>
/// What kube-controller-manager does for workloads: their pods, revisions and status, and each namespace's default
/// ServiceAccount. One pass after the other, on one thread: they read each other's writes.
/// </summary>
internal sealed class WorkloadController : IAsyncDisposable
{
    private const string Namespaces = "namespaces";
    private const string Accounts = "serviceaccounts";

    private static readonly FrozenSet<string> _looksAt = new[]
    {
        "deployments.apps", "replicasets.apps", "statefulsets.apps", "daemonsets.apps", "controllerrevisions.apps",
        "jobs.batch", ClusterView.Pods, DaemonSetPass.Nodes, Namespaces, Accounts,
    }.ToFrozenSet(StringComparer.Ordinal);

    private readonly PassLoop _loop;

    public WorkloadController(ObjectStore store, TimeProvider time)
    {
        var view = new ClusterView(store, time);
        var revisions = new Revisions(view);
        var deployments = new DeploymentPass(view);
        var replicaSets = new ReplicaSetPass(view);
        var statefulSets = new StatefulSetPass(view, revisions);
        var daemonSets = new DaemonSetPass(view, revisions);
        var jobs = new JobPass(view);
        _loop = new PassLoop(
            store,
            _looksAt,
            () =>
            {
                GiveAccounts(view);
                deployments.Run();
                replicaSets.Run();
                statefulSets.Run();
                daemonSets.Run();
                jobs.Run();
                return view.TakeAgain();
            },
            time);
    }

    public ValueTask DisposeAsync() => _loop.DisposeAsync();

    private static void GiveAccounts(ClusterView view)
    {
        var has = view.Of(Accounts).Where(account => account.Name == "default").Select(account => account.Namespace)
            .ToHashSet(StringComparer.Ordinal);
        foreach (var ns in view.Of(Namespaces).Where(ns => !ns.IsDeleting && !has.Contains(ns.Name)))
        {
            view.Create(new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "ServiceAccount",
                ["metadata"] = new JsonObject { ["name"] = "default", ["namespace"] = ns.Name },
            });
        }
    }
}
