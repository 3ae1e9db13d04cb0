namespace Palisade.Benchmarks.Start;

/// <summary>Ten manifests, a file each: two namespaces, four pods, four policies. frontend may talk to web.</summary>
internal static class StartManifests
{
    private static readonly string[] All =
    [
        "{ apiVersion: v1, kind: Namespace, metadata: { name: shop, labels: { team: shop } } }",
        "{ apiVersion: v1, kind: Namespace, metadata: { name: office } }",
        Pod("shop", "web"),
        Pod("shop", "frontend"),
        Pod("shop", "database"),
        Pod("office", "stranger"),
        Policy("deny-all", """
              podSelector: {}
              policyTypes: [Ingress, Egress]
            """),
        Policy("allow-web", """
              podSelector: { matchLabels: { app: web } }
              ingress:
              - from:
                - podSelector: { matchLabels: { app: frontend } }
                - namespaceSelector: { matchExpressions: [ { key: team, operator: In, values: [monitoring, ops] } ] }
                ports: [ { port: http }, { port: 9090, endPort: 9099 } ]
            """),
        Policy("allow-frontend", """
              podSelector: { matchLabels: { app: frontend } }
              policyTypes: [Egress]
              egress:
              - to: [ { podSelector: { matchLabels: { app: web } } } ]
                ports: [ { protocol: TCP, port: 80 } ]
              - to: [ { ipBlock: { cidr: 10.0.0.0/8, except: [10.1.0.0/16] } } ]
                ports: [ { protocol: UDP, port: 53 } ]
            """),
        Policy("allow-database", """
              podSelector: { matchLabels: { app: database } }
              ingress:
              - from: [ { podSelector: { matchLabels: { app: web } } } ]
                ports: [ { port: 5432 } ]
            """),
    ];

    public static int Count => All.Length;

    /// <summary>Writes them into a folder.</summary>
    public static void Write(string folder)
    {
        for (var i = 0; i < All.Length; i++)
            File.WriteAllText(Path.Combine(folder, $"{i:00}.yaml"), All[i]);
    }

    private static string Pod(string ns, string name) => $$"""
        apiVersion: v1
        kind: Pod
        metadata:
          namespace: {{ns}}
          name: {{name}}
          labels: { app: {{name}} }
        spec:
          containers:
          - name: main
            image: nginx
            ports: [ { name: http, containerPort: 80 } ]
        """;

    private static string Policy(string name, string spec) => $"""
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {"{"} namespace: shop, name: {name} {"}"}
        spec:
        {spec}
        """;
}
