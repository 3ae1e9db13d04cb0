using System.Text.Json.Nodes;
using Xunit;

namespace Palisade.ApiServer.Tests.Fields;

/// <summary>kubectl apply --server-side, and what client-side apply leaves for it, with the real kubectl.</summary>
public sealed class KubectlApplyTests(RunningServer running)
{
    private readonly Kubectl _kubectl = running.Kubectl;

    [Fact]
    public void Server_side_apply_creates_changes_and_gives_up_fields()
    {
        var ns = running.NewNamespace("ssa");
        var apply = $"apply --server-side -n {ns} -f -";
        const string Applied = "networkpolicy.networking.k8s.io/allow-web serverside-applied\n";
        var labelled = Manifests.AllowWeb.Replace("{name: allow-web}", "{name: allow-web, labels: {a: b, c: d}}");
        Assert.Equal(Applied, _kubectl.Ok(apply, labelled));
        var version = Get(ns, "{.metadata.resourceVersion}");
        Assert.Equal(Applied, _kubectl.Ok(apply, labelled));
        Assert.Equal(version, Get(ns, "{.metadata.resourceVersion}"));
        Assert.Equal("kubectl Apply networking.k8s.io/v1 FieldsV1", Get(
            ns,
            "{range .metadata.managedFields[*]}{.manager} {.operation} {.apiVersion} {.fieldsType}{end}"));
        Assert.Equal(
            """{"f:metadata":{"f:labels":{"f:a":{},"f:c":{}}},"f:spec":{"f:ingress":{},"f:podSelector":{}}}""",
            Get(ns, "{.metadata.managedFields[0].fieldsV1}"));

        Assert.Equal(Applied, _kubectl.Ok(apply, labelled.Replace(", c: d", "")));
        Assert.Equal("""{"a":"b"}""", Get(ns, "{.metadata.labels}"));
        Assert.DoesNotContain("managedFields", _kubectl.Ok($"get netpol allow-web -n {ns} -o yaml"));
        Assert.Contains(
            "managedFields:\n  - apiVersion: networking.k8s.io/v1\n    fieldsType: FieldsV1",
            _kubectl.Ok($"get netpol allow-web -n {ns} -o yaml --show-managed-fields"));
    }

    [Fact]
    public void Another_manager_conflicts_until_forced()
    {
        var ns = running.NewNamespace("ssa-conflict");
        _kubectl.Ok($"apply --server-side -n {ns} -f -", Manifests.AllowWeb);
        var other = Manifests.AllowWeb.Replace("{app: web}", "{app: api}");
        // kubectl puts the details in place of the message when there are causes.
        Assert.StartsWith(
            """
            error: Apply failed with 1 conflict: conflict with "kubectl": .spec.podSelector
            Please review the fields above--they currently have other managers.
            """,
            _kubectl.Fails($"apply --server-side --field-manager=other -n {ns} -f -", other));
        _kubectl.Ok($"apply --server-side --field-manager=other --force-conflicts -n {ns} -f -", other);
        Assert.Equal("api", Get(ns, "{.spec.podSelector.matchLabels.app}"));
        // What both applied alike they share; the selector is the other's alone now.
        Assert.Equal(
            """kubectl {"f:spec":{"f:ingress":{}}} other {"f:spec":{"f:ingress":{},"f:podSelector":{}}} """,
            Get(ns, "{range .metadata.managedFields[*]}{.manager} {.fieldsV1} {end}"));
        var twice = _kubectl.Fails(
            $"apply --server-side -n {ns} -f -", Manifests.AllowWeb.Replace("port: 80", "port: 81"));
        Assert.StartsWith(
            """
            error: Apply failed with 2 conflicts: conflicts with "other":
            - .spec.ingress
            - .spec.podSelector
            """,
            twice);
    }

    [Fact]
    public void Client_side_apply_goes_over_to_server_side_apply()
    {
        var ns = running.NewNamespace("ssa-migrate");
        var labelled = Manifests.AllowWeb.Replace("{name: allow-web}", "{name: allow-web, labels: {a: b}}");
        _kubectl.Ok($"apply -n {ns} -f -", labelled);
        Assert.Equal("kubectl-client-side-apply Update", Managers(ns));
        _kubectl.Ok($"apply --server-side -n {ns} -f -", Manifests.AllowWeb.Replace("port: 80", "port: 81"));
        Assert.Equal("kubectl Apply,kubectl-last-applied Apply", Managers(ns));
        Assert.Equal("81", Get(ns, "{.spec.ingress[0].ports[0].port}"));
        // The label was the client-side apply's, so it is gone with it.
        Assert.Equal("", Get(ns, "{.metadata.labels}"));
        Assert.Contains("81", Get(ns, "{.metadata.annotations.kubectl\\.kubernetes\\.io/last-applied-configuration}"));
        // And back.
        Assert.Equal(
            "networkpolicy.networking.k8s.io/allow-web configured\n", _kubectl.Ok($"apply -n {ns} -f -", labelled));
        Assert.Equal("80", Get(ns, "{.spec.ingress[0].ports[0].port}"));
    }

    [Fact]
    public void Diff_and_dry_run_change_nothing()
    {
        var ns = running.NewNamespace("ssa-diff");
        _kubectl.Ok($"apply --server-side -n {ns} -f -", Manifests.AllowWeb);
        var before = running.Server.Store.Get("networkpolicies.networking.k8s.io", ns, "allow-web")!.ToJsonString();
        Assert.Equal("", _kubectl.Ok($"diff --server-side -n {ns} -f -", Manifests.AllowWeb));
        var changed = Manifests.AllowWeb.Replace("port: 80", "port: 81");
        var diff = _kubectl.Run($"diff --server-side -n {ns} -f -", changed);
        Assert.Equal(1, diff.ExitCode);
        Assert.Contains("-    - port: 80\n+    - port: 81\n", diff.Out);
        Assert.DoesNotMatch("(?m)^[+-] +(resourceVersion|time):", diff.Out);
        Assert.Equal(
            "networkpolicy.networking.k8s.io/allow-web serverside-applied (server dry run)\n",
            _kubectl.Ok($"apply --server-side --dry-run=server -n {ns} -f -", changed));
        Assert.Equal(
            "networkpolicy.networking.k8s.io/new serverside-applied (server dry run)\n",
            _kubectl.Ok($"apply --server-side --dry-run=server -n {ns} -f -", changed.Replace("allow-web", "new")));
        Assert.Equal(
            before, running.Server.Store.Get("networkpolicies.networking.k8s.io", ns, "allow-web")!.ToJsonString());
        Assert.Null(running.Server.Store.Get("networkpolicies.networking.k8s.io", ns, "new"));
    }

    [Fact]
    public void Containers_are_shared_by_name()
    {
        var ns = running.NewNamespace("ssa-pod");
        _kubectl.Ok($"apply --server-side -n {ns} -f -", Manifests.TwoContainers);
        Assert.StartsWith(
            """error: Apply failed with 1 conflict: conflict with "kubectl": .spec.containers[name="b"].image""",
            _kubectl.Fails(
                $"apply --server-side --field-manager=other -n {ns} -f -",
                "{apiVersion: v1, kind: Pod, metadata: {name: two}, spec: {containers: [{name: b, image: x}]}}"));
        _kubectl.Ok(
            $"apply --server-side --field-manager=other --force-conflicts -n {ns} -f -",
            "{apiVersion: v1, kind: Pod, metadata: {name: two, labels: {x: z}}, " +
            "spec: {containers: [{name: b, image: x}]}}");
        var pod = running.Server.Store.Get("pods", ns, "two")!;
        Assert.Equal(["a one", "b x"], Containers(pod));
        var owned = pod["metadata"]!["managedFields"]!.AsArray()
            .Single(entry => (string)entry!["manager"]! == "other")!["fieldsV1"]!.ToJsonString();
        Assert.Equal(
            """{"f:metadata":{"f:labels":{"f:x":{}}},"f:spec":{"f:containers":{""" +
            """k:{'name':'b'}":{".":{},"f:image":{},"f:name":{}}}}}""",
            owned.Replace("\"k:", "k:").Replace("\\u0022", "'"));
    }

    [Fact]
    public void Unknown_fields_and_cluster_policies()
    {
        var ns = running.NewNamespace("ssa-unknown");
        Assert.Equal(
            $"Error from server: failed to create typed patch object ({ns}/allow-web; networking.k8s.io/v1, " +
            "Kind=NetworkPolicy): .spec.foo: field not declared in schema\n",
            _kubectl.Fails(
                $"apply --server-side --validate=false -n {ns} -f -",
                Manifests.AllowWeb.Replace("  ingress:", "  foo: bar\n  ingress:")));
        const string Cluster = """
            apiVersion: policy.networking.k8s.io/v1alpha2
            kind: ClusterNetworkPolicy
            metadata: {name: ssa-applied}
            spec:
              tier: Admin
              priority: 77
              subject: {namespaces: {matchLabels: {none: here}}}
              egress: [{action: Deny, to: [{networks: [10.0.0.0/8]}]}]
            """;
        const string Applied = "clusternetworkpolicy.policy.networking.k8s.io/ssa-applied serverside-applied\n";
        Assert.Equal(Applied, _kubectl.Ok("apply --server-side -f -", Cluster));
        Assert.Equal(Applied, _kubectl.Ok("apply --server-side -f -", Cluster.Replace("77", "78")));
        Assert.Equal("78 2", _kubectl.Ok(
            ["get", "cnp", "ssa-applied", "-o", "jsonpath={.spec.priority} {.metadata.generation}"]));
        _kubectl.Ok("delete cnp ssa-applied");
    }

    private static IEnumerable<string> Containers(JsonObject pod) => pod["spec"]!["containers"]!.AsArray()
        .Select(container => $"{container!["name"]} {container["image"]}");

    private string Managers(string ns) => string.Join(',', running.Server.Store
        .Get("networkpolicies.networking.k8s.io", ns, "allow-web")!["metadata"]!["managedFields"]!.AsArray()
        .Select(entry => $"{entry!["manager"]} {entry["operation"]}").Order(StringComparer.Ordinal));

    private string Get(string ns, string path) => _kubectl.Ok(
        ["get", "netpol", "allow-web", "-n", ns, "--show-managed-fields", "-o", $"jsonpath={path}"]);
}
