using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Palisade.ApiServer.Tests.Custom;

/// <summary>Server-side apply to the kind of an applied definition: merged as its schema says.</summary>
public sealed class CustomApplyTests(RunningServer running)
{
    private const string Path = "/apis/merge.example/v1/merges/one";
    private readonly Client _client = running.Client;

    [Fact]
    public async Task The_schema_says_how_lists_and_maps_are_merged()
    {
        Assert.Equal(201, (int)(await _client.Post(
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
            DefinitionTests.Definition("merges", "merge.example", "Merge"))).Code);
        const string First = "teeth: 8, names: [a, b], parts: [{name: x}], free: {m: {k: 1}}, size: 5";
        Assert.Equal(201, (int)(await Apply("one", First)).Code);
        const string Second = "teeth: 8, names: [b, c], parts: [{name: z}], free: {m: {l: 2}}";
        Assert.Equal(200, (int)(await Apply("two", Second)).Code);
        Assert.Equal(
            """{"free":{"m":{"k":1,"l":2}},"mode":"slow","names":["a","b","c"],"parts":[{"name":"x"},{"name":"z"}],"size":5,"teeth":8}""",
            await SpecAsync());
        Assert.Equal(
            """{"f:spec":{"f:free":{"f:m":{".":{},"f:l":{}}},"f:names":{"v:'b'":{},"v:'c'":{}},"f:parts":{"k:{'name':'z'}":{".":{},"f:name":{}}},"f:teeth":{}}}""",
            await FieldsAsync("two Apply"));

        var conflict = await Apply("two", "teeth: 10");
        Assert.Equal(409, (int)conflict.Code);
        Assert.Equal("Apply failed with 1 conflict: conflict with \"one\": .spec.teeth", conflict.Message);
        Assert.Equal(200, (int)(await Apply("two", "teeth: 10, names: [c], parts: [{name: z}]", "&force=true")).Code);
        // The second has it alone now; what only the first said goes with it.
        Assert.DoesNotContain("f:teeth", await FieldsAsync("one Apply"));
        Assert.Equal(409, (int)(await Apply("one", "teeth: 8, names: [a]")).Code);
        Assert.Equal(200, (int)(await Apply("one", "names: [a]")).Code);
        Assert.Equal(
            """{"mode":"slow","names":["a","c"],"parts":[{"name":"z"}],"teeth":10}""", await SpecAsync());

        // Merged and then judged: by the schema, and by its rules.
        Assert.Equal(422, (int)(await Apply("two", "teeth: 9, names: [c], parts: [{name: z}]")).Code);
        Assert.Equal(422, (int)(await Apply("three", "mode: fly")).Code);
        var status = await _client.Send(
            "PATCH", Path + "/status?fieldManager=keeper", Encoding.UTF8.GetBytes(
                "{apiVersion: merge.example/v1, kind: Merge, metadata: {name: one}, status: {ready: 3}, spec: {teeth: 50}}"),
            "application/apply-patch+yaml");
        Assert.True((int)status.Code == 200, status.Text);
        Assert.Equal(("3", "10"), ($"{status.Json["status"]!["ready"]}", $"{status.Json["spec"]!["teeth"]}"));
        Assert.Equal("""{"f:status":{"f:ready":{}}}""", await FieldsAsync("keeper Apply status"));
        Assert.Contains("\"f:teeth\"", await FieldsAsync("two Apply"));
    }

    private Task<Answer> Apply(string manager, string spec, string query = "") => _client.Send(
        "PATCH", $"{Path}?fieldManager={manager}{query}", Encoding.UTF8.GetBytes(
            $"{{apiVersion: merge.example/v1, kind: Merge, metadata: {{name: one}}, spec: {{{spec}}}}}"),
        "application/apply-patch+yaml");

    private async Task<string> SpecAsync() => Sorted((await _client.Get(Path)).Json["spec"]!);

    private async Task<string> FieldsAsync(string owner) => Sorted(
        (await _client.Get(Path)).Json["metadata"]!["managedFields"]!.AsArray()
            .Single(entry => $"{entry!["manager"]} {entry["operation"]} {entry["subresource"]}".Trim() == owner)!
            ["fieldsV1"]!).Replace("\\u0022", "'");

    private static string Sorted(JsonNode node) => new JsonObject(node.AsObject()
        .OrderBy(pair => pair.Key, StringComparer.Ordinal)
        .Select(pair => KeyValuePair.Create(pair.Key, pair.Value?.DeepClone()))).ToJsonString();
}
