using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Palisade.ApiServer.Resources;

/// <summary>The resources this server serves.</summary>
internal sealed class ResourceRegistry
{
    private readonly FrozenDictionary<string, Resource> _byId;
    private readonly FrozenDictionary<(string Group, string Version, string Plural), Resource> _byPath;

    public ResourceRegistry(ApiServerOptions options)
    {
        All =
        [
            EventResource.Register(),
            NamespaceResource.Register(),
            NodeResource.Register(),
            PodResource.Register(options),
            ServiceResource.Register(options),
            EndpointsResource.Register(),
            EndpointSliceResource.Register(),
            NetworkPolicyResource.Register(),
            ClusterNetworkPolicyResource.Register(),
        ];
        _byId = All.ToFrozenDictionary(resource => resource.Id, StringComparer.Ordinal);
        _byPath = All.ToFrozenDictionary(r => (r.Kind.Group, r.Kind.Version, r.Kind.Plural));
        Namespaces = _byId["namespaces"];
        Pods = _byId["pods"];
    }

    public ImmutableArray<Resource> All { get; }

    public Resource Namespaces { get; }

    public Resource Pods { get; }

    /// <summary>The named API groups, core excluded, in order.</summary>
    public IEnumerable<string> Groups =>
        All.Select(r => r.Kind.Group).Where(group => group.Length > 0).Distinct().Order(StringComparer.Ordinal);

    public Resource? ById(string id) => _byId.GetValueOrDefault(id);

    public Resource? ByPath(string group, string version, string plural) =>
        _byPath.GetValueOrDefault((group, version, plural));

    public Resource? ByKind(string apiVersion, string kind) =>
        All.FirstOrDefault(r => r.Kind.ApiVersion == apiVersion && r.Kind.Kind == kind);

    public IEnumerable<Resource> Of(string group, string version) =>
        All.Where(r => r.Kind.Group == group && r.Kind.Version == version)
            .OrderBy(r => r.Kind.Plural, StringComparer.Ordinal);
}
