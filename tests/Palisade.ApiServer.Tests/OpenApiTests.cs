using Xunit;

namespace Palisade.ApiServer.Tests;

/// <summary>The schemas that clients read; that they understand them, kubectl says in the end-to-end tests.</summary>
public sealed class OpenApiTests(RunningServer running)
{
    private readonly Client _client = running.Client;

    [Fact]
    public async Task OpenApi_names_field_validation_and_moves_stale_hashes()
    {
        var index = (await _client.Get("/openapi/v3")).Json["paths"]!;
        var url = (string)index["apis/networking.k8s.io/v1"]!["serverRelativeURL"]!;
        var document = await _client.Get(url);
        Assert.Contains("immutable", document.Response.Headers.CacheControl!.ToString());
        var path = "/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies/{name}";
        var operations = document.Json["paths"]![path]!;
        var patch = operations["patch"]!;
        Assert.Contains("fieldValidation", patch["parameters"]!.AsArray().Select(p => (string)p!["name"]!));
        Assert.NotNull(document.Json["components"]!["schemas"]!["io.k8s.api.networking.v1.NetworkPolicyPeer"]);
        Assert.NotNull(patch["requestBody"]!["content"]!["application/strategic-merge-patch+json"]);
        var stale = await _client.Get("/openapi/v3/api/v1?hash=OLD");
        Assert.Equal("/openapi/v3/api/v1", stale.Response.RequestMessage!.RequestUri!.AbsolutePath);
        Assert.NotEqual("?hash=OLD", stale.Response.RequestMessage.RequestUri.Query);
        var v2 = await _client.Get("/openapi/v2", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf");
        Assert.Equal(
            "application/com.github.proto-openapi.spec.v2.v1.0+protobuf", v2.Response.Content.Headers.ContentType!.ToString());
    }

    [Theory]
    [InlineData("PodSpec", "containers", "name", "merge", "map", "name")]
    [InlineData("PodSpec", "volumes", "name", "merge,retainKeys", "map", "name")]
    [InlineData("Container", "ports", "containerPort", "merge", "map", "containerPort protocol")]
    [InlineData("Container", "args", null, null, "atomic", "")]
    [InlineData("ServiceSpec", "selector", null, null, null, "")]
    public async Task OpenApi_says_how_lists_merge(
        string type, string field, string? mergeKey, string? strategy, string? list, string keys)
    {
        var index = (await _client.Get("/openapi/v3")).Json["paths"]!;
        var document = await _client.Get((string)index["api/v1"]!["serverRelativeURL"]!);
        var property = document.Json["components"]!["schemas"]![$"io.k8s.api.core.v1.{type}"]!["properties"]![field]!;
        Assert.Equal(mergeKey, (string?)property["x-kubernetes-patch-merge-key"]);
        Assert.Equal(strategy, (string?)property["x-kubernetes-patch-strategy"]);
        Assert.Equal(list, (string?)property["x-kubernetes-list-type"]);
        Assert.Equal(keys, string.Join(' ', property["x-kubernetes-list-map-keys"]?.AsArray() ?? []));
    }
}
