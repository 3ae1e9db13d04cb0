namespace Palisade.EndToEnd.Tests.Clients;

/// <summary>A chart's life: a Deployment, a Service and a NetworkPolicy, with Helm.</summary>
internal static class HelmSteps
{
    // Helm's --wait is until the Deployment's pods are ready.
    private const string Waiting = "--wait --timeout 60s";

    public static IReadOnlyList<ClientStep> All { get; } =
    [
        new("template", "helm template shop chart", "kind: NetworkPolicy"),
        new("install --dry-run=server", "helm install shop chart -n $ns --dry-run=server", "kind: NetworkPolicy"),
        new("install", $"helm install shop chart -n $ns --create-namespace {Waiting}", "STATUS: deployed"),
        new("list", "helm list -n $ns", "shop\\s.*deployed"),
        new("status", "helm status shop -n $ns", "STATUS: deployed"),
        new("get manifest", "helm get manifest shop -n $ns", "image: nginx:1"),
        new("upgrade", $"helm upgrade shop chart -n $ns --set image=nginx:2,port=81 {Waiting}", "REVISION: 2"),
        new("get values", "helm get values shop -n $ns", "image: nginx:2"),
        new("history", "helm history shop -n $ns", "(?s)superseded.*deployed"),
        new("rollback", $"helm rollback shop 1 -n $ns {Waiting}", "Rollback was a success"),
        new("upgrade --install", $"helm upgrade --install other chart -n $ns {Waiting}", "other"),
        new("uninstall", $"helm uninstall shop other -n $ns {Waiting}", "\"shop\" uninstalled"),
    ];
}
