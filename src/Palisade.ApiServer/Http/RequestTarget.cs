using Palisade.ApiServer.Resources;
using Palisade.ApiServer.Storage;

namespace Palisade.ApiServer.Http;

/// <summary>
/// What a resource path names: /api/v1/[namespaces/NS/]PLURAL[/NAME[/SUBRESOURCE]], for named groups below
/// /apis/GROUP/VERSION. Namespace null: cluster-scoped, or all namespaces. Name null: the collection.
/// </summary>
internal sealed record RequestTarget(Resource Resource, string? Namespace, string? Name, string? Subresource)
{
    /// <summary>Where the object stands that it names.</summary>
    public ObjectKey Key => new(Namespace ?? "", Name!);

    /// <summary>
    /// The target of the path's segments after the group version; null when nothing of that name is served.
    /// </summary>
    public static RequestTarget? Find(
        ResourceRegistry registry, string group, string version, ReadOnlySpan<string> rest)
    {
        string? ns = null;
        // namespaces/NS/PLURAL…; but namespaces/NS, namespaces/NS/status and namespaces/NS/finalize are the namespace
        // itself.
        if (rest.Length >= 3 && rest[0] == "namespaces" && rest[2] is not ("status" or "finalize"))
        {
            ns = rest[1];
            rest = rest[2..];
        }

        if (rest.Length is < 1 or > 3 || rest.Contains(""))
            return null;
        var resource = registry.ByPath(group, version, rest[0]);
        if (resource is null || (ns is not null && !resource.Kind.Namespaced))
            return null;
        var name = rest.Length > 1 ? rest[1] : null;
        if (resource.Kind.Namespaced && ns is null && name is not null)
            return null;
        return new RequestTarget(resource, ns, name, rest.Length > 2 ? rest[2] : null);
    }
}
