using System.Text.Json.Nodes;

namespace Palisade.ApiServer.Tests;

/// <summary>Objects that several tests use.</summary>
internal static class Manifests
{
    public const string AllowWeb = """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: allow-web}
        spec:
          podSelector: {matchLabels: {app: web}}
          ingress:
          - from: [{podSelector: {matchLabels: {app: frontend}}}]
            ports: [{port: 80, protocol: TCP}]
        """;

    public const string Rich = """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: rich, labels: {team: x}, annotations: {note: hi}}
        spec:
          podSelector:
            matchLabels: {app: a, tier: t}
            matchExpressions:
            - {key: k, operator: In, values: [v1, v2]}
            - {key: nn, operator: NotIn, values: [q]}
            - {key: e, operator: Exists}
            - {key: d, operator: DoesNotExist}
          ingress:
          - ports: [{port: 80}, {port: dns, protocol: UDP}, {protocol: TCP}, {port: 1000, endPort: 2000}]
            from:
            - podSelector: {}
            - namespaceSelector: {matchLabels: {ns: x}}
              podSelector: {matchLabels: {p: z}}
            - ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.2.0.0/16]}
          - {}
          egress:
          - to: [{ipBlock: {cidr: 0.0.0.0/0}}]
        """;

    // semantics §4.7
    public const string RichDescribed = """
        Name:         rich
        Namespace:    describe
        Created on:
        Labels:       team=x
        Annotations:  note: hi
        Spec:
          PodSelector:     app=a,!d,e,k in (v1,v2),nn notin (q),tier=t
          Allowing ingress traffic:
            To Port: 80/TCP
            To Port: dns/UDP
            To Port: <nil>/TCP
            To Port Range: 1000-2000/TCP
            From:
              PodSelector: <none>
            From:
              NamespaceSelector: ns=x
              PodSelector: p=z
            From:
              IPBlock:
                CIDR: 10.0.0.0/8
                Except: 10.1.0.0/16, 10.2.0.0/16
            ----------
            To Port: <any> (traffic allowed to all ports)
            From: <any> (traffic not restricted by source)
          Allowing egress traffic:
            To Port: <any> (traffic allowed to all ports)
            To:
              IPBlock:
                CIDR: 0.0.0.0/0
                Except: 
          Policy Types: Ingress, Egress

        """;

    public const string TwoContainers = """
        apiVersion: v1
        kind: Pod
        metadata: {name: two}
        spec:
          containers:
          - {name: a, image: one, ports: [{containerPort: 80}]}
          - {name: b, image: two}
        """;

    public static JsonObject Pod(string ns, string name, params (string Key, string Value)[] labels)
    {
        var map = new JsonObject();
        foreach (var (key, value) in labels)
            map[key] = value;
        return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Pod",
            ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = ns, ["labels"] = map },
            ["spec"] = new JsonObject
            {
                ["containers"] = new JsonArray(new JsonObject
                {
                    ["name"] = "main",
                    ["image"] = "i",
                    ["ports"] = new JsonArray(new JsonObject { ["containerPort"] = 80 }),
                }),
            },
        };
    }

    public static JsonObject Policy(string ns, string name) => new()
    {
        ["apiVersion"] = "networking.k8s.io/v1",
        ["kind"] = "NetworkPolicy",
        ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = ns },
        ["spec"] = new JsonObject { ["podSelector"] = new JsonObject() },
    };

    public static JsonObject Node(string name) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Node",
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["labels"] = new JsonObject { ["node-role.kubernetes.io/worker"] = "" },
        },
        ["status"] = new JsonObject
        {
            ["addresses"] = new JsonArray(new JsonObject { ["type"] = "InternalIP", ["address"] = "192.0.2.7" }),
            ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = "True" }),
            ["nodeInfo"] = new JsonObject { ["kubeletVersion"] = "v1.35.0" },
        },
    };

    public static JsonObject ReadyStatus() => new()
    {
        ["status"] = new JsonObject
        {
            ["phase"] = "Running",
            ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = "True" }),
            ["containerStatuses"] = new JsonArray(new JsonObject
            {
                ["name"] = "main",
                ["ready"] = true,
                ["restartCount"] = 0,
                ["image"] = "i",
                ["imageID"] = "",
                ["state"] = new JsonObject { ["running"] = new JsonObject { ["startedAt"] = "2026-01-01T00:00:00Z" } },
            }),
        },
    };

    /// <summary>What Helm charts commonly hold besides Deployments, Services and policies.</summary>
    public const string Chart =
        """
        apiVersion: networking.k8s.io/v1
        kind: IngressClass
        metadata: {name: nginx}
        spec: {controller: k8s.io/ingress}
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: web}
        spec:
          ingressClassName: nginx
          rules:
          - host: web.example
            http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
        ---
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: web}
        spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
        ---
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web}
        spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db}
        spec:
          replicas: 3
          serviceName: db
          selector: {matchLabels: {app: db}}
          template: {metadata: {labels: {app: db}}, spec: {containers: [{name: db, image: postgres}]}}
          volumeClaimTemplates:
          - {metadata: {name: store}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}
        ---
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: agent}
        spec:
          selector: {matchLabels: {app: agent}}
          template: {metadata: {labels: {app: agent}}, spec: {containers: [{name: agent, image: agent}]}}
        ---
        {apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: leader}, spec: {holderIdentity: me}}
        """;
}
