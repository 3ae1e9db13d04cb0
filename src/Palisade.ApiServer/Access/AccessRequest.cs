using Microsoft.AspNetCore.Http;
using Palisade.ApiServer.Http;

namespace Palisade.ApiServer.Access;

/// <summary>
/// What a request wants to do, as rules name it: a verb on a resource, or on a path that is no resource's.
/// </summary>
internal sealed record AccessRequest
{
    private static readonly string[] _namespaceSubresources = ["status", "finalize"];

    public required string Verb { get; init; }

    public required string Path { get; init; }

    public bool IsResource { get; init; }

    public string Group { get; init; } = "";

    public string Resource { get; init; } = "";

    public string Subresource { get; init; } = "";

    public string Namespace { get; init; } = "";

    public string Name { get; init; } = "";

    /// <summary>The resource with its subresource, as rules name it.</summary>
    public string FullResource => Subresource.Length == 0 ? Resource : $"{Resource}/{Subresource}";

    /// <summary>A verb on a resource.</summary>
    public static AccessRequest On(
        string verb, string group, string resource, string ns = "", string name = "", string subresource = "") => new()
        {
            Verb = verb,
            Path = "",
            IsResource = true,
            Group = group,
            Resource = resource,
            Subresource = subresource,
            Namespace = ns,
            Name = name,
        };

    /// <summary>Reads a request as apiserver's RequestInfoFactory does.</summary>
    public static AccessRequest Of(HttpRequest request)
    {
        var path = request.Path.Value ?? "/";
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var start = parts is ["api", _, _, ..] ? 1 : parts is ["apis", _, _, _, ..] ? 2 : 0;
        if (start == 0)
            return new AccessRequest { Verb = request.Method.ToLowerInvariant(), Path = path };
        var rest = parts.AsSpan(start + 1);
        var ns = rest[0] == "namespaces" && rest.Length > 1 ? rest[1] : "";
        if (ns.Length > 0 && rest.Length > 2 && !_namespaceSubresources.Contains(rest[2]))
            rest = rest[2..];
        var name = rest.Length > 1 ? rest[1] : "";
        var asked = On(
            "", start == 2 ? parts[1] : "", rest[0], ns, name, rest.Length > 2 ? rest[2] : "") with
        { Path = path };
        return WithVerb(asked, request);
    }

    /// <summary>Why it is refused (apiserver's responsewriters.ForbiddenMessage).</summary>
    public string Refusal(User user)
    {
        var who = $"User {GoText(user.Name)} cannot {Verb}";
        if (!IsResource)
            return $"{who} path {GoText(Path)}";
        var where = Namespace.Length > 0 ? $"in the namespace {GoText(Namespace)}" : "at the cluster scope";
        return $"{who} resource {GoText(FullResource)} in API group {GoText(Group)} {where}";
    }

    private static AccessRequest WithVerb(AccessRequest asked, HttpRequest request)
    {
        var verb = request.Method switch
        {
            "POST" => "create",
            "GET" or "HEAD" => "get",
            "PUT" => "update",
            "PATCH" => "patch",
            "DELETE" => "delete",
            _ => "",
        };
        if (asked.Name.Length > 0)
            return asked with { Verb = verb };
        var query = new RequestQuery(request.Query);
        var selected = NameSelected(query.FieldSelector);
        return verb switch
        {
            "get" => asked with { Verb = query.Watch ? "watch" : "list", Name = selected },
            "delete" => asked with { Verb = "deletecollection" },
            _ => asked with { Verb = verb },
        };
    }

    // A list or watch of one name is judged as one of that name.
    private static string NameSelected(string? fieldSelector)
    {
        const string Field = "metadata.name=";
        foreach (var part in (fieldSelector ?? "").Split(','))
        {
            if (part.StartsWith(Field, StringComparison.Ordinal))
                return part[Field.Length..].TrimStart('=');
        }

        return "";
    }

    private static string GoText(string text) => Kubernetes.Convert.GoText.Quote(text);
}
