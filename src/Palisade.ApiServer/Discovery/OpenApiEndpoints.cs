using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Palisade.ApiServer.Http;
using Palisade.ApiServer.Resources;

namespace Palisade.ApiServer.Discovery;

/// <summary>/openapi/v3, one document per group version, and /openapi/v2 for those who ask for it.</summary>
internal sealed class OpenApiEndpoints
{
    private readonly ResourceRegistry _registry;
    private volatile Published _published;

    public OpenApiEndpoints(ResourceRegistry registry)
    {
        _registry = registry;
        _published = Publish(registry.Current, null);
    }

    private Published Current
    {
        get
        {
            var now = _registry.Current;
            var published = _published;
            if (published.Of != now)
                _published = published = Publish(now, published);
            return published;
        }
    }

    public Task InvokeAsync(HttpContext context, string[] segments)
    {
        if (context.Request.Method is not ("GET" or "HEAD"))
            throw Errors.MethodNotAllowed();
        return segments.ElementAtOrDefault(1) switch
        {
            "v2" when segments.Length == 2 => Responses.WriteAsync(
                context, 200, Current.V2.Value, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"),
            "v3" when segments.Length == 2 => Responses.WriteJsonAsync(context, 200, Index()),
            "v3" => DocumentAsync(context, string.Join('/', segments.Skip(2))),
            _ => throw Errors.UnknownPath(),
        };
    }

    private JsonObject Index()
    {
        var paths = new JsonObject();
        foreach (var (path, document) in Current.Documents.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            paths[path] = new JsonObject { ["serverRelativeURL"] = $"/openapi/v3/{path}?hash={document.Hash}" };
        return new JsonObject { ["paths"] = paths };
    }

    private Task DocumentAsync(HttpContext context, string path)
    {
        if (!Current.Documents.TryGetValue(path, out var document))
            throw Errors.UnknownPath();
        var asked = context.Request.Query["hash"].ToString();
        if (asked.Length > 0 && asked != document.Hash)
        {
            context.Response.StatusCode = 301;
            context.Response.Headers.Location = $"/openapi/v3/{path}?hash={document.Hash}";
            return Task.CompletedTask;
        }

        context.Response.Headers.ETag = $"\"{document.Hash}\"";
        context.Response.Headers.Vary = "Accept";
        if (asked.Length > 0)
            context.Response.Headers.CacheControl = "public, immutable";
        return Responses.WriteAsync(context, 200, document.Body);
    }

    // Documents whose resources are those of before are kept: a definition changes one of them.
    private static Published Publish(ResourceCatalog catalog, Published? before)
    {
        var documents = new Dictionary<string, Document>(StringComparer.Ordinal);
        foreach (var version in catalog.All.GroupBy(resource => (resource.Kind.Group, resource.Kind.Version)))
        {
            var (group, name) = version.Key;
            var path = group.Length == 0 ? $"api/{name}" : $"apis/{group}/{name}";
            var kept = before?.Documents.GetValueOrDefault(path);
            documents[path] = kept?.Resources.SequenceEqual(version) == true ? kept : Document.Of(path, [.. version]);
        }

        return new Published(
            catalog, documents.ToFrozenDictionary(StringComparer.Ordinal), new(() => OpenApiV2.Of(catalog.All)));
    }

    /// <summary>The document of one group version.</summary>
    private sealed record Document(ImmutableArray<Resource> Resources, byte[] Body, string Hash)
    {
        public static Document Of(string path, ImmutableArray<Resource> resources)
        {
            var body = JsonBytes.Of(OpenApiDocument.Of(path, resources));
            return new Document(resources, body, Convert.ToHexString(SHA512.HashData(body)));
        }
    }

    /// <summary>What is published while these resources are served.</summary>
    private sealed record Published(ResourceCatalog Of, FrozenDictionary<string, Document> Documents, Lazy<byte[]> V2);
}
