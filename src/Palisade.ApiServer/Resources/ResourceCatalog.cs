using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Palisade.ApiServer.Resources;

/// <summary>What is served at one moment; never changed, so that whoever derives from it may keep the result.</summary>
internal sealed class ResourceCatalog
{
    private readonly FrozenDictionary<string, Resource> _byId;
    private readonly FrozenDictionary<(string Group, string Version, string Plural), Resource> _byPath;

    /// <summary>Of resources with several versions the first is the one they are known by.</summary>
    public ResourceCatalog(ImmutableArray<Resource> all)
    {
        All = all;
        _byId = all.DistinctBy(resource => resource.Id)
            .ToFrozenDictionary(resource => resource.Id, StringComparer.Ordinal);
        _byPath = all.ToFrozenDictionary(r => (r.Kind.Group, r.Kind.Version, r.Kind.Plural));
    }

    /// <summary>Every version of every resource.</summary>
    public ImmutableArray<Resource> All { get; }

    public Resource? ById(string id) => _byId.GetValueOrDefault(id);

    public Resource? ByPath(string group, string version, string plural) =>
        _byPath.GetValueOrDefault((group, version, plural));

    public Resource? ByKind(string apiVersion, string kind) =>
        All.FirstOrDefault(r => r.Kind.ApiVersion == apiVersion && r.Kind.Kind == kind);
}
