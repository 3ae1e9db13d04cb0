using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Xunit;

namespace Palisade.ApiServer.Tests;

/// <summary>Who may do what, over HTTP and by the real kubectl.</summary>
public sealed class AccessTests(RunningServer running)
{
    private readonly EmbeddedApiServer _server = running.Server;

    [Fact]
    public async Task Who_is_bound_to_nothing_is_refused_in_kubernetes_words()
    {
        using var client = ClientOf("nobody-here");
        var list = await client.Get("/apis/networking.k8s.io/v1/namespaces/y/networkpolicies");
        Assert.Equal(403, (int)list.Code);
        Assert.Equal(
            "networkpolicies.networking.k8s.io is forbidden: User \"nobody-here\" cannot list resource " +
            "\"networkpolicies\" in API group \"networking.k8s.io\" in the namespace \"y\"",
            list.Message);
        Assert.Equal("Forbidden", (string)list.Json["reason"]!);
        Assert.Equal("""{"group":"networking.k8s.io","kind":"networkpolicies"}""", list.Json["details"]!.ToJsonString());
        Assert.Equal(
            "nodes \"n\" is forbidden: User \"nobody-here\" cannot delete resource \"nodes\" in API group \"\" at the " +
            "cluster scope",
            (await client.Send("DELETE", "/api/v1/nodes/n", null)).Message);
        Assert.Equal(
            "pods \"p\" is forbidden: User \"nobody-here\" cannot patch resource \"pods/status\" in API group \"\" in " +
            "the namespace \"y\"",
            (await client.Send("PATCH", "/api/v1/namespaces/y/pods/p/status", "{}"u8.ToArray())).Message);
        Assert.Equal(
            "forbidden: User \"nobody-here\" cannot get path \"/secret-path\"", (await client.Get("/secret-path")).Message);
        Assert.Equal(200, (int)(await client.Get("/apis")).Code);
    }

    [Fact]
    public async Task Who_shows_nothing_is_anonymous_and_what_is_wrong_is_unauthorized()
    {
        using var stranger = new Client(_server, withToken: false);
        var anonymous = await stranger.Get("/api/v1/pods");
        Assert.Equal(403, (int)anonymous.Code);
        Assert.Equal(
            "pods is forbidden: User \"system:anonymous\" cannot list resource \"pods\" in API group \"\" at the cluster " +
            "scope",
            anonymous.Message);
        Assert.Equal(
            "forbidden: User \"system:anonymous\" cannot get path \"/apis\"", (await stranger.Get("/apis")).Message);
        Assert.Equal(200, (int)(await stranger.Get("/healthz")).Code);
        using var wrong = new Client(_server.KubeconfigText.Replace("token: ", "token: 0"), _server.Url);
        var refused = await wrong.Get("/healthz");
        Assert.Equal(401, (int)refused.Code);
        Assert.Equal("Unauthorized", refused.Message);
    }

    [Fact]
    public async Task Certificates_of_another_authority_name_nobody()
    {
        var directory = Directory.CreateTempSubdirectory("palisade-other-").FullName;
        string foreign;
        await using (var other = await EmbeddedApiServer.StartAsync(new ApiServerOptions { DataDirectory = directory }))
            foreign = other.KubeconfigFor(other.Url, "palisade-admin", ["system:masters"]);
        Directory.Delete(directory, recursive: true);
        var mixed = new StringBuilder();
        var own = _server.KubeconfigText.Split('\n').Single(line => line.Contains("certificate-authority-data"));
        foreach (var line in foreign.Split('\n'))
            mixed.Append(line.Contains("certificate-authority-data") ? own : line).Append('\n');
        using var client = new Client(mixed.ToString(), _server.Url);
        Assert.Equal(401, (int)(await client.Get("/api/v1/pods")).Code);
    }

    [Fact]
    public async Task Roles_and_bindings_let_in_and_their_end_keeps_out()
    {
        var ns = running.NewNamespace("rbac-bound");
        using var client = ClientOf("jane", "dev");
        var pods = $"/api/v1/namespaces/{ns}/pods";
        Assert.Equal(403, (int)(await client.Get(pods)).Code);
        Role(ns, "reader", new JsonObject
        {
            ["verbs"] = new JsonArray("get", "list"),
            ["apiGroups"] = new JsonArray(""),
            ["resources"] = new JsonArray("pods"),
        });
        Bind(ns, "readers", "Role", "reader", "Group", "dev");
        Assert.Equal(200, (int)(await client.Get(pods)).Code);
        Assert.Equal(403, (int)(await client.Get(pods + "?watch=true")).Code);
        Assert.Equal(403, (int)(await client.Get("/api/v1/namespaces/default/pods")).Code);
        Assert.Equal(403, (int)(await client.Post(pods, Manifests.Pod(ns, "p").ToJsonString())).Code);
        Assert.True(_server.Store.Delete("rolebindings.rbac.authorization.k8s.io", ns, "readers"));
        Assert.Equal(403, (int)(await client.Get(pods)).Code);
    }

    [Fact]
    public async Task Names_of_a_rule_are_all_that_it_allows()
    {
        var ns = running.NewNamespace("rbac-names");
        using var client = ClientOf("joe");
        Role(ns, "one", new JsonObject
        {
            ["verbs"] = new JsonArray("get", "watch", "list"),
            ["apiGroups"] = new JsonArray(""),
            ["resources"] = new JsonArray("configmaps"),
            ["resourceNames"] = new JsonArray("mine"),
        });
        Bind(ns, "one", "Role", "one", "User", "joe");
        var path = $"/api/v1/namespaces/{ns}/configmaps";
        Assert.Equal(404, (int)(await client.Get(path + "/mine")).Code);
        Assert.Equal(403, (int)(await client.Get(path + "/other")).Code);
        Assert.Equal(403, (int)(await client.Get(path)).Code);
        Assert.Equal(200, (int)(await client.Get(path + "?fieldSelector=metadata.name%3Dmine")).Code);
    }

    [Fact]
    public async Task A_bound_role_that_is_missing_is_told()
    {
        var ns = running.NewNamespace("rbac-missing");
        Bind(ns, "dangling", "Role", "gone", "User", "pat");
        using var client = ClientOf("pat");
        Assert.EndsWith(
            $"in the namespace \"{ns}\": RBAC: role.rbac.authorization.k8s.io \"gone\" not found",
            (await client.Get($"/api/v1/namespaces/{ns}/pods")).Message);
    }

    [Fact]
    public async Task Nobody_gives_away_rights_they_do_not_have()
    {
        var ns = running.NewNamespace("rbac-escalate");
        Bind(ns, "admins", "ClusterRole", "admin", "User", "boss");
        using var boss = ClientOf("boss");
        var roles = $"/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles";
        var bindings = $"/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings";
        var wide = await boss.Post(roles, RoleText("wide", """{"verbs":["get","escalate"],"apiGroups":["x"],"resources":["a"]}"""));
        Assert.Equal(403, (int)wide.Code);
        Assert.Equal(
            "roles.rbac.authorization.k8s.io \"wide\" is forbidden: user \"boss\" (groups=[\"system:authenticated\"]) is " +
            "attempting to grant RBAC permissions not currently held:\n" +
            "{APIGroups:[\"x\"], Resources:[\"a\"], Verbs:[\"get\" \"escalate\"]}",
            wide.Message);
        Assert.Equal(201, (int)(await boss.Post(
            roles, RoleText("fine", """{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}"""))).Code);
        Assert.Equal(403, (int)(await boss.Post(bindings, BindingText("up", "ClusterRole", "cluster-admin"))).Code);
        Assert.Equal(404, (int)(await boss.Post(bindings, BindingText("none", "Role", "nowhere"))).Code);
        Assert.Equal(201, (int)(await boss.Post(bindings, BindingText("ok", "Role", "fine"))).Code);
        Assert.Equal(403, (int)(await boss.Send(
            "PATCH", roles + "/fine", """{"rules":[{"verbs":["*"],"apiGroups":["*"],"resources":["*"]}]}"""u8.ToArray(),
            "application/merge-patch+json")).Code);
    }

    [Fact]
    public async Task Applying_what_is_not_there_takes_the_right_to_create()
    {
        var ns = running.NewNamespace("rbac-apply");
        Role(ns, "patcher", new JsonObject
        {
            ["verbs"] = new JsonArray("get", "patch"),
            ["apiGroups"] = new JsonArray(""),
            ["resources"] = new JsonArray("configmaps"),
        });
        Bind(ns, "patcher", "Role", "patcher", "User", "pia");
        using var pia = ClientOf("pia");
        var path = $"/api/v1/namespaces/{ns}/configmaps/m?fieldManager=f";
        const string Apply = "application/apply-patch+yaml";
        foreach (var dryRun in new[] { "", "&dryRun=All" })
        {
            var refused = await pia.Send("PATCH", path + dryRun, Map("1"), Apply);
            Assert.Equal(403, (int)refused.Code);
            Assert.Equal(
                "configmaps \"m\" is forbidden: User \"pia\" cannot create resource \"configmaps\" in API group \"\" in " +
                $"the namespace \"{ns}\"",
                refused.Message);
        }

        Assert.Equal(201, (int)(await running.Client.Send("PATCH", path, Map("1"), Apply)).Code);
        Assert.Equal(200, (int)(await pia.Send("PATCH", path, Map("2"), Apply, userAgent: "other")).Code);
        static byte[] Map(string value) => Encoding.UTF8.GetBytes(
            $"{{apiVersion: v1, kind: ConfigMap, metadata: {{name: m}}, data: {{a: \"{value}\"}}}}");
    }

    [Fact]
    public async Task Aggregated_roles_follow_those_they_select()
    {
        using var client = ClientOf("agg");
        Cluster("ClusterRole", "agg-part", new JsonObject
        {
            ["rules"] = new JsonArray(new JsonObject
            {
                ["verbs"] = new JsonArray("list"),
                ["apiGroups"] = new JsonArray(""),
                ["resources"] = new JsonArray("endpoints"),
            }),
        }, "agg-test");
        Cluster("ClusterRole", "agg-whole", new JsonObject
        {
            ["aggregationRule"] = new JsonObject
            {
                ["clusterRoleSelectors"] = new JsonArray(new JsonObject
                {
                    ["matchLabels"] = new JsonObject { ["agg-test"] = "true" },
                }),
            },
        });
        Cluster("ClusterRoleBinding", "agg-bound", new JsonObject
        {
            ["roleRef"] = new JsonObject { ["kind"] = "ClusterRole", ["name"] = "agg-whole" },
            ["subjects"] = new JsonArray(new JsonObject { ["kind"] = "User", ["name"] = "agg" }),
        });
        await Until(async () => (int)(await client.Get("/api/v1/endpoints")).Code == 200);
        Assert.True(_server.Store.Delete("clusterroles.rbac.authorization.k8s.io", null, "agg-part"));
        await Until(async () => (int)(await client.Get("/api/v1/endpoints")).Code == 403);
    }

    [Fact]
    public void Kubectl_asks_what_may_be_done()
    {
        var viewer = new Kubectl(_server.ViewerKubeconfigText, Path.Combine(running.Directory, "viewer"));
        Assert.Equal("yes", viewer.Ok("auth can-i list pods").Trim());
        Assert.Equal("no", viewer.Run("auth can-i create pods").Out.Trim());
        Assert.Equal("no", viewer.Run("auth can-i get secrets").Out.Trim());
        Assert.Contains("palisade-viewer", viewer.Ok("auth whoami"));
        Assert.Contains("networkpolicies.networking.k8s.io", viewer.Ok("auth can-i --list"));
        viewer.Ok("get networkpolicies,pods,namespaces,nodes,clusternetworkpolicies -A");
        Assert.Contains(
            "Error from server (Forbidden): secrets is forbidden: User \"palisade-viewer\" cannot list resource",
            viewer.Fails("get secrets"));
        var admin = running.Kubectl;
        Assert.Equal("yes", admin.Ok("auth can-i * *").Trim());
        Assert.Equal("no", admin.Run("auth can-i create pods --as=jim").Out.Trim());
        Assert.Contains("jim", admin.Ok("auth whoami --as=jim --as-group=g1"));
        Assert.Contains("User \"jim\" cannot list resource \"pods\"", admin.Fails("get pods --as=jim"));
        Assert.Contains(
            "User \"palisade-viewer\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope",
            viewer.Fails("get pods --as=jim"));
    }

    [Fact]
    public void Kubectl_makes_roles_bindings_and_tokens()
    {
        var ns = running.NewNamespace("rbac-kubectl");
        var kubectl = running.Kubectl;
        kubectl.Ok($"create role r --verb=get,list --resource=pods -n {ns}");
        kubectl.Ok($"create serviceaccount robot -n {ns}");
        kubectl.Ok($"create rolebinding b --role=r --serviceaccount={ns}:robot -n {ns}");
        Assert.Contains("Role/r", kubectl.Ok($"get rolebindings -n {ns}"));
        Assert.Equal("yes", kubectl.Ok($"auth can-i list pods -n {ns} --as=system:serviceaccount:{ns}:robot").Trim());
        var token = kubectl.Ok($"create token robot -n {ns}").Trim();
        var config = Regex.Replace(_server.KubeconfigText, "token: \\S+", "token: " + token);
        var robot = new Kubectl(config, Path.Combine(running.Directory, "robot"));
        robot.Ok($"get pods -n {ns}");
        Assert.Contains("system:serviceaccounts:" + ns, robot.Ok("auth whoami"));
        Assert.Contains("Forbidden", robot.Fails("get pods -n default"));
        Assert.Contains("cannot change roleRef", kubectl.Fails(
            $"patch rolebinding b -n {ns} --type=merge -p {{\"roleRef\":{{\"name\":\"other\"}}}}"));
        kubectl.Ok($"delete serviceaccount robot -n {ns}");
        Assert.Contains("Unauthorized", robot.Fails($"get --raw /api/v1/namespaces/{ns}/pods"));
    }

    [Fact]
    public async Task Agents_write_the_status_of_their_own_node_alone()
    {
        var config = _server.AgentKubeconfigFor(_server.Url, "node-a");
        foreach (var node in new[] { "node-a", "node-b" })
            await running.Client.Post("/api/v1/nodes", $$"""{"metadata":{"name":"{{node}}"} }""");
        using var agent = new Client(config, _server.Url);
        var patch = """{"status":{"conditions":[]}}"""u8.ToArray();
        const string Merge = "application/merge-patch+json";
        Assert.Equal(200, (int)(await agent.Send("PATCH", "/api/v1/nodes/node-a/status", patch, Merge)).Code);
        Assert.Equal(403, (int)(await agent.Send("PATCH", "/api/v1/nodes/node-b/status", patch, Merge)).Code);
        Assert.Equal(403, (int)(await agent.Send("PATCH", "/api/v1/nodes/node-a", patch, Merge)).Code);
        Assert.Equal(403, (int)(await agent.Get("/api/v1/secrets")).Code);
        foreach (var path in new[] { "/api/v1/pods", "/apis/networking.k8s.io/v1/networkpolicies" })
            Assert.Equal(200, (int)(await agent.Get(path)).Code);
    }

    [Fact]
    public async Task Reviews_tell_the_truth()
    {
        const string Reviews = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
        var master = (await running.Client.Post(Reviews, """
            {"spec":{"user":"u","groups":["palisade:viewers"],"resourceAttributes":{"verb":"list","resource":"nodes"}}}
            """)).Json["status"]!;
        Assert.True((bool)master["allowed"]!);
        Assert.Equal(
            "RBAC: allowed by ClusterRoleBinding \"palisade:viewers\" of ClusterRole \"palisade:viewer\" to Group " +
            "\"palisade:viewers\"",
            (string)master["reason"]!);
        var none = (await running.Client.Post(Reviews, """
            {"spec":{"user":"u","nonResourceAttributes":{"verb":"get","path":"/metrics"}}}
            """)).Json["status"]!;
        Assert.False((bool)none["allowed"]!);
        Assert.Equal(422, (int)(await running.Client.Post(Reviews, """{"spec":{"user":"u"}}""")).Code);
        var review = (await running.Client.Post(
            "/apis/authentication.k8s.io/v1/tokenreviews", """{"spec":{"token":"rubbish"}}""")).Json;
        Assert.Null(review["status"]!["authenticated"]);
        Assert.DoesNotContain("rubbish", review.ToJsonString());
    }

    private Client ClientOf(string user, params string[] groups) =>
        new(_server.KubeconfigFor(_server.Url, user, groups), _server.Url);

    private void Role(string ns, string name, JsonObject rule) => _server.Store.Create(new JsonObject
    {
        ["apiVersion"] = "rbac.authorization.k8s.io/v1",
        ["kind"] = "Role",
        ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = ns },
        ["rules"] = new JsonArray(rule),
    });

    private void Bind(string ns, string name, string kind, string role, string subject, string who) =>
        _server.Store.Create(new JsonObject
        {
            ["apiVersion"] = "rbac.authorization.k8s.io/v1",
            ["kind"] = "RoleBinding",
            ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = ns },
            ["subjects"] = new JsonArray(new JsonObject { ["kind"] = subject, ["name"] = who }),
            ["roleRef"] = new JsonObject { ["kind"] = kind, ["name"] = role },
        });

    private void Cluster(string kind, string name, JsonObject rest, string? label = null)
    {
        rest["apiVersion"] = "rbac.authorization.k8s.io/v1";
        rest["kind"] = kind;
        rest["metadata"] = new JsonObject { ["name"] = name };
        if (label is not null)
            rest["metadata"]!["labels"] = new JsonObject { [label] = "true" };
        _server.Store.Create(rest);
    }

    private static string RoleText(string name, string rule) =>
        $$"""{"metadata":{"name":"{{name}}"},"rules":[{{rule}}]}""";

    private static string BindingText(string name, string kind, string role) => $$"""
        {"metadata":{"name":"{{name}}"},"subjects":[{"kind":"User","name":"boss"}],
         "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"{{kind}}","name":"{{role}}"} }
        """;

    private static async Task Until(Func<Task<bool>> holds)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await holds())
            await Task.Delay(20, patience.Token);
    }
}
