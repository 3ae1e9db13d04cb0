using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Palisade.ApiServer.Tests.Fields;

/// <summary>Server-side apply and managedFields over HTTP, where kubectl does not show enough.</summary>
public sealed class ApplyTests(RunningServer running)
{
    private const string Type = "application/apply-patch+yaml";
    private readonly Client _client = running.Client;

    [Fact]
    public async Task Every_write_leaves_its_manager_with_what_it_set()
    {
        var ns = running.NewNamespace("managed");
        var path = $"/api/v1/namespaces/{ns}/pods";
        await Ok("POST", path + "?fieldManager=maker", """
            {"metadata":{"name":"p","labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i",
             "ports":[{"containerPort":80}]}]}}
            """);
        var made = Fields(await Get(path + "/p"), "maker Update");
        Assert.StartsWith(
            """{"f:metadata":{"f:labels":{".":{},"f:a":{}}},"f:spec":{"f:containers":{"k:{'name':'c'}":{".":{},"f:image":{},""",
            made);
        Assert.Contains(
            """
            "f:name":{},"f:ports":{".":{},"k:{'containerPort':80,'protocol':'TCP'}":{".":{},"f:containerPort":{},"f:protocol":{}}}
            """.Trim(),
            made);
        // Defaults are the creator's.
        Assert.Contains("\"f:restartPolicy\":{}", made);
        await Ok("PATCH", path + "/p?fieldManager=merger", """{"metadata":{"labels":{"a":"c","d":"e"}}}""",
            "application/merge-patch+json");
        await Ok("PATCH", path + "/p/status?fieldManager=kubelet",
            """{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}""",
            "application/strategic-merge-patch+json");
        var pod = await Get(path + "/p");
        Assert.Equal("""{"f:metadata":{"f:labels":{"f:a":{},"f:d":{}}}}""", Fields(pod, "merger Update"));
        Assert.DoesNotContain("f:a\"", Fields(pod, "maker Update"));
        Assert.Equal(
            """{"f:status":{"f:conditions":{".":{},"k:{'type':'Ready'}":{".":{},"f:status":{},"f:type":{}}},"f:phase":{}}}""",
            Fields(pod, "kubelet Update status"));
        // A field that goes is nobody's.
        await Ok("PATCH", path + "/p?fieldManager=merger", """[{"op":"remove","path":"/metadata/labels/d"}]""",
            "application/json-patch+json");
        Assert.Equal("""{"f:metadata":{"f:labels":{"f:a":{}}}}""", Fields(await Get(path + "/p"), "merger Update"));
        // Without a fieldManager it is the program's name.
        var named = await _client.Send(
            "PATCH", path + "/p", """{"metadata":{"annotations":{"x":"y"}}}"""u8.ToArray(),
            "application/merge-patch+json", userAgent: "controller/v1.2 (linux)");
        Assert.Equal("""{"f:metadata":{"f:annotations":{".":{},"f:x":{}}}}""", Fields(named.Json, "controller Update"));
    }

    [Fact]
    public async Task Fields_no_longer_applied_go_unless_another_applier_has_them()
    {
        var ns = running.NewNamespace("given-up");
        var path = $"/api/v1/namespaces/{ns}/pods/p";
        string Pod(string labels, string containers) =>
            $"{{apiVersion: v1, kind: Pod, metadata: {{name: p, labels: {{{labels}}}}}, " +
            $"spec: {{containers: [{containers}]}}}}";
        const string Both = "{name: x, image: i}, {name: z, image: i}";
        Assert.Equal(201, await Code(path + "?fieldManager=one", Pod("a: b, c: d, e: f", Both)));
        Assert.Equal(200, await Code(path + "?fieldManager=two", Pod("c: d, g: h", "{name: x, image: i}")));
        Assert.Equal(200, await Code(path + "?fieldManager=one", Pod("a: b", Both)));
        var pod = await Get(path);
        Assert.Equal("""{"a":"b","c":"d","g":"h"}""", pod["metadata"]!["labels"]!.ToJsonString());
        // An updater's field stays, too: only an applier's own set is pruned.
        await Ok("PATCH", path + "?fieldManager=three", """{"metadata":{"labels":{"a":"changed"}}}""",
            "application/merge-patch+json");
        Assert.Equal(409, await Code(path + "?fieldManager=one", Pod("a: b", Both)));
        Assert.Equal(200, await Code(path + "?fieldManager=two&force=true", Pod("", "{name: x, image: i}")));
        Assert.Equal("""{"a":"changed"}""", (await Get(path))["metadata"]!["labels"]!.ToJsonString());
    }

    [Fact]
    public async Task Items_keep_their_place()
    {
        var ns = running.NewNamespace("ordered");
        var path = $"/api/v1/namespaces/{ns}/services/s";
        string Service(params int[] ports) =>
            "{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {ports: [" + string.Join(
                ", ", ports.Select(port => $"{{port: {port}, name: p{port}}}")) + "]}}";
        async Task<string> Ports() => string.Join(
            ' ', (await Get(path))["spec"]!["ports"]!.AsArray().Select(port => port!["port"]!.ToJsonString()));
        Assert.Equal(201, await Code(path + "?fieldManager=one", Service(1, 2, 3)));
        Assert.Equal(200, await Code(path + "?fieldManager=two", Service(3, 4)));
        Assert.Equal("1 2 3 4", await Ports());
        Assert.Equal(200, await Code(path + "?fieldManager=one", Service(3, 2, 1)));
        Assert.Equal("3 4 2 1", await Ports());
        Assert.Equal(200, await Code(path + "?fieldManager=one", Service(1)));
        Assert.Equal("3 4 1", await Ports());
    }

    [Theory]
    [InlineData(
        "",
        "a: b",
        422,
        "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch")]
    [InlineData("?fieldManager=m", "a: [", 400, "error decoding YAML: yaml: line ")]
    [InlineData("?fieldManager=m", "[]", 400, "error decoding YAML: ")]
    [InlineData(
        "?fieldManager=m",
        "{apiVersion: v1, kind: Namespace}",
        400,
        "Incorrect version specified in apply patch. Specified patch version: v1, expected: networking.k8s.io/v1")]
    [InlineData(
        "?fieldManager=m",
        "{apiVersion: networking.k8s.io/v1, kind: Ingress}",
        400,
        "Ingress in version \"v1\" cannot be handled as a NetworkPolicy: ")]
    [InlineData(
        "?fieldManager=m",
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {managedFields: []}}",
        400,
        "metadata.managedFields must be nil")]
    [InlineData(
        "?fieldManager=m",
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: other}}",
        400,
        "the name of the object (other) does not match the name on the URL (none)")]
    [InlineData(
        "?fieldManager=m",
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {uid: u}}",
        409,
        "Operation cannot be fulfilled on networkpolicies.networking.k8s.io \"none\": uid mismatch: the provided object specified uid u, and no existing object was found")]
    [InlineData(
        "?fieldManager=m",
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, spec: {a: 1, podSelector: 5}}",
        400,
        "failed to create typed patch object (/; networking.k8s.io/v1, Kind=NetworkPolicy): errors:\n  .spec.a: field not declared in schema\n  .spec.podSelector: expected map, got ")]
    [InlineData(
        "?fieldManager=m",
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, spec: {ingress: [{from: [{}]}]}}",
        422,
        "NetworkPolicy.networking.k8s.io \"none\" is invalid: spec.ingress[0].from[0]: Required value: must specify a peer")]
    [InlineData(
        "?fieldManager=m&fieldValidation=Strict",
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, kind: NetworkPolicy}",
        400,
        "error strict decoding YAML: yaml: unmarshal errors:\n  line 1: key \"kind\" already set in map")]
    public async Task Applies_that_are_refused(string query, string body, int code, string message)
    {
        var answer = await Apply("/apis/networking.k8s.io/v1/namespaces/default/networkpolicies/none" + query, body);
        Assert.Equal(code, (int)answer.Code);
        Assert.StartsWith(message, answer.Message);
    }

    [Fact]
    public async Task Lists_with_keys_are_judged_by_them()
    {
        async Task<string> Refused(string containers) => (await Apply(
            "/api/v1/namespaces/default/pods/none?fieldManager=m",
            $"{{apiVersion: v1, kind: Pod, spec: {{containers: {containers}}}}}")).Message.Split("): ", 2)[1];
        Assert.Equal(
            ".spec.containers: element 0: associative list with keys has an element that omits key field \"name\" " +
            "(and doesn't have default value)",
            await Refused("[{image: x}]"));
        Assert.Equal(
            ".spec.containers: duplicate entries for key [name=\"a\"]", await Refused("[{name: a}, {name: a}]"));
        Assert.Equal(
            ".spec.containers[name=\"a\"].ports[containerPort=80,protocol=\"TCP\"].foo: field not declared in schema",
            await Refused("[{name: a, ports: [{containerPort: 80, foo: 1}]}]"));
    }

    [Fact]
    public async Task Metadata_is_not_given_up_with_the_last_label()
    {
        var ns = running.NewNamespace("last-label");
        var path = $"/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies/p?fieldManager=m";
        const string Head = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n";
        Assert.Equal(201, await Code(path, Head + "metadata: {labels: {a: b}, annotations: {c: d}}"));
        var uid = (string)(await Get(path))["metadata"]!["uid"]!;
        Assert.Equal(200, await Code(path, Head + "metadata: {annotations: {c: d}}"));
        Assert.Equal(200, await Code(path, Head));
        var meta = (await Get(path))["metadata"]!.AsObject();
        Assert.Equal(uid, (string)meta["uid"]!);
        Assert.Null(meta["labels"]);
        Assert.Null(meta["annotations"]);
    }

    [Fact]
    public async Task Status_is_applied_by_itself()
    {
        var ns = running.NewNamespace("status-apply");
        running.Server.Store.Create(Manifests.Pod(ns, "p"));
        var path = $"/api/v1/namespaces/{ns}/pods/p";
        const string Body = "{apiVersion: v1, kind: Pod, metadata: {name: p}, status: {phase: Running, message: hi}}";
        Assert.Equal(200, await Code(path + "/status?fieldManager=m&force=true", Body));
        Assert.Equal("Running", (string)(await Get(path))["status"]!["phase"]!);
        Assert.Equal(
            """{"f:status":{"f:message":{},"f:phase":{}}}""", Fields(await Get(path), "m Apply status"));
        // On the object itself a status is nobody's and changes nothing.
        Assert.Equal(200, await Code(path + "?fieldManager=m&force=true", Body.Replace("Running", "Failed")));
        Assert.Equal("Running", (string)(await Get(path))["status"]!["phase"]!);
        Assert.Equal(404, await Code(path + "none/status?fieldManager=m", Body.Replace("name: p", "name: pnone")));
    }

    [Fact]
    public async Task Managed_fields_can_be_reset_and_are_found_again()
    {
        var ns = running.NewNamespace("reset");
        var path = $"/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies/p";
        running.Server.Store.Create(Manifests.Policy(ns, "p"));
        await Ok("PATCH", path, """{"metadata":{"managedFields":[{}]}}""", "application/merge-patch+json");
        Assert.Null((await Get(path))["metadata"]!["managedFields"]);
        await Ok("PATCH", path, """{"metadata":{"labels":{"a":"b"}}}""", "application/merge-patch+json");
        Assert.Null((await Get(path))["metadata"]!["managedFields"]);
        const string Body = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {labels: {a: c}}}";
        var conflict = await Apply(path + "?fieldManager=m", Body);
        Assert.Equal(409, (int)conflict.Code);
        Assert.Equal(
            "Apply failed with 1 conflict: conflict with \"before-first-apply\" using networking.k8s.io/v1: " +
            ".metadata.labels.a",
            conflict.Message);
        Assert.Equal("FieldManagerConflict", (string)conflict.Json["details"]!["causes"]![0]!["reason"]!);
        Assert.Equal(200, await Code(path + "?fieldManager=m&force=true", Body));
        Assert.Equal(
            """{"f:metadata":{"f:labels":{}},"f:spec":{"f:podSelector":{},"f:policyTypes":{}}}""",
            Fields(await Get(path), "before-first-apply Update"));
    }

    [Fact]
    public async Task Bodies_may_be_yaml()
    {
        var ns = running.NewNamespace("yaml");
        var path = $"/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies";
        async Task<Answer> Post(string query, string yaml) => await _client.Send(
            "POST", path + query, Encoding.UTF8.GetBytes(yaml), "application/yaml");
        var made = await Post("", Manifests.AllowWeb);
        Assert.Equal(201, (int)made.Code);
        Assert.Equal(80, (int)made.Json["spec"]!["ingress"]![0]!["ports"]![0]!["port"]!);
        // YAML 1.1: a bare y is true, and no label.
        var wrong = await Post("", "metadata: {name: x, labels: {app: y}}\nspec: {podSelector: {}}");
        Assert.Equal(
            "NetworkPolicy in version \"v1\" cannot be handled as a NetworkPolicy: json: cannot unmarshal bool into " +
            "Go struct field ObjectMeta.metadata.labels of type string",
            wrong.Message);
        const string Twice = "metadata: {name: twice}\nspec:\n  podSelector: {}\n  foo: 1\n  podSelector: {}\n";
        Assert.Equal(
            "NetworkPolicy in version \"v1\" cannot be handled as a NetworkPolicy: strict decoding error: " +
            "yaml: unmarshal errors:\n  line 5: key \"podSelector\" already set in map, unknown field \"spec.foo\"",
            (await Post("?fieldValidation=Strict", Twice)).Message);
        var warned = await Post("", Twice);
        Assert.Equal(201, (int)warned.Code);
        Assert.Equal(2, warned.Warnings.Count());
        var put = await _client.Send(
            "PUT", path + "/twice", "{metadata: {name: twice, labels: {a: b}}}"u8.ToArray(), "application/yaml");
        Assert.Equal("b", (string)put.Json["metadata"]!["labels"]!["a"]!);
        var gone = await _client.Send(
            "DELETE", path + "/twice", "propagationPolicy: Background\ndryRun: [All]"u8.ToArray(), "application/yaml");
        Assert.Equal(200, (int)gone.Code);
        Assert.Equal(200, (int)(await _client.Get(path + "/twice")).Code);
        Assert.Equal(400, (int)(await Post("", "a: &a [*a]")).Code);
        Assert.Equal(400, (int)(await Post("", "a: \"\\uD83D\\u0041\"")).Code);
        Assert.Equal(400, (int)(await Post("", "a: \"\\UFFFFFFFF\"")).Code);
        Assert.Equal(400, (int)(await Post("", new string('[', 100_000))).Code);
    }

    private Task<Answer> Apply(string path, string body) =>
        _client.Send("PATCH", path, Encoding.UTF8.GetBytes(body), Type);

    private async Task<int> Code(string path, string body) => (int)(await Apply(path, body)).Code;

    private async Task<JsonObject> Get(string path) => (await _client.Get(path)).Json;

    private async Task Ok(string method, string path, string body, string type = "application/json")
    {
        var answer = await _client.Send(method, path, Encoding.UTF8.GetBytes(body), type);
        Assert.True((int)answer.Code is 200 or 201, answer.Text);
    }

    // FieldsV1 of "manager operation[ subresource]", quotes of keys made readable.
    private static string Fields(JsonObject value, string owner) => value["metadata"]!["managedFields"]!.AsArray()
        .Single(entry => $"{entry!["manager"]} {entry["operation"]} {entry["subresource"]}".Trim() == owner)!
        ["fieldsV1"]!.ToJsonString().Replace("\\u0022", "'");
}
