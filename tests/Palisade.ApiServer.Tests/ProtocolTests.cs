using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Palisade.ApiServer.Tests;

/// <summary>What clients rely on below the surface: codes, Status objects, negotiation, options.</summary>
public sealed class ProtocolTests(RunningServer running)
{
    private const string TableAccept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
    private readonly Client _client = running.Client;

    [Fact]
    public async Task Without_the_token_there_is_nothing_but_health_and_version()
    {
        using var stranger = new Client(running.Server, withToken: false);
        foreach (var path in new[] { "/api/v1/pods", "/metrics", "/nonsense", "/apis" })
        {
            var answer = await stranger.Get(path);
            Assert.Equal(HttpStatusCode.Forbidden, answer.Code);
            Assert.Contains("User \"system:anonymous\" cannot ", answer.Message);
        }

        foreach (var path in new[] { "/healthz", "/livez", "/readyz", "/version" })
            Assert.Equal(HttpStatusCode.OK, (await stranger.Get(path)).Code);
    }

    [Theory]
    [InlineData("GET", "/nonsense", 404, "the server could not find the requested resource")]
    [InlineData("GET", "/api/v1/podtemplates", 404, "the server could not find the requested resource")]
    [InlineData("GET", "/api/v1/namespaces/default/nodes", 404, "the server could not find the requested resource")]
    [InlineData(
        "GET", "/apis/networking.k8s.io/v2/networkpolicies", 404, "the server could not find the requested resource")]
    [InlineData("GET", "/api/v1/namespaces/default/pods/none", 404, "pods \"none\" not found")]
    [InlineData(
        "DELETE", "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies/none", 404, "networkpolicies.networking.k8s.io \"none\" not found")]
    [InlineData("PUT", "/api/v1/pods", 405, "the server does not allow this method on the requested resource")]
    [InlineData("POST", "/api/v1/pods", 405, "the server does not allow this method on the requested resource")]
    [InlineData("DELETE", "/api/v1/pods", 405, "the server does not allow this method on the requested resource")]
    [InlineData(
        "GET", "/api/v1/pods?labelSelector=a%20b", 400, "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt")]
    [InlineData(
        "GET", "/api/v1/pods?labelSelector=-bad", 400, "unable to parse requirement: <nil>: Invalid value: \"-bad\": name part must consist of *")]
    [InlineData("DELETE", "/api/v1/namespaces", 405, "the server does not allow this method on the requested resource")]
    [InlineData("GET", "/api/v1/pods?watch=1&timeoutSeconds=x", 400, "strconv.ParseInt: parsing \"x\": invalid syntax")]
    [InlineData(
        "POST", "/api/v1/namespaces?fieldManager=a%00b", 422, "CreateOptions.meta.k8s.io \"\" is invalid: fieldManager: Invalid value: \"a\\x00b\": invalid character U+0000 (at position 1)")]
    [InlineData("GET", "/api/v1/pods?fieldSelector=spec.foo%3D1", 400, "field label not supported: spec.foo")]
    [InlineData(
        "GET", "/api/v1/pods?continue=nonsense", 400, "continue key is not valid: illegal base64 data or unknown version")]
    [InlineData("GET", "/api/v1/pods?limit=x", 400, "strconv.ParseInt: parsing \"x\": invalid syntax")]
    [InlineData(
        "GET", "/api/v1/pods?resourceVersion=999999999", 504, "Timeout: Too large resource version: 999999999, current: *")]
    [InlineData(
        "GET", "/api/v1/pods?resourceVersionMatch=Exact", 422, "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided")]
    [InlineData(
        "GET", "/api/v1/pods?watch=1&resourceVersionMatch=NotOlderThan", 422, "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")]
    [InlineData(
        "GET", "/api/v1/pods?watch=1&sendInitialEvents=true", 422, "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")]
    public async Task Refusals(string method, string path, int code, string message)
    {
        var answer = await _client.Send(method, path, null);
        Assert.Equal(code, (int)answer.Code);
        Assert.Equal("Status", (string)answer.Json["kind"]!);
        Assert.Equal(code, (int)answer.Json["code"]!);
        Assert.StartsWith(message.TrimEnd('*'), answer.Message);
    }

    [Fact]
    public async Task A_namespace_in_an_object_without_one_is_dropped()
    {
        var answer = await _client.Post(
            "/api/v1/namespaces?dryRun=All", """{"metadata":{"name":"in-a-namespace","namespace":"default"}}""");
        Assert.Equal(HttpStatusCode.Created, answer.Code);
        Assert.Null(answer.Json["metadata"]!["namespace"]);
    }

    [Fact]
    public async Task What_is_no_pod_ends_without_grace()
    {
        var ns = running.NewNamespace("graceless");
        var policies = $"/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies";
        await _client.Post(policies, """{"metadata":{"name":"held","finalizers":["example.com/x"]}}""");
        var answer = await _client.Send("DELETE", $"{policies}/held?gracePeriodSeconds=-5", null);
        Assert.Equal(0, (int)answer.Json["metadata"]!["deletionGracePeriodSeconds"]!);
    }

    [Fact]
    public async Task Of_a_repeated_parameter_the_first_counts()
    {
        var answer = await _client.Get("/api/v1/namespaces?limit=1&limit=x&watch=0&watch=1");
        Assert.Equal("NamespaceList", (string)answer.Json["kind"]!);
        Assert.Single(answer.Json["items"]!.AsArray());
    }

    [Theory]
    [InlineData(
        "json-patch", "{}", 400,
        "error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch")]
    [InlineData(
        "json-patch", "[1]", 400,
        "error decoding patch: json: cannot unmarshal number into Go value of type jsonpatch.Operation")]
    [InlineData(
        "merge-patch", "[]", 400,
        "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}")]
    [InlineData(
        "merge-patch", "\"a\"", 400,
        "error decoding patch: json: cannot unmarshal string into Go value of type map[string]interface {}")]
    [InlineData(
        "json-patch",
        """[{"op":"test","path":"/metadata/name","value":"x"}]""",
        422,
        "the server rejected our request due to an error in our request: testing value /metadata/name failed: test failed")]
    public async Task Bad_patches(string type, string body, int code, string message)
    {
        var answer = await _client.Send(
            "PATCH", "/api/v1/namespaces/default", Encoding.UTF8.GetBytes(body), $"application/{type}+json");
        Assert.Equal(code, (int)answer.Code);
        Assert.Equal(message, answer.Message);
        Assert.Null(answer.Json["details"]?["causes"]);
    }

    [Theory]
    [InlineData("text/plain", "/api/v1/namespaces", ", application/vnd.kubernetes.protobuf")]
    [InlineData("application/cbor", "/api/v1/namespaces", ", application/vnd.kubernetes.protobuf")]
    [InlineData(
        "application/vnd.kubernetes.protobuf", "/apis/policy.networking.k8s.io/v1alpha2/clusternetworkpolicies", "")]
    public async Task Bodies_of_other_types_are_415(string type, string path, string protobuf)
    {
        var answer = await _client.Send("POST", path, "a: b"u8.ToArray(), type);
        Assert.Equal(415, (int)answer.Code);
        Assert.Equal(
            "the body of the request was in an unknown format - accepted media types include: " +
            "application/json, application/yaml" + protobuf,
            answer.Message);
    }

    [Theory]
    [InlineData("text/html", 406)]
    [InlineData("application/vnd.kubernetes.protobuf", 406)]
    [InlineData("application/vnd.kubernetes.protobuf,application/json", 200)]
    [InlineData("application/json;as=Table;v=v2;g=meta.k8s.io,application/json", 200)]
    [InlineData("application/yaml", 200)]
    [InlineData("application/cbor, application/yaml;as=Table;v=v1;g=meta.k8s.io", 200)]
    [InlineData("*/*", 200)]
    [InlineData("", 200)]
    public async Task Accept_is_negotiated(string accept, int code) =>
        Assert.Equal(code, (int)(await _client.Get("/api/v1/namespaces", accept)).Code);

    [Fact]
    public async Task Lists_and_tables_have_their_shape()
    {
        var ns = running.NewNamespace("shapes");
        var empty = await _client.Get($"/api/v1/namespaces/{ns}/pods");
        Assert.Equal("PodList", (string)empty.Json["kind"]!);
        Assert.Equal("[]", empty.Json["items"]!.ToJsonString());
        running.Server.Store.Create(Manifests.Pod(ns, "p"));
        var table = (await _client.Get($"/api/v1/namespaces/{ns}/pods", TableAccept)).Json;
        Assert.Equal("Table", (string)table["kind"]!);
        Assert.Equal(9, table["columnDefinitions"]!.AsArray().Count);
        Assert.Equal("PartialObjectMetadata", (string)table["rows"]![0]!["object"]!["kind"]!);
        var whole = (await _client.Get($"/api/v1/namespaces/{ns}/pods?includeObject=Object", TableAccept)).Json;
        Assert.Equal("Pod", (string)whole["rows"]![0]!["object"]!["kind"]!);
        var none = (await _client.Get($"/api/v1/namespaces/{ns}/pods/p?includeObject=None", TableAccept)).Json;
        Assert.Null(none["rows"]![0]!["object"]);
        var metadata = (await _client.Get(
            $"/api/v1/namespaces/{ns}/pods", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io")).Json;
        Assert.Equal("PartialObjectMetadataList", (string)metadata["kind"]!);
        Assert.Null(metadata["items"]![0]!["spec"]);
    }

    [Fact]
    public async Task Pages_show_the_state_of_the_first_page()
    {
        var ns = running.NewNamespace("pages");
        foreach (var name in new[] { "a", "b", "c" })
            running.Server.Store.Create(Manifests.Policy(ns, name));
        var path = $"/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies";
        var first = (await _client.Get(path + "?limit=1")).Json;
        Assert.Equal(2, (int)first["metadata"]!["remainingItemCount"]!);
        running.Server.Store.Delete("networkpolicies.networking.k8s.io", ns, "c");
        running.Server.Store.Create(Manifests.Policy(ns, "aa"));
        var rest = (await _client.Get($"{path}?limit=500&continue={(string)first["metadata"]!["continue"]!}")).Json;
        Assert.Equal(["b", "c"], rest["items"]!.AsArray().Select(item => (string)item!["metadata"]!["name"]!));
        Assert.Equal((string)first["metadata"]!["resourceVersion"]!, (string)rest["metadata"]!["resourceVersion"]!);
        var version = (string)first["metadata"]!["resourceVersion"]!;
        var exact = (await _client.Get($"{path}?resourceVersionMatch=Exact&resourceVersion={version}")).Json;
        Assert.Equal(["a", "b", "c"], exact["items"]!.AsArray().Select(item => (string)item!["metadata"]!["name"]!));
    }

    [Fact]
    public async Task A_page_that_comes_too_late_can_go_on_with_what_there_is_now()
    {
        var ns = running.NewNamespace("late-pages");
        foreach (var name in new[] { "a", "b", "c" })
            running.Server.Store.Create(Manifests.Policy(ns, name));
        var path = $"/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies?limit=2&continue=";
        // A version that no server remembers.
        var token = $$"""{"v":"palisade/v1","rv":-2,"ns":"{{ns}}","name":"a"}""";
        var late = await _client.Get(path + Convert.ToBase64String(Encoding.UTF8.GetBytes(token)).TrimEnd('='));
        Assert.Equal(410, (int)late.Code);
        Assert.Equal("Expired", (string)late.Json["reason"]!);
        Assert.Contains("or use the continue token in this response", late.Message);
        var rest = await _client.Get(path + (string)late.Json["metadata"]!["continue"]!);
        Assert.Equal(["b", "c"], rest.Json["items"]!.AsArray().Select(item => (string)item!["metadata"]!["name"]!));
        byte[] notText = [.. "{\"v\":\""u8, 0xff, .. "\"}"u8];
        foreach (var bad in new[] { "x", "e30", "/w==", Convert.ToBase64String(notText) })
            Assert.Equal(400, (int)(await _client.Get(path + Uri.EscapeDataString(bad))).Code);
    }

    [Fact]
    public async Task A_head_of_a_watch_is_over_at_once()
    {
        // Whoever asked would otherwise wait behind the watch on the same connection.
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(200, (int)(await _client.Send("HEAD", "/api/v1/pods?watch=true", null)).Code);
            Assert.Equal(200, (int)(await _client.Send("HEAD", "/api/v1/namespaces/default?watch=true", null)).Code);
        }

        Assert.Equal(200, (int)(await _client.Get("/api/v1/namespaces/default")).Code);
    }

    [Fact]
    public async Task Bindings_take_options()
    {
        var ns = running.NewNamespace("bound");
        running.Server.Store.Create(Manifests.Pod(ns, "p"));
        var path = $"/api/v1/namespaces/{ns}/pods/p";
        const string Binding = """{"target":{"kind":"Node","name":"n"}}""";
        Assert.Equal(422, (int)(await _client.Post(path + "/binding?dryRun=Some", Binding)).Code);
        Assert.Equal(201, (int)(await _client.Post(path + "/binding?dryRun=All", Binding)).Code);
        Assert.Null((await _client.Get(path)).Json["spec"]!["nodeName"]);
        Assert.Equal(201, (int)(await _client.Post(path + "/binding?fieldManager=scheduler", Binding)).Code);
        var bound = (await _client.Get(path)).Json;
        Assert.Equal("n", (string)bound["spec"]!["nodeName"]!);
        Assert.Contains(
            bound["metadata"]!["managedFields"]!.AsArray(), entry => (string)entry!["manager"]! == "scheduler");
    }

    [Fact]
    public async Task Create_sets_what_the_server_owns()
    {
        var ns = running.NewNamespace("owned");
        var answer = await _client.Post(
            $"/api/v1/namespaces/{ns}/pods",
            """
            {"metadata":{"generateName":"gen-","uid":"mine","creationTimestamp":null,"generation":7,"managedFields":[]},
             "spec":{"containers":[{"name":"c","image":"i"}]},"status":{"phase":"Running"}}
            """);
        Assert.Equal(HttpStatusCode.Created, answer.Code);
        var meta = answer.Json["metadata"]!;
        Assert.Matches("^gen-[bcdfghjklmnpqrstvwxz2456789]{5}$", (string)meta["name"]!);
        Assert.True(Guid.TryParse((string)meta["uid"]!, out _));
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", (string)meta["creationTimestamp"]!);
        Assert.Equal(1, (int)meta["generation"]!);
        Assert.Equal("Pending", (string)answer.Json["status"]!["phase"]!);
    }

    [Theory]
    [InlineData("""{"metadata":{"name":"x","resourceVersion":"5"},"spec":{}}""", 400, "resourceVersion should not be set on objects to be created")]
    [InlineData("""{"metadata":{"name":"x","namespace":"other"},"spec":{}}""", 400, "the namespace of the provided object does not match the namespace sent on the request")]
    [InlineData("""{"metadata":{},"spec":{}}""", 422, "NetworkPolicy.networking.k8s.io \"\" is invalid: metadata.name: Required value: name or generateName is required")]
    [InlineData("""{"apiVersion":"v1","metadata":{"name":"x"}}""", 400, "the API version in the data (v1) does not match the expected API version (networking.k8s.io/v1)")]
    public async Task Creates_that_are_refused(string body, int code, string message)
    {
        var answer = await _client.Post("/apis/networking.k8s.io/v1/namespaces/default/networkpolicies", body);
        Assert.Equal(code, (int)answer.Code);
        Assert.Equal(message, answer.Message);
    }

    [Fact]
    public async Task Options_are_judged()
    {
        var path = "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies";
        var dry = await _client.Post(path + "?dryRun=Some", "{}");
        Assert.Equal(
            "CreateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: \"Some\": supported values: \"All\"", dry.Message);
        var validation = await _client.Post(path + "?fieldValidation=Hard", "{}");
        Assert.Equal(422, (int)validation.Code);
        var force = await _client.Send(
            "PATCH", path + "/x?force=true", "{}"u8.ToArray(), "application/merge-patch+json");
        Assert.Equal(
            "PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified for non-apply patch", force.Message);
    }

    [Fact]
    public async Task Updates_are_conditional_and_keep_what_clients_do_not_own()
    {
        var ns = running.NewNamespace("updates");
        var path = $"/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies/p";
        var created = running.Server.Store.Create(Manifests.Policy(ns, "p"));
        var same = await Put(path, Manifests.Policy(ns, "p"));
        Assert.Equal(
            (string)created["metadata"]!["resourceVersion"]!, (string)same.Json["metadata"]!["resourceVersion"]!);
        var wrongName = await Put(path, Manifests.Policy(ns, "q"));
        Assert.Equal("the name of the object (q) does not match the name on the URL (p)", wrongName.Message);
        var stale = Manifests.Policy(ns, "p");
        stale["metadata"]!["resourceVersion"] = "1";
        Assert.Equal(409, (int)(await Put(path, stale)).Code);
        var foreign = Manifests.Policy(ns, "p");
        foreign["metadata"]!["uid"] = "not-this";
        Assert.Contains("Precondition failed: UID in precondition: not-this", (await Put(path, foreign)).Message);
        var older = Manifests.Policy(ns, "p");
        older["metadata"]!["creationTimestamp"] = "2001-01-01T00:00:00Z";
        Assert.Contains("metadata.creationTimestamp: Invalid value", (await Put(path, older)).Message);
        var missing = await Put(path + "x", Manifests.Policy(ns, "px"));
        Assert.Equal(404, (int)missing.Code);
        var conditional = await Patch(path, """{"metadata":{"resourceVersion":"1","labels":{"a":"b"}}}""");
        Assert.Equal(409, (int)conditional.Code);
    }

    [Fact]
    public async Task Status_and_main_resource_do_not_mix()
    {
        var ns = running.NewNamespace("status");
        running.Server.Store.Create(Manifests.Pod(ns, "p"));
        var path = $"/api/v1/namespaces/{ns}/pods/p";
        var status = await Patch(path + "/status", """{"status":{"phase":"Running"},"spec":{"nodeName":"n"}}""");
        Assert.Equal("Running", (string)status.Json["status"]!["phase"]!);
        Assert.Null(status.Json["spec"]!["nodeName"]);
        var main = await Patch(path, """{"status":{"phase":"Failed"},"metadata":{"labels":{"a":"b"}}}""");
        Assert.Equal("Running", (string)main.Json["status"]!["phase"]!);
        Assert.Equal("b", (string)main.Json["metadata"]!["labels"]!["a"]!);
        var none = await Patch("/apis/networking.k8s.io/v1/namespaces/default/networkpolicies/x/status", "{}");
        Assert.Equal(404, (int)none.Code);
        var bound = await _client.Post(path + "/binding", """{"target":{"kind":"Node","name":"n1"}}""");
        Assert.Equal(201, (int)bound.Code);
        Assert.Equal(409, (int)(await _client.Post(path + "/binding", """{"target":{"kind":"Node","name":"n2"}}""")).Code);
        Assert.Equal("n1", (string)running.Server.Store.Get("pods", ns, "p")!["spec"]!["nodeName"]!);
    }

    [Fact]
    public async Task Deletes_take_options_preconditions_and_finalizers()
    {
        var ns = running.NewNamespace("deletes");
        var held = Manifests.Policy(ns, "held");
        held["metadata"]!["finalizers"] = new JsonArray("example.com/hold");
        running.Server.Store.Create(held);
        var uid = (string)running.Server.Store.Create(Manifests.Policy(ns, "free"))["metadata"]!["uid"]!;
        var path = $"/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies/";
        var wrong = await Delete(path + "free", """{"preconditions":{"uid":"other"}}""");
        Assert.Equal(409, (int)wrong.Code);
        Assert.Contains($"Precondition failed: UID in precondition: other, UID in object meta: {uid}", wrong.Message);
        Assert.Equal(200, (int)(await Delete(path + "free?dryRun=All", "")).Code);
        var gone = await Delete(path + "free", """{"kind":"DeleteOptions","apiVersion":"policy/v1","propagationPolicy":"Background"}""");
        Assert.Equal("Success", (string)gone.Json["status"]!);
        Assert.Equal(uid, (string)gone.Json["details"]!["uid"]!);
        var waiting = await Delete(path + "held", "");
        Assert.NotNull(waiting.Json["metadata"]!["deletionTimestamp"]);
        var added = await Patch(path + "held", """{"metadata":{"finalizers":["example.com/hold","example.com/more"]}}""");
        Assert.Contains("no new finalizers can be added if the object is being deleted", added.Message);
        var namespaceGoing = await Delete($"/api/v1/namespaces/{ns}", "");
        Assert.Equal("Terminating", (string)namespaceGoing.Json["status"]!["phase"]!);
        var refused = await _client.Post(path.TrimEnd('/'), """{"metadata":{"name":"late"}}""");
        Assert.Equal(
            "networkpolicies.networking.k8s.io \"late\" is forbidden: " +
            $"unable to create new content in namespace {ns} because it is being terminated",
            refused.Message);
        Assert.Equal("NamespaceTerminating", (string)refused.Json["details"]!["causes"]![0]!["reason"]!);
        Assert.Equal(200, (int)(await Patch(path + "held", """{"metadata":{"finalizers":null}}""")).Code);
        Assert.Null(running.Server.Store.Get("namespaces", null, ns));
    }

    [Fact]
    public async Task Deletecollection_removes_what_matches()
    {
        var ns = running.NewNamespace("collection");
        foreach (var name in new[] { "a", "b", "c" })
            running.Server.Store.Create(Manifests.Pod(ns, name, ("keep", name == "b" ? "yes" : "no")));
        var answer = await Delete($"/api/v1/namespaces/{ns}/pods?labelSelector=keep%3Dno", "");
        Assert.Equal(2, answer.Json["items"]!.AsArray().Count);
        Assert.Equal(["b"], running.Server.Store.List("pods", ns).Select(pod => (string)pod["metadata"]!["name"]!));
    }

    [Fact]
    public async Task Unknown_fields_warn_unless_told_otherwise()
    {
        var ns = running.NewNamespace("unknown");
        var path = $"/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies";
        var body = """{"metadata":{"name":"NAME"},"spec":{"podSelector":{},"podSelector":{},"foo":1}}""";
        var strict = await _client.Post(path + "?fieldValidation=Strict", body.Replace("NAME", "a"));
        Assert.Equal(
            "NetworkPolicy in version \"v1\" cannot be handled as a NetworkPolicy: strict decoding error: " +
            "duplicate field \"spec.podSelector\", unknown field \"spec.foo\"",
            strict.Message);
        var warned = await _client.Post(path, body.Replace("NAME", "b"));
        Assert.Equal(201, (int)warned.Code);
        Assert.Equal(
            ["299 - \"duplicate field \\\"spec.podSelector\\\"\"", "299 - \"unknown field \\\"spec.foo\\\"\""],
            warned.Warnings);
        var ignored = await _client.Post(path + "?fieldValidation=Ignore", body.Replace("NAME", "c"));
        Assert.Empty(ignored.Warnings);
        Assert.Null(ignored.Json["spec"]!["foo"]);
        var patched = await _client.Send(
            "PATCH", path + "/b?fieldValidation=Strict", """{"spec":{"foo":"bar"}}"""u8.ToArray(), "application/strategic-merge-patch+json");
        Assert.Equal(
            " \"\" is invalid: patch: Invalid value: \"map[spec:map[foo:bar]]\": strict decoding error: unknown field \"spec.foo\"",
            patched.Message);
    }

    [Fact]
    public async Task Odd_blocks_are_warned_of()
    {
        var ns = running.NewNamespace("odd");
        var answer = await _client.Post(
            $"/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies",
            """{"metadata":{"name":"odd"},"spec":{"podSelector":{},"ingress":[{"from":[{"ipBlock":{"cidr":"10.0.0.1/8"}}]}]}}""");
        Assert.Equal(201, (int)answer.Code);
        Assert.Equal(
            [
                "299 - \"spec.ingress[0].from[0].ipBlock.cidr: CIDR value \\\"10.0.0.1/8\\\" is ambiguous in this context " +
                "(should be \\\"10.0.0.0/8\\\" or \\\"10.0.0.1/32\\\"?)\"",
            ],
            answer.Warnings);
    }

    [Fact]
    public async Task Large_answers_are_compressed_when_asked()
    {
        var ns = running.NewNamespace("large");
        var policy = Manifests.Policy(ns, "big");
        policy["metadata"]!["annotations"] = new JsonObject { ["note"] = new string('x', 200_000) };
        running.Server.Store.Create(policy);
        var path = $"/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies";
        var plain = await _client.Get(path);
        Assert.Empty(plain.Response.Content.Headers.ContentEncoding);
        var packed = await _client.GetPacked(path);
        Assert.Equal(["gzip"], packed.Response.Content.Headers.ContentEncoding);
        Assert.InRange(packed.Body.Length, 1, 20_000);
        using var unpacked = new StreamReader(
            new GZipStream(new MemoryStream(packed.Body), CompressionMode.Decompress), Encoding.UTF8);
        var items = JsonNode.Parse(await unpacked.ReadToEndAsync())!["items"];
        Assert.True(JsonNode.DeepEquals(plain.Json["items"], items));
    }

    [Fact]
    public async Task Discovery_answers_the_version_asked_for()
    {
        foreach (var version in new[] { "v2", "v2beta1" })
        {
            var type = $"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList";
            var answer = await _client.Get("/apis", type + ",application/json");
            Assert.Equal(type, answer.Response.Content.Headers.ContentType!.ToString().Replace("; ", ";"));
            Assert.Equal($"apidiscovery.k8s.io/{version}", (string)answer.Json["apiVersion"]!);
        }

        Assert.Equal("APIGroupList", (string)(await _client.Get("/apis")).Json["kind"]!);
        Assert.Equal(
            "APIVersions", (string)(await _client.Get("/api", "application/json;g=apidiscovery.k8s.io;v=v9;as=APIGroupDiscoveryList,application/json")).Json["kind"]!);
        var plain = (await _client.Get("/api/v1")).Json["resources"]!.AsArray().Select(r => (string)r!["name"]!);
        Assert.Contains("pods/status", plain);
        Assert.Equal("APIGroup", (string)(await _client.Get("/apis/networking.k8s.io")).Json["kind"]!);
        Assert.Equal(404, (int)(await _client.Get("/apis/none.example.com")).Code);
        Assert.Equal("ok", (await _client.Get("/readyz")).Text);
    }

    private Task<Answer> Put(string path, JsonObject body) =>
        _client.Send("PUT", path, Encoding.UTF8.GetBytes(body.ToJsonString()));

    private Task<Answer> Patch(string path, string patch) =>
        _client.Send("PATCH", path, Encoding.UTF8.GetBytes(patch), "application/merge-patch+json");

    private Task<Answer> Delete(string path, string body) =>
        _client.Send("DELETE", path, body.Length == 0 ? null : Encoding.UTF8.GetBytes(body));
}
