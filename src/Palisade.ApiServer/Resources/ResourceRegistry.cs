using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Custom;
using Palisade.ApiServer.Storage;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Validate;
using Palisade.Kubernetes.Wire;

namespace Palisade.ApiServer.Resources;

/// <summary>The resources this server serves: its own, and those that CustomResourceDefinitions add.</summary>
internal sealed class ResourceRegistry
{
    private readonly ImmutableArray<Resource> _own;
    private readonly DefinedResources _defined = new();
    private readonly JsonObject _default;
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
            CustomResourceDefinitionResource.Register(options, IsOwn),
        ];
        _current = new ResourceCatalog(_own);
        Namespaces = _current.ById("namespaces")!;
        Pods = _current.ById("pods")!;
        Definitions = _current.ById(ApiKinds.CustomResourceDefinition.QualifiedResource)!;
        _default = WireJson.ToNode(ObjectValidation.Default(
            (WireObject)WireJson.FromNode(CustomKinds.ClusterNetworkPolicyDefinition()), Definitions.Kind))!.AsObject();
        DefinitionStatus.Set(_default, [], IsOwn, options.Time.GetUtcNow());
    }

    /// <summary>What is served now.</summary>
    public ResourceCatalog Current => _current;

    public ImmutableArray<Resource> All => _current.All;

    public Resource Namespaces { get; }

    public Resource Pods { get; }

    public Resource? ById(string id) => _current.ById(id);

    public Resource? ByPath(string group, string version, string plural) => _current.ByPath(group, version, plural);

    public Resource? ByKind(string apiVersion, string kind) => _current.ByKind(apiVersion, kind);

    /// <summary>CustomResourceDefinitions.</summary>
    public Resource Definitions { get; }

    /// <summary>The definition that is there from the first start.</summary>
    public JsonObject DefaultDefinition => _default.DeepClone().AsObject();

    /// <summary>Serves what these definitions make beside the server's own; one call at a time.</summary>
    public void Serve(IEnumerable<StoredObject> definitions) =>
        Serve(definitions.Select(definition => definition.Parse()));

    /// <summary>As at a start, when the default definition may not have been stored yet.</summary>
    public void ServeLoaded(IEnumerable<StoredObject> definitions)
    {
        var stored = definitions.Select(definition => definition.Parse()).ToList();
        var isThere = stored.Exists(definition => Cell.Name(definition) == Cell.Name(_default));
        Serve(isThere ? stored : stored.Append(_default));
    }

    private void Serve(IEnumerable<JsonObject> definitions) =>
        _current = new ResourceCatalog([.. _own, .. _defined.Of(definitions)]);

    private bool IsOwn(string group, string name) => _own.Any(resource => resource.Kind.Group == group
        && (resource.Kind.Plural == name || resource.Kind.Singular == name || resource.Kind.ShortNames.Contains(name)));
}
