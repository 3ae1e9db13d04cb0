using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Palisade.ApiServer.Tests;

/// <summary>In what form answers come, of reads, of writes and of watches; and what else an answer carries.</summary>
public sealed class FormTests(RunningServer running)
{
    private const string Tables = "application/json;as=Table;v=v1;g=meta.k8s.io";
    private const string Partial = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
    private readonly Client _client = running.Client;

    [Theory]
    [InlineData("application/yaml;q=0.5, application/json", false)]
    [InlineData("application/json;q=0.1, application/yaml", true)]
    [InlineData("text/html, application/yaml;q=0.9, */*;q=0.8", true)]
    public async Task Weights_of_types_count(string accept, bool isYaml)
    {
        var answer = await _client.Get("/api/v1/namespaces/default", accept);
        Assert.Equal(isYaml, answer.IsYaml);
    }

    [Fact]
    public async Task What_a_table_shows_of_its_objects_is_judged()
    {
        var answer = await _client.Get("/api/v1/namespaces?includeObject=Foo", Tables);
        Assert.Equal(
            "Unable to convert to Table as requested: includeObject: Invalid value: \"Foo\": " +
            "must be 'Metadata', 'Object', 'None', or empty",
            answer.Message);
    }

    [Fact]
    public async Task Writes_answer_in_the_form_asked_for_or_are_not_made()
    {
        var maps = $"/api/v1/namespaces/{running.NewNamespace("forms-of-writes")}/configmaps";
        var body = """{"metadata":{"name":"a"},"data":{"k":"v"}}"""u8.ToArray();
        var refused = await _client.Send("POST", maps, body, accept: "application/vnd.kubernetes.protobuf");
        Assert.Equal(406, (int)refused.Code);
        Assert.Equal(404, (int)(await _client.Get(maps + "/a")).Code);
        var created = await _client.Send("POST", maps, body, accept: Tables);
        Assert.Equal(201, (int)created.Code);
        Assert.Equal("a", (string)created.Json["rows"]![0]!["cells"]![0]!);
        var patched = await _client.Send(
            "PATCH", maps + "/a", """{"metadata":{"labels":{"x":"y"}}}"""u8.ToArray(), "application/merge-patch+json",
            Partial + ",application/json");
        Assert.Equal("PartialObjectMetadata", (string)patched.Json["kind"]!);
        Assert.Equal("y", (string)patched.Json["metadata"]!["labels"]!["x"]!);
        Assert.Null(patched.Json["data"]);
    }

    [Fact]
    public async Task Bookmarks_have_the_form_of_the_other_events()
    {
        var groups = (await _client.Get("/apis")).Json["groups"]!.AsArray()
            .Select(group => $"/apis/{group!["preferredVersion"]!["groupVersion"]}").Prepend("/api/v1");
        var seen = 0;
        foreach (var group in groups)
        {
            foreach (var resource in (await _client.Get(group)).Json["resources"]!.AsArray())
            {
                if (!resource!["verbs"]!.AsArray().Any(verb => (string)verb! == "watch"))
                    continue;
                seen++;
                await BookmarkIs($"{group}/{resource["name"]}", Tables, "Table");
                await BookmarkIs($"{group}/{resource["name"]}", Partial, "PartialObjectMetadata");
            }
        }

        Assert.True(seen > 25, $"only {seen} resources were watched");
    }

    private async Task BookmarkIs(string path, string accept, string kind)
    {
        const string Query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
        using var watch = await _client.Watch($"{path}?watch=1&{Query}", accept);
        WatchLine? line;
        while ((line = await watch.Next()) is { Type: not "BOOKMARK" })
        {
            // What there is comes first.
        }

        Assert.Equal(kind, (string)line!.Object["kind"]!);
        var shown = kind == "Table" ? line.Object["rows"]![0]!["object"]! : line.Object;
        Assert.Equal("PartialObjectMetadata", (string)shown["kind"]!);
        Assert.Equal("true", (string)shown["metadata"]!["annotations"]!["k8s.io/initial-events-end"]!);
        Assert.NotEqual("", (string)line.Object["metadata"]!["resourceVersion"]!);
    }

    [Fact]
    public async Task A_timeout_of_zero_is_none()
    {
        using var watch = await _client.Watch(
            "/api/v1/namespaces?watch=1&timeoutSeconds=0&fieldSelector=metadata.name=zero");
        running.NewNamespace("zero");
        Assert.Equal("ADDED zero", $"{await watch.Next()}");
        var next = watch.Next();
        var pause = Task.Delay(TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken);
        Assert.Same(pause, await Task.WhenAny(next, pause));
        await _client.Send("DELETE", "/api/v1/namespaces/zero", null);
        Assert.Equal("MODIFIED zero", $"{await next}");
    }

    [Fact]
    public async Task A_page_of_a_version_shows_that_version()
    {
        var ns = running.NewNamespace("page-of-a-version");
        var maps = $"/api/v1/namespaces/{ns}/configmaps";
        await _client.Post(maps, """{"metadata":{"name":"a"}}""");
        var then = (string)(await _client.Get(maps)).Json["metadata"]!["resourceVersion"]!;
        await _client.Post(maps, """{"metadata":{"name":"b"}}""");
        Assert.Single((await _client.Get($"{maps}?limit=5&resourceVersion={then}")).Json["items"]!.AsArray());
        Assert.Equal(2, (await _client.Get($"{maps}?resourceVersion={then}")).Json["items"]!.AsArray().Count);
    }

    [Fact]
    public async Task Warnings_quote_any_letter_and_stay_short_together()
    {
        var one = await _client.Post(
            "/api/v1/namespaces?dryRun=All", """{"metadata":{"name":"warned"},"spec":{"größe":1,"tab\there":1}}""");
        Assert.Equal(
            ["299 - \"unknown field \\\"spec.größe\\\"\"", "299 - \"unknown field \\\"spec.tab here\\\"\""],
            one.Warnings.Select(text => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(text))));
        var fields = string.Join(',', Enumerable.Range(0, 100).Select(i => $"\"{i}{new string('x', 20_000)}\":1"));
        var many = await _client.Post(
            "/api/v1/namespaces?dryRun=All", $"{{\"metadata\":{{\"name\":\"warned\"}},{fields}}}");
        Assert.Equal(201, (int)many.Code);
        Assert.Equal(16, many.Warnings.Count());
        Assert.All(many.Warnings, text => Assert.InRange(text.Length, 200, 300));
    }

    [Theory]
    [InlineData("""{"kind":"Secret"}""", "no kind \"Secret\" is registered for version \"v1\"")]
    [InlineData("""{"apiVersion":"v2"}""", "no kind \"Namespace\" is registered for version \"v2\"")]
    [InlineData("""{"kind":null}""", "Object 'Kind' is missing in ")]
    public async Task A_patch_makes_no_other_kind(string patch, string why)
    {
        var answer = await _client.Send(
            "PATCH", "/api/v1/namespaces/default", Encoding.UTF8.GetBytes(patch), "application/merge-patch+json");
        Assert.Equal(422, (int)answer.Code);
        Assert.Contains(why, answer.Message);
        var strategic = await _client.Send(
            "PATCH", "/api/v1/namespaces/default?dryRun=All", Encoding.UTF8.GetBytes(patch),
            "application/strategic-merge-patch+json");
        Assert.Equal("Namespace", (string)strategic.Json["kind"]!);
    }
}
