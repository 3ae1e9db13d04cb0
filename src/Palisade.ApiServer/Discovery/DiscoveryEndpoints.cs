using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Palisade.ApiServer.Http;
using Palisade.ApiServer.Resources;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Discovery;

/// <summary>
/// /, /version, /api and /apis: plain discovery, and aggregated discovery in exactly the version asked for.
/// </summary>
internal sealed class DiscoveryEndpoints
{
    private readonly ResourceRegistry _registry;
    private readonly string _kubeVersion;
    private volatile Told _told;

    public DiscoveryEndpoints(ResourceRegistry registry, string kubeVersion)
    {
        _registry = registry;
        _kubeVersion = kubeVersion;
        _told = Tell(registry.Current);
    }

    private ImmutableArray<ServedVersion> Versions
    {
        get
        {
            var now = _registry.Current;
            var told = _told;
            if (told.Of != now)
                _told = told = Tell(now);
            return told.Versions;
        }
    }

    private IEnumerable<ServedVersion> Named => Versions.Where(version => version.Group.Length > 0);

    public Task CoreAsync(HttpContext context, string[] segments)
    {
        CheckMethod(context);
        var core = Versions.Single(version => version.Group.Length == 0);
        if (segments.Length == 2)
            return segments[1] == core.Version ? WriteAsync(context, core.ToPlain()) : throw Errors.UnknownPath();
        return WriteRootAsync(context, [core], () => new JsonObject
        {
            ["kind"] = "APIVersions",
            ["versions"] = new JsonArray(core.Version),
            ["serverAddressByClientCIDRs"] = new JsonArray(new JsonObject
            {
                ["clientCIDR"] = "0.0.0.0/0",
                ["serverAddress"] = context.Request.Host.Value,
            }),
        });
    }

    public Task GroupsAsync(HttpContext context, string[] segments)
    {
        CheckMethod(context);
        if (segments.Length == 1)
        {
            return WriteRootAsync(context, [.. Named], () => new JsonObject
            {
                ["kind"] = "APIGroupList",
                ["apiVersion"] = "v1",
                ["groups"] = new JsonArray([.. ByGroup(Named).Select(Group)]),
            });
        }

        var served = ByGroup(Named).FirstOrDefault(group => group.Key == segments[1]) ?? throw Errors.UnknownPath();
        if (segments.Length == 2)
        {
            var group = Group(served);
            group.Insert(0, "apiVersion", "v1");
            group.Insert(0, "kind", "APIGroup");
            return WriteAsync(context, group);
        }

        var version = served.FirstOrDefault(version => version.Version == segments[2]) ?? throw Errors.UnknownPath();
        return WriteAsync(context, version.ToPlain());
    }

    public Task VersionAsync(HttpContext context)
    {
        var parts = _kubeVersion.Split('.');
        return WriteAsync(context, new JsonObject
        {
            ["major"] = parts[0],
            ["minor"] = parts.ElementAtOrDefault(1) ?? "0",
            ["gitVersion"] = $"v{_kubeVersion}.0+palisade",
            ["gitCommit"] = "0000000000000000000000000000000000000000",
            ["gitTreeState"] = "clean",
            ["buildDate"] = "2026-01-01T00:00:00Z",
            ["goVersion"] = "none",
            ["compiler"] = "dotnet",
            ["platform"] = "linux/amd64",
        });
    }

    public Task RootAsync(HttpContext context)
    {
        CheckMethod(context);
        string[] paths =
        [
            "/api", "/api/v1", "/apis",
            .. ByGroup(Named).SelectMany(group =>
                group.Select(version => $"/apis/{version.GroupVersion}").Prepend($"/apis/{group.Key}")),
            "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version",
        ];
        return WriteAsync(
            context, new JsonObject { ["paths"] = new JsonArray([.. paths.Select(path => (JsonNode)path)]) });
    }

    private static Task WriteRootAsync(
        HttpContext context, IReadOnlyList<ServedVersion> versions, Func<JsonObject> plain)
    {
        context.Response.Headers.Vary = "Accept";
        foreach (var media in MediaRange.ParseAll(context.Request.Headers.Accept.ToString()))
        {
            var version = media["v"];
            var isAggregated = media.Type == Responses.Json && media["g"] == "apidiscovery.k8s.io"
                && media["as"] == "APIGroupDiscoveryList" && version is ("v2" or "v2beta1");
            if (isAggregated)
            {
                return WriteAsync(
                    context,
                    Aggregated(versions, version),
                    $"{Responses.Json};g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList");
            }

            if (media.TakesJson && media["as"].Length == 0)
                break;
        }

        return WriteAsync(context, plain());
    }

    private static JsonObject Aggregated(IEnumerable<ServedVersion> versions, string version) => new()
    {
        ["kind"] = "APIGroupDiscoveryList",
        ["apiVersion"] = $"apidiscovery.k8s.io/{version}",
        ["metadata"] = new JsonObject(),
        ["items"] = new JsonArray([.. ByGroup(versions).Select(group =>
        {
            var metadata = new JsonObject { ["creationTimestamp"] = null };
            if (group.Key.Length > 0)
                metadata["name"] = group.Key;
            return (JsonNode)new JsonObject
            {
                ["metadata"] = metadata,
                ["versions"] = new JsonArray([.. group.Select(version => version.ToAggregated())]),
            };
        })]),
    };

    private static IEnumerable<IGrouping<string, ServedVersion>> ByGroup(IEnumerable<ServedVersion> versions) =>
        versions.GroupBy(version => version.Group);

    private static JsonObject Group(IGrouping<string, ServedVersion> group)
    {
        JsonObject Named(ServedVersion version) =>
            new() { ["groupVersion"] = version.GroupVersion, ["version"] = version.Version };
        return new JsonObject
        {
            ["name"] = group.Key,
            ["versions"] = new JsonArray([.. group.Select(Named)]),
            ["preferredVersion"] = Named(group.First()),
        };
    }

    private static Task WriteAsync(HttpContext context, JsonObject document, string contentType = Responses.Json)
    {
        var body = JsonBytes.Of(document);
        var tag = $"\"{Convert.ToHexString(SHA256.HashData(body))}\"";
        context.Response.Headers.ETag = tag;
        if (context.Request.Headers.IfNoneMatch == tag)
        {
            context.Response.StatusCode = 304;
            return Task.CompletedTask;
        }

        return Responses.WriteAsync(context, 200, body, contentType);
    }

    private static void CheckMethod(HttpContext context)
    {
        if (context.Request.Method is not ("GET" or "HEAD"))
            throw Errors.MethodNotAllowed();
    }

    private static Told Tell(ResourceCatalog catalog)
    {
        var resources = catalog.All
            .Select(resource => (resource.Kind, Served: Of(resource)))
            .Concat(ReviewEndpoints.Kinds.Select(kind => (Kind: kind, Served: Of(kind))));
        return new Told(catalog,
        [
            .. resources
                .GroupBy(pair => (pair.Kind.Group, pair.Kind.Version))
                .OrderBy(group => group.Key.Group, StringComparer.Ordinal)
                .ThenBy(group => group.Key.Version, VersionOrder.Instance)
                .Select(group => new ServedVersion(
                    group.Key.Group,
                    group.Key.Version,
                    [.. group.Select(pair => pair.Served).OrderBy(served => served.Plural, StringComparer.Ordinal)])),
        ]);
    }

    private static ServedResource Of(Resource resource)
    {
        var kind = resource.Kind;
        var subresources = new List<ServedSubresource>();
        // Streams are named whether they are served or not, so that clients ask and are told so instead of guessing.
        if (kind.Plural == "pods")
        {
            subresources.Add(new ServedSubresource("attach", "", "v1", "PodAttachOptions", "create", "get"));
            subresources.Add(new ServedSubresource("binding", "", "v1", "Binding", "create"));
            var eviction = EvictionEndpoint.Kind;
            subresources.Add(new ServedSubresource(
                EvictionEndpoint.Subresource, eviction.Group, eviction.Version, eviction.Kind, "create"));
            subresources.Add(new ServedSubresource("exec", "", "v1", "PodExecOptions", "create", "get"));
            subresources.Add(new ServedSubresource("log", "", "v1", kind.Kind, "get"));
            subresources.Add(new ServedSubresource("portforward", "", "v1", "PodPortForwardOptions", "create", "get"));
        }

        if (resource.HasScale)
        {
            var scale = ScaleEndpoints.Kind;
            subresources.Add(
                new ServedSubresource("scale", scale.Group, scale.Version, scale.Kind, "get", "patch", "update"));
        }

        if (kind.HasStatus)
            subresources.Add(
                new ServedSubresource("status", kind.Group, kind.Version, kind.Kind, "get", "patch", "update"));
        return new ServedResource(
            kind.Plural,
            kind.Singular,
            kind.Kind,
            kind.Namespaced,
            resource.Verbs,
            kind.ShortNames,
            resource.Categories,
            subresources);
    }

    private static ServedResource Of(KindSchema review) =>
        new(review.Plural, review.Singular, review.Kind, review.Namespaced, ["create"], [], [], []);

    /// <summary>What is told while these resources are served.</summary>
    private sealed record Told(ResourceCatalog Of, ImmutableArray<ServedVersion> Versions);
}
