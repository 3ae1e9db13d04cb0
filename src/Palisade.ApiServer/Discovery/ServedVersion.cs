using System.Text.Json.Nodes;

namespace Palisade.ApiServer.Discovery;

/// <summary>One subresource as discovery tells it: its name, its kind, its verbs.</summary>
internal sealed record ServedSubresource(string Name, string Group, string Version, string Kind, params string[] Verbs);

/// <summary>One resource as discovery tells it.</summary>
internal sealed record ServedResource(
    string Plural,
    string Singular,
    string Kind,
    bool Namespaced,
    IReadOnlyList<string> Verbs,
    IReadOnlyList<string> ShortNames,
    IReadOnlyList<string> Categories,
    IReadOnlyList<ServedSubresource> Subresources);

/// <summary>All resources of one group version; the group is empty for the core group.</summary>
internal sealed record ServedVersion(string Group, string Version, IReadOnlyList<ServedResource> Resources)
{
    public string GroupVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>An entry of APIGroupDiscovery.versions.</summary>
    public JsonObject ToAggregated() => new()
    {
        ["version"] = Version,
        ["resources"] = new JsonArray([.. Resources.Select(Aggregated)]),
        ["freshness"] = "Current",
    };

    /// <summary>The APIResourceList of plain discovery: subresources stand beside their resources.</summary>
    public JsonObject ToPlain() => new()
    {
        ["kind"] = "APIResourceList",
        ["apiVersion"] = "v1",
        ["groupVersion"] = GroupVersion,
        ["resources"] = new JsonArray([.. Resources.SelectMany(Plain)]),
    };

    private JsonObject Aggregated(ServedResource resource)
    {
        var json = new JsonObject
        {
            ["resource"] = resource.Plural,
            ["responseKind"] = Kind(Group, Version, resource.Kind),
            ["scope"] = resource.Namespaced ? "Namespaced" : "Cluster",
            ["singularResource"] = resource.Singular,
            ["verbs"] = Texts(resource.Verbs),
        };
        if (resource.ShortNames.Count > 0)
            json["shortNames"] = Texts(resource.ShortNames);
        if (resource.Categories.Count > 0)
            json["categories"] = Texts(resource.Categories);
        if (resource.Subresources.Count > 0)
            json["subresources"] = new JsonArray([.. resource.Subresources.Select(Aggregated)]);
        return json;
    }

    private static JsonObject Aggregated(ServedSubresource subresource) => new()
    {
        ["subresource"] = subresource.Name,
        ["responseKind"] = Kind(subresource.Group, subresource.Version, subresource.Kind),
        ["verbs"] = Texts(subresource.Verbs),
    };

    private IEnumerable<JsonNode> Plain(ServedResource resource)
    {
        var json = new JsonObject
        {
            ["name"] = resource.Plural,
            ["singularName"] = resource.Singular,
            ["namespaced"] = resource.Namespaced,
            ["kind"] = resource.Kind,
            ["verbs"] = Texts(resource.Verbs),
        };
        if (resource.ShortNames.Count > 0)
            json["shortNames"] = Texts(resource.ShortNames);
        if (resource.Categories.Count > 0)
            json["categories"] = Texts(resource.Categories);
        yield return json;
        foreach (var subresource in resource.Subresources)
        {
            json = new JsonObject
            {
                ["name"] = $"{resource.Plural}/{subresource.Name}",
                ["singularName"] = "",
                ["namespaced"] = resource.Namespaced,
                ["kind"] = subresource.Kind,
                ["verbs"] = Texts(subresource.Verbs),
            };
            // Told only where they are others than the resource's own: kubectl scale looks for them.
            if ((subresource.Group, subresource.Version) != (Group, Version))
            {
                json["group"] = subresource.Group;
                json["version"] = subresource.Version;
            }

            yield return json;
        }
    }

    private static JsonObject Kind(string group, string version, string kind) =>
        new() { ["group"] = group, ["version"] = version, ["kind"] = kind };

    private static JsonArray Texts(IEnumerable<string> texts) => [.. texts.Select(text => (JsonNode)text)];
}
