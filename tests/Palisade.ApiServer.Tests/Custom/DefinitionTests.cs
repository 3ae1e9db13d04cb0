using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Palisade.ApiServer.Tests.Custom;

/// <summary>CustomResourceDefinitions over HTTP: what is refused, what is served, what becomes of objects.</summary>
public sealed class DefinitionTests(RunningServer running)
{
    private const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    private readonly Client _client = running.Client;

    [Fact]
    public async Task A_definition_is_established_and_served_at_once()
    {
        var made = await Define("gears", "shop.example", "Gear");
        Assert.Equal(HttpStatusCode.Created, made.Code);
        Assert.Equal(
            ["NamesAccepted=True NoConflicts", "Established=True InitialNamesAccepted"],
            made.Json["status"]!["conditions"]!.AsArray().Select(c => $"{c!["type"]}={c["status"]} {c["reason"]}"));
        Assert.Equal("""["v1"]""", made.Json["status"]!["storedVersions"]!.ToJsonString());
        Assert.Equal(
            """{"kind":"Gear","listKind":"GearList","plural":"gears","shortNames":["gr"],"singular":"gear"}""",
            Sorted(made.Json["status"]!["acceptedNames"]!));
        var plain = await _client.Get("/apis/shop.example/v1");
        Assert.Equal(
            ["gears", "gears/scale", "gears/status"],
            plain.Json["resources"]!.AsArray().Select(r => (string)r!["name"]!).Order());
        var aggregated = await _client.Get(
            "/apis", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
        Assert.Contains("\"resource\":\"gears\"", aggregated.Text);
        var index = (await _client.Get("/openapi/v3")).Json["paths"]!["apis/shop.example/v1"]!;
        var document = await _client.Get((string)index["serverRelativeURL"]!);
        Assert.Equal(
            "How many teeth.",
            (string?)document.Json["components"]!["schemas"]!["example.shop.v1.Gear"]!["properties"]!["spec"]!
                ["properties"]!["teeth"]!["description"]);
        Assert.Equal(HttpStatusCode.OK, (await _client.Get("/apis/shop.example/v1/gears")).Code);
    }

    [Fact]
    public async Task Objects_are_pruned_defaulted_and_judged_by_the_schema()
    {
        await Define("judged", "judge.example", "Judged");
        var created = await Create("judge.example", "judged", """{"teeth": 8, "extra": 1, "free": {"x": null, "y": [1]}}""");
        Assert.Equal(HttpStatusCode.Created, created.Code);
        Assert.Equal(["299 - \"unknown field \\\"spec.extra\\\"\""], created.Warnings);
        Assert.Equal(
            """{"free":{"x":null,"y":[1]},"mode":"slow","teeth":8}""", Sorted(created.Json["spec"]!));
        foreach (var (spec, message) in Refused)
        {
            var refused = await Create("judge.example", "judged", spec);
            Assert.Equal((spec, HttpStatusCode.UnprocessableEntity), (spec, refused.Code));
            Assert.Equal($"Judged.judge.example \"one\" is invalid: {message}", refused.Message);
        }
    }

    private static readonly (string Spec, string Message)[] Refused =
    [
        ("""{}""", "spec.teeth: Required value"),
        ("""{"teeth": "8"}""",
            "spec.teeth: Invalid value: \"string\": spec.teeth in body must be of type integer: \"string\""),
        ("""{"teeth": 3}""", "spec.teeth: Invalid value: 3: spec.teeth in body should be greater than or equal to 4"),
        ("""{"teeth": 100}""", "spec.teeth: Invalid value: 100: spec.teeth in body should be less than 100"),
        ("""{"teeth": 8, "mode": "fly"}""",
            "spec.mode: Unsupported value: \"fly\": supported values: \"slow\", \"fast\""),
        ("""{"teeth": 8, "code": "x"}""", "spec.code: Invalid value: \"x\": spec.code in body should match '^[0-9]+$'"),
        ("""{"teeth": 8, "at": "noon"}""",
            "spec.at: Invalid value: \"noon\": spec.at in body must be of type date-time: \"noon\""),
        ("""{"teeth": 8, "names": ["a", "a"]}""", "spec.names[1]: Duplicate value: \"a\""),
        ("""{"teeth": 8, "parts": [{"name": "a"}, {"name": "a"}]}""",
            "spec.parts[1]: Duplicate value: {\"name\":\"a\"}"),
        ("""{"teeth": 8, "size": true}""",
            "spec.size: Invalid value: \"boolean\": spec.size in body must be of type integer,string: \"boolean\""),
        ("""{"teeth": 8, "one": {"a": 1, "b": 2}}""", "spec.one: Invalid value: \"\": \"spec.one\" must validate one and "
            + "only one schema (oneOf). Found 2 valid alternatives"),
        ("""{"teeth": 8, "one": {}}""", "[spec.one: Invalid value: \"\": \"spec.one\" must validate one and only one "
            + "schema (oneOf). Found none valid, spec.one.a: Required value]"),
        ("""{"teeth": 9}""", "spec: Invalid value: \"object\": 9 teeth are odd"),
        ("""{"teeth": 8, "min": 5, "max": 4}""", "spec.max: Forbidden: min above max"),
    ];

    [Fact]
    public async Task Updates_keep_to_rules_of_change_and_tolerate_what_was_there()
    {
        await Define("changes", "change.example", "Change");
        const string Path = "/apis/change.example/v1/changes/one";
        await Create("change.example", "changes", """{"teeth": 8, "fixed": "a"}""");
        var refused = await Patch(Path, """{"spec": {"fixed": "b"}}""");
        Assert.Equal("Change.change.example \"one\" is invalid: spec.fixed: Invalid value: \"b\": is immutable",
            refused.Message);
        var changed = await Patch(Path, """{"spec": {"teeth": 10}}""");
        Assert.Equal((HttpStatusCode.OK, 2), (changed.Code, (int)changed.Json["metadata"]!["generation"]!));
        // status is written alone, and no change of what is wanted
        var status = await Patch(Path + "/status", """{"spec": {"teeth": 12}, "status": {"ready": 3}}""");
        Assert.Equal(
            ("10", "3", "2"),
            ($"{status.Json["spec"]!["teeth"]}", $"{status.Json["status"]!["ready"]}",
                $"{status.Json["metadata"]!["generation"]}"));
        // a bound that came later holds for changes only
        var narrow = Definition("changes", "change.example", "Change").Replace("\"minimum\": 4", "\"minimum\": 20");
        await Patch($"{Definitions}/changes.change.example", narrow);
        Assert.Equal(HttpStatusCode.OK, (await Patch(Path, """{"spec": {"mode": "fast"}}""")).Code);
        Assert.Contains("greater than or equal to 20", (await Patch(Path, """{"spec": {"teeth": 14}}""")).Message);
        var scale = await Patch(Path + "/scale", """{"spec": {"replicas": 6}}""");
        Assert.Equal("Scale 6 3 a=b", $"{scale.Json["kind"]} {scale.Json["spec"]!["replicas"]} "
            + $"{scale.Json["status"]!["replicas"]} {scale.Json["status"]!["selector"]}");
        var strategic = await _client.Send("PATCH", Path, "{}"u8.ToArray(), "application/strategic-merge-patch+json");
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, strategic.Code);
    }

    [Fact]
    public async Task Columns_and_selectable_fields_come_from_the_definition()
    {
        await Define("shown", "show.example", "Shown");
        await Create("show.example", "shown", """{"teeth": 8, "code": "7"}""");
        var table = await _client.Get("/apis/show.example/v1/shown", "application/json;as=Table;v=v1;g=meta.k8s.io");
        Assert.Equal(["Name", "Teeth", "Ready", "Age"],
            table.Json["columnDefinitions"]!.AsArray().Select(c => (string)c!["name"]!));
        var cells = table.Json["rows"]![0]!["cells"]!.AsArray();
        Assert.Equal("""["one",8,null]""", new JsonArray([.. cells.Take(3).Select(c => c?.DeepClone())]).ToJsonString());
        Assert.Single((await _client.Get("/apis/show.example/v1/shown?fieldSelector=spec.code%3D7"))
            .Json["items"]!.AsArray());
        Assert.Empty((await _client.Get("/apis/show.example/v1/shown?fieldSelector=spec.code%3D8"))
            .Json["items"]!.AsArray());
        Assert.Equal("field label not supported: spec.teeth",
            (await _client.Get("/apis/show.example/v1/shown?fieldSelector=spec.teeth%3D8")).Message);
    }

    [Fact]
    public async Task Every_served_version_shows_the_same_objects()
    {
        var second = Definition("twice", "two.example", "Twice").Replace("\"versions\": [", "\"versions\": ["
            + """
              {"name": "v1beta1", "served": true, "storage": false, "deprecated": true, "schema": {"openAPIV3Schema":
                {"type": "object", "properties": {"spec": {"type": "object", "properties":
                  {"teeth": {"type": "integer"}, "old": {"type": "string", "default": "yes"}}}}}}},
              """);
        Assert.Equal(HttpStatusCode.Created, (await _client.Post(Definitions, second)).Code);
        await Create("two.example", "twice", """{"teeth": 8}""");
        var group = (await _client.Get("/apis/two.example")).Json;
        Assert.Equal("v1", (string?)group["preferredVersion"]!["version"]);
        Assert.Equal(["v1", "v1beta1"], group["versions"]!.AsArray().Select(v => (string)v!["version"]!));
        var old = await _client.Get("/apis/two.example/v1beta1/twice/one");
        Assert.Equal("two.example/v1beta1 {\"old\":\"yes\",\"teeth\":8}",
            $"{old.Json["apiVersion"]} {Sorted(old.Json["spec"]!)}");
        Assert.Equal(["299 - \"two.example/v1beta1 Twice is deprecated\""], old.Warnings);
        await Patch("/apis/two.example/v1beta1/twice/one", """{"spec": {"teeth": 10}}""");
        var list = await _client.Get("/apis/two.example/v1/twice");
        Assert.Equal("TwiceList two.example/v1 10", $"{list.Json["kind"]} {list.Json["items"]![0]!["apiVersion"]} "
            + $"{list.Json["items"]![0]!["spec"]!["teeth"]}");
    }

    [Fact]
    public async Task Deleting_a_definition_takes_its_objects_and_waits_for_those_that_are_held()
    {
        await Define("held", "gone.example", "Held");
        await _client.Post("/apis/gone.example/v1/held", """
            {"apiVersion": "gone.example/v1", "kind": "Held", "spec": {"teeth": 8},
             "metadata": {"name": "stays", "finalizers": ["example.com/hold"]}}
            """);
        await Create("gone.example", "held", """{"teeth": 8}""");
        var deleted = await _client.Send("DELETE", $"{Definitions}/held.gone.example", null);
        Assert.Equal("""["customresourcecleanup.apiextensions.k8s.io"]""",
            deleted.Json["metadata"]!["finalizers"]!.ToJsonString());
        Assert.Equal(["stays"], (await _client.Get("/apis/gone.example/v1/held")).Json["items"]!.AsArray()
            .Select(item => (string)item!["metadata"]!["name"]!));
        var refused = await Create("gone.example", "held", """{"teeth": 8}""");
        Assert.Equal("create not allowed while custom resource definition is terminating", refused.Message);
        await Patch("/apis/gone.example/v1/held/stays", """{"metadata": {"finalizers": null}}""");
        Assert.Equal(HttpStatusCode.NotFound, (await _client.Get($"{Definitions}/held.gone.example")).Code);
        Assert.Equal(HttpStatusCode.NotFound, (await _client.Get("/apis/gone.example/v1/held")).Code);
        Assert.Equal(HttpStatusCode.NotFound, (await _client.Get("/apis/gone.example")).Code);
    }

    [Fact]
    public async Task Watches_end_with_the_definition()
    {
        await Define("watched", "ends.example", "Watched");
        const string Watch = "/apis/ends.example/v1/watched?watch=true";
        var one = await Create("ends.example", "watched", """{"teeth": 8}""");
        var version = (string)one.Json["metadata"]!["resourceVersion"]!;
        using var watch = await _client.Watch($"{Watch}&resourceVersion={version}");
        using var bookmarked = await _client.Watch($"{Watch}&resourceVersion={version}&allowWatchBookmarks=true");
        await _client.Send("DELETE", $"{Definitions}/watched.ends.example", null);
        Assert.Equal("DELETED one", (await watch.Next())!.ToString());
        Assert.Null(await watch.Next());
        Assert.Equal("DELETED one", (await bookmarked.Next())!.ToString());
        Assert.Equal("BOOKMARK", (await bookmarked.Next())!.Type);
        Assert.Null(await bookmarked.Next());
        // Defined again it is another resource, and who asks from before sees both.
        await Define("watched", "ends.example", "Watched");
        using var again = await _client.Watch($"{Watch}&resourceVersion={version}");
        await Create("ends.example", "watched", """{"teeth": 10}""");
        Assert.Equal("DELETED one", (await again.Next())!.ToString());
        Assert.Equal("ADDED one", (await again.Next())!.ToString());
    }

    [Fact]
    public async Task Names_that_are_taken_wait_until_they_are_free()
    {
        await Define("firsts", "name.example", "First");
        var second = await Define("seconds", "name.example", "Second");
        Assert.Equal(["NamesAccepted=False ShortNamesConflict", "Established=False NotAccepted"],
            second.Json["status"]!["conditions"]!.AsArray().Select(c => $"{c!["type"]}={c["status"]} {c["reason"]}"));
        Assert.Equal(HttpStatusCode.NotFound, (await _client.Get("/apis/name.example/v1/seconds")).Code);
        await _client.Send("DELETE", $"{Definitions}/firsts.name.example", null);
        Assert.Equal(HttpStatusCode.OK, (await _client.Get("/apis/name.example/v1/seconds")).Code);
    }

    [Theory]
    [InlineData("\"name\": \"bads.bad.example\"", "\"name\": \"other\"",
        "metadata.name: Invalid value: \"other\": must be spec.names.plural+\".\"+spec.group")]
    [InlineData("\"scope\": \"Cluster\"", "\"scope\": \"World\"",
        "spec.scope: Unsupported value: \"World\": supported values: \"Cluster\", \"Namespaced\"")]
    [InlineData("\"storage\": true", "\"storage\": false",
        "spec.versions: Invalid value: [v1]: must have exactly one version marked as storage version")]
    [InlineData("\"type\": \"integer\", \"minimum\": 4", "\"minimum\": 4",
        "spec.versions[0].schema.openAPIV3Schema.properties[spec].properties[teeth].type: Required value: must not be "
        + "empty for specified object fields")]
    [InlineData("\"pattern\": \"^[0-9]+$\"", "\"pattern\": \"(\"",
        "spec.versions[0].schema.openAPIV3Schema.properties[spec].properties[code].pattern: Invalid value: \"(\": must "
        + "be a valid regular expression")]
    [InlineData("\"rule\": \"self == oldSelf\"", "\"rule\": \"self.x(\"",
        "spec.versions[0].schema.openAPIV3Schema.properties[spec].properties[fixed].x-kubernetes-validations[0].rule: "
        + "Invalid value: \"self.x(\": compilation failed: ERROR: <input>:1:8: Syntax error: mismatched input '<EOF>'\n"
        + " | self.x(\n | .......^")]
    [InlineData("\"rule\": \"self.teeth != 9\"", "\"rule\": \"self.tooth != 9\"",
        "spec.versions[0].schema.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule: Invalid value: "
        + "\"self.tooth != 9\": compilation failed: ERROR: <input>:1:5: undefined field 'tooth'\n"
        + " | self.tooth != 9\n | ....^")]
    [InlineData("\"default\": \"slow\"", "\"default\": \"fly\"",
        "spec.versions[0].schema.openAPIV3Schema.properties[spec].properties[mode].default: Unsupported value: \"fly\": "
        + "supported values: \"slow\", \"fast\"")]
    public async Task Mistakes_are_refused(string right, string wrong, string message)
    {
        var text = Definition("bads", "bad.example", "Bad");
        Assert.Contains(right, text);
        var answer = await _client.Post(Definitions, text.Replace(right, wrong));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.Code);
        Assert.EndsWith($" is invalid: {message}", answer.Message.Replace("\\n", "\n"));
    }

    private Task<Answer> Define(string plural, string group, string kind) =>
        _client.Post(Definitions, Definition(plural, group, kind));

    private Task<Answer> Create(string group, string plural, string spec) => _client.Post(
        $"/apis/{group}/v1/{plural}", $$"""{"metadata": {"name": "one"}, "spec": {{spec}}}""");

    private Task<Answer> Patch(string path, string patch) =>
        _client.Send("PATCH", path, Encoding.UTF8.GetBytes(patch), "application/merge-patch+json");

    private static string Sorted(JsonNode node) => new JsonObject(node.AsObject()
        .OrderBy(pair => pair.Key, StringComparer.Ordinal)
        .Select(pair => KeyValuePair.Create(pair.Key, pair.Value?.DeepClone()))).ToJsonString();

    /// <summary>A definition with something of everything that schemas can say.</summary>
    internal static string Definition(string plural, string group, string kind) => """
        {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
         "metadata": {"name": "PLURAL.GROUP"},
         "spec": {"group": "GROUP", "scope": "Cluster",
          "names": {"plural": "PLURAL", "singular": "SINGULAR", "shortNames": ["gr"],
            "kind": "KIND"},
          "versions": [{"name": "v1", "served": true, "storage": true,
           "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.replicas",
             "statusReplicasPath": ".status.ready", "labelSelectorPath": ".status.selector"}},
           "selectableFields": [{"jsonPath": ".spec.code"}],
           "additionalPrinterColumns": [
             {"name": "Teeth", "type": "integer", "jsonPath": ".spec.teeth"},
             {"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status"},
             {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}],
           "schema": {"openAPIV3Schema": {"type": "object", "required": ["spec"], "properties": {
            "status": {"type": "object", "properties": {"ready": {"type": "integer"},
              "selector": {"type": "string", "default": "a=b"}}},
            "spec": {"type": "object", "required": ["teeth"], "properties": {
             "teeth": {"type": "integer", "minimum": 4, "maximum": 100, "exclusiveMaximum": true,
               "description": "How many teeth."},
             "mode": {"type": "string", "enum": ["slow", "fast"], "default": "slow"},
             "code": {"type": "string", "pattern": "^[0-9]+$"},
             "at": {"type": "string", "format": "date-time"},
             "replicas": {"type": "integer"},
             "names": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
             "parts": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
               "items": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}},
             "size": {"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]},
             "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
             "one": {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
               "oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
             "min": {"type": "integer"},
             "max": {"type": "integer"},
             "fixed": {"type": "string", "x-kubernetes-validations": [
               {"rule": "self == oldSelf", "message": "is immutable"}]}},
             "x-kubernetes-validations": [
               {"rule": "self.teeth != 9", "messageExpression": "string(self.teeth) + ' teeth are odd'"},
               {"rule": "!has(self.min) || !has(self.max) || self.min <= self.max", "message": "min above max",
                "reason": "FieldValueForbidden", "fieldPath": ".max"}]}}}}}]}}
        """.Replace("PLURAL", plural).Replace("GROUP", group).Replace("SINGULAR", kind.ToLowerInvariant())
        .Replace("KIND", kind);
}
