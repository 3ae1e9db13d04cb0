using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Palisade.ApiServer.Access;

/// <summary>
/// The roles that every cluster has (rbac bootstrap policy), as far as this server serves what they are about, and
/// those of its own clients. They are brought back at each start, but for those marked not to be.
/// </summary>
internal static class DefaultRoles
{
    /// <summary>Members may read everything but Secrets.</summary>
    public const string Viewers = "palisade:viewers";

    /// <summary>The agents of the nodes.</summary>
    public const string Agents = "palisade:agents";

    public const string AutoUpdate = "rbac.authorization.kubernetes.io/autoupdate";
    private const string Rbac = "rbac.authorization.k8s.io";
    private const string Aggregate = "rbac.authorization.k8s.io/aggregate-to-";

    private static readonly string[] _read = ["get", "list", "watch"];
    private static readonly string[] _write = ["create", "delete", "deletecollection", "patch", "update"];

    private static readonly string[] _ownWorkloads =
        ["deployments", "deployments/scale", "replicasets", "replicasets/scale", "statefulsets", "statefulsets/scale",
            "daemonsets"];

    public static IEnumerable<JsonObject> All() =>
    [
        Role("cluster-admin", [Rule(["*"], ["*"], "*"), Paths(["*"], "*")]),
        Role("system:basic-user",
            [Rule(["create"], ["authorization.k8s.io"], "selfsubjectaccessreviews", "selfsubjectrulesreviews"),
                Rule(["create"], ["authentication.k8s.io"], "selfsubjectreviews")]),
        Role("system:discovery",
            [Paths(["get"], "/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*",
                "/readyz", "/version", "/version/")]),
        Role("system:public-info-viewer",
            [Paths(["get"], "/healthz", "/livez", "/readyz", "/version", "/version/")]),
        Aggregated("admin", "admin"),
        Aggregated("edit", "edit", ("admin", "true")),
        Aggregated("view", "view", ("edit", "true")),
        Role("system:aggregate-to-view", ViewRules(), ("view", "true")),
        Role("system:aggregate-to-edit", EditRules(), ("edit", "true")),
        Role("system:aggregate-to-admin",
            [Rule(["create"], ["authorization.k8s.io"], "localsubjectaccessreviews"),
                Rule([.. _read, .. _write], [Rbac], "roles", "rolebindings")],
            ("admin", "true")),
        Role("palisade:viewer", ClusterViewRules()),
        Role("palisade:agent", AgentRules()),
        Binding("cluster-admin", "cluster-admin", User.Masters),
        Binding("system:basic-user", "system:basic-user", User.Authenticated),
        Binding("system:discovery", "system:discovery", User.Authenticated),
        Binding("system:public-info-viewer", "system:public-info-viewer", User.Authenticated,
            "system:unauthenticated"),
        Binding("palisade:viewers:view", "view", Viewers),
        Binding(Viewers, "palisade:viewer", Viewers),
        Binding(Agents, "palisade:agent", Agents),
    ];

    /// <summary>A role over the status of one node, and its binding to the node's agent.</summary>
    public static IEnumerable<JsonObject> OfAgent(string node, string user)
    {
        var name = $"palisade:agent:{node}";
        var rule = Rule(["get", "patch", "update"], [""], "nodes/status");
        rule["resourceNames"] = new JsonArray(node);
        yield return Role(name, [rule]);
        yield return Bound(name, name, Subject("User", user));
    }

    private static JsonArray ViewRules() =>
    [
        Rule(_read, [""], "configmaps", "endpoints", "events", "limitranges", "namespaces", "namespaces/status",
            "persistentvolumeclaims", "persistentvolumeclaims/status", "pods", "pods/log", "pods/status",
            "replicationcontrollers", "replicationcontrollers/scale", "replicationcontrollers/status",
            "resourcequotas", "resourcequotas/status", "serviceaccounts", "services", "services/status"),
        Rule(_read, ["discovery.k8s.io"], "endpointslices"),
        Rule(_read, ["apps"], [.. _ownWorkloads, "controllerrevisions", "daemonsets/status", "deployments/status",
            "replicasets/status", "statefulsets/status"]),
        Rule(_read, ["autoscaling"], "horizontalpodautoscalers", "horizontalpodautoscalers/status"),
        Rule(_read, ["batch"], "cronjobs", "cronjobs/status", "jobs", "jobs/status"),
        Rule(_read, ["networking.k8s.io"], "ingresses", "ingresses/status", "networkpolicies"),
        Rule(_read, ["policy"], "poddisruptionbudgets", "poddisruptionbudgets/status"),
    ];

    private static JsonArray EditRules() =>
    [
        Rule(_read, [""], "pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "secrets", "services/proxy"),
        Rule(["impersonate"], [""], "serviceaccounts"),
        Rule(_write, [""], "pods", "pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "configmaps",
            "events", "persistentvolumeclaims", "replicationcontrollers", "replicationcontrollers/scale", "secrets",
            "serviceaccounts", "services", "services/proxy"),
        Rule(["create"], [""], "pods/eviction", "serviceaccounts/token"),
        Rule(_write, ["apps"], [.. _ownWorkloads, "deployments/rollback"]),
        Rule(_write, ["autoscaling"], "horizontalpodautoscalers"),
        Rule(_write, ["batch"], "cronjobs", "jobs"),
        Rule(_write, ["networking.k8s.io"], "ingresses", "networkpolicies"),
        Rule(_write, ["policy"], "poddisruptionbudgets"),
        Rule([.. _read, .. _write], ["coordination.k8s.io"], "leases"),
    ];

    // What "view" leaves out since it is not of a namespace.
    private static JsonArray ClusterViewRules() =>
    [
        Rule(_read, [""], "nodes", "nodes/status", "persistentvolumes"),
        Rule(_read, [Rbac], "roles", "rolebindings", "clusterroles", "clusterrolebindings"),
        Rule(_read, ["policy.networking.k8s.io"], "*"),
        Rule(_read, ["apiextensions.k8s.io"], "customresourcedefinitions"),
        Rule(_read, ["networking.k8s.io"], "ingressclasses"),
        Rule(_read, ["storage.k8s.io"], "storageclasses"),
        Rule(_read, ["scheduling.k8s.io"], "priorityclasses"),
        Rule(_read, ["coordination.k8s.io"], "leases"),
        Rule(_read, ["lab.palisade.dev"], "*"),
    ];

    private static JsonArray AgentRules() =>
    [
        Rule(_read, [""], "namespaces", "nodes", "pods", "services"),
        Rule(_read, ["discovery.k8s.io"], "endpointslices"),
        Rule(_read, ["networking.k8s.io"], "networkpolicies"),
        Rule(_read, ["policy.networking.k8s.io"], "clusternetworkpolicies"),
        Rule(_read, ["apiextensions.k8s.io"], "customresourcedefinitions"),
        Rule(["create", "patch"], [""], "events"),
    ];

    private static JsonObject Role(string name, JsonArray rules, params (string To, string Value)[] labels)
    {
        var role = Object("ClusterRole", name, labels);
        role["rules"] = rules;
        return role;
    }

    private static JsonObject Aggregated(string name, string to, params (string To, string Value)[] labels)
    {
        var role = Role(name, [], labels);
        role["aggregationRule"] = new JsonObject
        {
            ["clusterRoleSelectors"] = new JsonArray(new JsonObject
            {
                ["matchLabels"] = new JsonObject { [Aggregate + to] = "true" },
            }),
        };
        return role;
    }

    private static JsonObject Binding(string name, string role, params string[] groups) =>
        Bound(name, role, [.. groups.Select(group => Subject("Group", group))]);

    private static JsonObject Bound(string name, string role, params JsonObject[] subjects)
    {
        var binding = Object("ClusterRoleBinding", name, []);
        binding["subjects"] = new JsonArray([.. subjects]);
        binding["roleRef"] = new JsonObject { ["apiGroup"] = Rbac, ["kind"] = "ClusterRole", ["name"] = role };
        return binding;
    }

    private static JsonObject Subject(string kind, string name) =>
        new() { ["kind"] = kind, ["apiGroup"] = Rbac, ["name"] = name };

    private static JsonObject Object(string kind, string name, IEnumerable<(string To, string Value)> labels)
    {
        var all = new JsonObject { ["kubernetes.io/bootstrapping"] = "rbac-defaults" };
        foreach (var (to, value) in labels)
            all[Aggregate + to] = value;
        return new JsonObject
        {
            ["apiVersion"] = $"{Rbac}/v1",
            ["kind"] = kind,
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["annotations"] = new JsonObject { [AutoUpdate] = "true" },
                ["labels"] = all,
            },
        };
    }

    private static JsonNode Rule(string[] verbs, string[] groups, params string[] resources) =>
        new PolicyRule([.. verbs], [.. groups], [.. resources], [], []).ToJson();

    private static JsonNode Paths(string[] verbs, params string[] paths) =>
        new PolicyRule([.. verbs], [], [], [], [.. paths]).ToJson();
}
