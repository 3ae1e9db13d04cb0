using System.Collections.Immutable;

namespace Palisade.ApiServer.Resources;

/// <summary>The resources this server serves: its own, and those that CustomResourceDefinitions add.</summary>
internal sealed class ResourceRegistry
{
    private readonly ImmutableArray<Resource> _own;
    private volatile ResourceCatalog _current;

    public ResourceRegistry(ApiServerOptions options)
    {
        _own =
        [
            ConfigMapResource.Register(),
            EventResource.Register(),
            NamespaceResource.Register(),
            NodeResource.Register(),
            PodResource.Register(options),
            SecretResource.Register(),
            ServiceAccountResource.Register(),
            ServiceResource.Register(options),
            EndpointsResource.Register(),
            EndpointSliceResource.Register(),
            DeploymentResource.Register(),
            ReplicaSetResource.Register(),
            StatefulSetResource.Register(),
            DaemonSetResource.Register(),
            ControllerRevisionResource.Register(),
            JobResource.Register(),
            CronJobResource.Register(),
            NetworkPolicyResource.Register(),
            IngressResource.Register(),
            IngressClassResource.Register(),
            LeaseResource.Register(),
            PodDisruptionBudgetResource.Register(),
            .. KeptResources.Register(),
            .. RbacResources.Register(),
            ClusterNetworkPolicyResource.Register(),
        ];
        _current = new ResourceCatalog(_own);
        Namespaces = _current.ById("namespaces")!;
        Pods = _current.ById("pods")!;
    }

    /// <summary>What is served now.</summary>
    public ResourceCatalog Current => _current;

    public ImmutableArray<Resource> All => _current.All;

    public Resource Namespaces { get; }

    public Resource Pods { get; }

    public Resource? ById(string id) => _current.ById(id);

    public Resource? ByPath(string group, string version, string plural) => _current.ByPath(group, version, plural);

    public Resource? ByKind(string apiVersion, string kind) => _current.ByKind(apiVersion, kind);

    /// <summary>Serves these beside the server's own from now on, in place of those before.</summary>
    public void Serve(IEnumerable<Resource> custom) => _current = new ResourceCatalog([.. _own, .. custom]);
}
