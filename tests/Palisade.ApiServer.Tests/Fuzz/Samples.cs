using System.Text.Json.Nodes;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Tests.Fuzz;

/// <summary>Objects as people write them, which damage makes interesting.</summary>
internal static class Samples
{
    private const string PodSpec = """
        {"containers":[{"name":"a","image":"nginx:1","ports":[{"containerPort":80,"name":"http"},{"containerPort":53,
        "protocol":"UDP"}],"env":[{"name":"X","value":"1"},{"name":"Y","valueFrom":{"fieldRef":{"fieldPath":"status.podIP"}}}],
        "volumeMounts":[{"name":"v","mountPath":"/v"}],"resources":{"limits":{"cpu":"1","memory":"64Mi"}},
        "readinessProbe":{"httpGet":{"path":"/","port":"http"}}},{"name":"b","image":"x","command":["sleep","1"]}],
        "initContainers":[{"name":"i","image":"x"}],"volumes":[{"name":"v","emptyDir":{}}],"nodeSelector":{"a":"b"},
        "tolerations":[{"key":"k","operator":"Exists"}],"hostAliases":[{"ip":"10.0.0.1","hostnames":["h"]}],
        "imagePullSecrets":[{"name":"s"}]}
        """;

    private const string Template = """
        "selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":
        """ + PodSpec + "}";

    private static readonly Dictionary<string, string> _specs = new()
    {
        ["Pod"] = PodSpec,
        ["Gadget"] = """
            {"teeth":8,"mode":"fast","code":"7","at":"2026-01-01T00:00:00Z","replicas":2,"names":["a","b"],
            "parts":[{"name":"a"},{"name":"b"}],"size":"5%","free":{"x":{"y":[1,null]}},"one":{"a":1},"min":1,"max":2,"fixed":"f"}
            """,
        ["Deployment"] = """{"replicas":2,"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":"25%"}},"""
            + Template + "}",
        ["ReplicaSet"] = "{\"replicas\":1," + Template + "}",
        ["DaemonSet"] = "{" + Template + "}",
        ["StatefulSet"] = "{\"serviceName\":\"s\"," + Template + "}",
        ["Service"] = """
            {"selector":{"app":"web"},"ports":[{"name":"a","port":80,"targetPort":"http"},{"name":"b","port":80,
            "protocol":"UDP"}],"type":"NodePort"}
            """,
        ["NetworkPolicy"] = """
            {"podSelector":{"matchLabels":{"a":"b"},"matchExpressions":[{"key":"k","operator":"In","values":["v"]}]},
            "policyTypes":["Ingress","Egress"],"ingress":[{"ports":[{"port":80,"protocol":"TCP","endPort":90},
            {"port":"web"}],"from":[{"podSelector":{}},{"namespaceSelector":{"matchLabels":{"x":"y"}}},
            {"ipBlock":{"cidr":"10.0.0.0/8","except":["10.1.0.0/16"]}}]}],"egress":[{}]}
            """,
        ["ClusterNetworkPolicy"] = """
            {"tier":"Admin","priority":10,"subject":{"pods":{"podSelector":{"matchLabels":{"a":"b"}}}},
            "egress":[{"action":"Accept","name":"n","to":[{"networks":["10.0.0.0/8"]},{"nodes":{}}],
            "protocols":[{"tcp":{"destinationPort":{"range":{"start":1,"end":2}}}}]},
            {"action":"Deny","to":[{"namespaces":{"matchExpressions":[{"key":"k","operator":"Exists"}]}}]}]}
            """,
        ["Node"] =
            """{"podCIDR":"10.1.0.0/24","podCIDRs":["10.1.0.0/24"],"taints":[{"key":"k","effect":"NoSchedule"}]}""",
        ["Namespace"] = """{"finalizers":["kubernetes"]}""",
        ["Ingress"] = """
            {"rules":[{"host":"a.b","http":{"paths":[{"path":"/","pathType":"Prefix","backend":{"service":{"name":"s",
            "port":{"number":80}}}}]}}],"tls":[{"hosts":["a.b"],"secretName":"t"}]}
            """,
        ["Lease"] = """{"holderIdentity":"me","leaseDurationSeconds":15,"renewTime":"2026-01-01T00:00:00.000000Z"}""",
    };

    /// <summary>One of the kind with a name; null where there is no sample.</summary>
    public static JsonObject? Of(KindSchema kind, string? ns, string name)
    {
        if (!_specs.TryGetValue(kind.Kind, out var spec))
            return null;
        var meta = new JsonObject
        {
            ["name"] = name,
            ["labels"] = new JsonObject { ["app"] = "web", ["a"] = "b" },
            ["annotations"] = new JsonObject { ["example.com/x"] = "y" },
            ["ownerReferences"] = new JsonArray(new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "Node",
                ["name"] = "o",
                ["uid"] = "u",
            }),
        };
        if (kind.Namespaced && ns is not null)
            meta["namespace"] = ns;
        return new JsonObject
        {
            ["apiVersion"] = kind.ApiVersion,
            ["kind"] = kind.Kind,
            ["metadata"] = meta,
            ["spec"] = JsonNode.Parse(spec),
        };
    }
}
