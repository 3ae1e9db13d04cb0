using System.Text.Json.Nodes;
using Xunit;

namespace Palisade.ApiServer.Tests.Kinds;

/// <summary>Workloads make, replace and remove pods, as kubectl's own commands see it.</summary>
public sealed class ControllerTests(ControlledServer controlled) : IClassFixture<ControlledServer>
{
    private readonly Kubectl _kubectl = controlled.Kubectl;

    [Fact]
    public void A_deployment_is_rolled_out_paused_restarted_and_undone()
    {
        var ns = controlled.NewNamespace("rollout");
        _kubectl.Ok($"create deployment web -n {ns} --image=one --replicas=3");
        Assert.Contains("successfully rolled out", _kubectl.Ok($"rollout status deployment web -n {ns}"));
        Assert.Matches(@"web +3/3 +3 +3 +\d+s\n$", _kubectl.Ok($"get deployment web -n {ns}"));
        _kubectl.Ok($"set image deployment/web one=two -n {ns}");
        Assert.Contains("successfully rolled out", _kubectl.Ok($"rollout status deployment web -n {ns}"));
        Assert.Equal("two two two", Images(ns));
        Assert.Matches(
            @"REVISION +CHANGE-CAUSE\n1 +<none>\n2 +<none>", _kubectl.Ok($"rollout history deploy web -n {ns}"));
        Assert.Equal("deployment.apps/web rolled back\n", _kubectl.Ok($"rollout undo deployment web -n {ns}"));
        _kubectl.Ok($"rollout status deployment web -n {ns}");
        Assert.Equal("one one one", Images(ns));
        Assert.Matches(
            @"REVISION +CHANGE-CAUSE\n2 +<none>\n3 +<none>", _kubectl.Ok($"rollout history deploy web -n {ns}"));

        _kubectl.Ok($"rollout pause deployment web -n {ns}");
        _kubectl.Ok($"set image deployment/web one=three -n {ns}");
        _kubectl.Ok($"scale deployment web -n {ns} --replicas=2");
        _kubectl.Ok($"wait deployment web -n {ns} --for=jsonpath={{.status.replicas}}=2 --timeout=60s");
        Assert.Equal("one one", Images(ns));
        _kubectl.Ok($"rollout resume deployment web -n {ns}");
        _kubectl.Ok($"rollout status deployment web -n {ns}");
        Assert.Equal("three three", Images(ns));
        var before = _kubectl.Ok($"get pods -n {ns} -o name");
        _kubectl.Ok($"rollout restart deployment web -n {ns}");
        _kubectl.Ok($"rollout status deployment web -n {ns}");
        Assert.Empty(before.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Intersect(_kubectl.Ok($"get pods -n {ns} -o name").Split('\n')));
        Assert.Contains(
            "NewReplicaSet:   web-", _kubectl.Ok($"describe deployment web -n {ns}"));
    }

    [Fact]
    public async Task A_template_that_does_not_get_ready_replaces_no_more_than_it_may()
    {
        var ns = controlled.NewNamespace("broken");
        _kubectl.Ok($"create deployment web -n {ns} --image=one --replicas=4");
        _kubectl.Ok($"rollout status deployment web -n {ns}");
        _kubectl.Ok($"set image deployment/web one=broken -n {ns}");
        // 25 % of 4: one more, and one less, may be.
        await controlled.UntilAsync(
            "deployments.apps",
            ns,
            all => all.All(web => (int)web["status"]!["observedGeneration"]! == 2
                && (int?)web["status"]!["updatedReplicas"] == 2 && (int?)web["status"]!["availableReplicas"] == 3),
            "two new pods beside three old ones");
        _kubectl.Ok(["patch", "deployment", "web", "-n", ns, "-p", """{"spec":{"progressDeadlineSeconds":1}}"""]);
        Assert.Contains("exceeded its progress deadline", _kubectl.Fails($"rollout status deployment web -n {ns}"));
        Assert.Equal("broken broken one one one", Images(ns));
        _kubectl.Ok($"rollout undo deployment web -n {ns}");
        _kubectl.Ok($"rollout status deployment web -n {ns}");
        Assert.Equal("one one one one", Images(ns));
    }

    [Fact]
    public void Recreate_leaves_no_two_templates_beside_each_other()
    {
        var ns = controlled.NewNamespace("recreate");
        _kubectl.Ok($"apply -n {ns} -f -", Deployment("Recreate"));
        _kubectl.Ok($"rollout status deployment web -n {ns}");
        _kubectl.Ok($"set image deployment/web web=two -n {ns}");
        _kubectl.Ok($"rollout status deployment web -n {ns}");
        Assert.Equal("two two", Images(ns));
        Assert.Equal("0 2", string.Join(' ', controlled.Server.Store.List("replicasets.apps", ns)
            .Select(set => (int)set["spec"]!["replicas"]!).Order()));
    }

    [Fact]
    public async Task A_pod_that_goes_is_replaced_and_what_a_replicaset_has_too_much_goes()
    {
        var ns = controlled.NewNamespace("replicas");
        _kubectl.Ok($"create deployment web -n {ns} --image=one --replicas=2");
        _kubectl.Ok($"rollout status deployment web -n {ns}");
        var first = _kubectl.Ok($"get pods -n {ns} -o name").Split('\n')[0];
        _kubectl.Ok($"delete {first} -n {ns}");
        await controlled.UntilAsync(
            "pods", ns, pods => pods.Count == 2 && pods.All(pod => $"pod/{Name(pod)}" != first), "two pods again");
        _kubectl.Ok($"scale deployment web -n {ns} --replicas=0");
        await controlled.UntilAsync("pods", ns, pods => pods.Count == 0, "no pod");
    }

    [Fact]
    public async Task A_statefulset_counts_its_pods_and_replaces_the_last_first()
    {
        var ns = controlled.NewNamespace("stateful");
        _kubectl.Ok($"apply -n {ns} -f -", Manifests.Chart.Split("---").Single(part => part.Contains("StatefulSet")));
        Assert.Contains("roll out complete: 3 new pods", _kubectl.Ok($"rollout status statefulset db -n {ns}"));
        await controlled.UntilAsync("pods", ns, pods => pods.Count == 3, "three pods");
        Assert.Equal("pod/db-0\npod/db-1\npod/db-2\n", _kubectl.Ok($"get pods -n {ns} -o name"));
        Assert.Equal("db-1 db", _kubectl.Ok(
            ["get", "pod", "db-1", "-n", ns, "-o", "jsonpath={.spec.hostname} {.spec.subdomain}"]));
        Assert.Equal(3, controlled.Server.Store.List("persistentvolumeclaims", ns).Count);
        _kubectl.Ok($"set image statefulset/db db=two -n {ns}");
        _kubectl.Ok($"rollout status statefulset db -n {ns}");
        Assert.Equal("two two two", Images(ns));
        _kubectl.Ok($"rollout undo statefulset db -n {ns}");
        _kubectl.Ok($"rollout status statefulset db -n {ns}");
        Assert.Equal("postgres postgres postgres", Images(ns));
        Assert.Matches(@"(?s)2 +<none>\n3 +<none>", _kubectl.Ok($"rollout history statefulset db -n {ns}"));
        _kubectl.Ok($"scale statefulset db -n {ns} --replicas=1");
        await controlled.UntilAsync("pods", ns, pods => pods.Count == 1 && Name(pods[0]) == "db-0", "db-0 alone");
    }

    [Fact]
    public async Task A_daemonset_has_a_pod_on_each_node_it_selects()
    {
        var ns = controlled.NewNamespace("daemons");
        _kubectl.Ok($"apply -n {ns} -f -", Manifests.Chart.Split("---").Single(part => part.Contains("DaemonSet")));
        Assert.Contains("successfully rolled out", _kubectl.Ok($"rollout status daemonset agent -n {ns}"));
        Assert.Equal("node1 node2", Nodes(ns));
        _kubectl.Ok($"set image daemonset/agent agent=two -n {ns}");
        _kubectl.Ok($"rollout status daemonset agent -n {ns}");
        Assert.Equal("two two", Images(ns));
        _kubectl.Ok($"rollout undo daemonset agent -n {ns}");
        _kubectl.Ok($"rollout status daemonset agent -n {ns}");
        Assert.Equal("agent agent", Images(ns));
        _kubectl.Ok("label node node2 daemons=yes");
        _kubectl.Ok([
            "patch", "daemonset", "agent", "-n", ns, "-p",
            """{"spec":{"template":{"spec":{"nodeSelector":{"daemons":"yes"}}}}}""",
        ]);
        await controlled.UntilAsync(
            "pods", ns, pods => pods.Count == 1 && (string?)pods[0]["spec"]!["nodeName"] == "node2", "node2 alone");
    }

    [Fact]
    public void A_job_runs_to_its_completions_or_fails()
    {
        var ns = controlled.NewNamespace("jobs");
        _kubectl.Ok($"apply -n {ns} -f -", Job("good", "succeeds", "completions: 3"));
        _kubectl.Ok($"wait job good -n {ns} --for=condition=complete --timeout=60s");
        Assert.Matches(@"good +Complete +3/3 +\d+s +\d+s\n$", _kubectl.Ok($"get job good -n {ns}"));
        _kubectl.Ok($"apply -n {ns} -f -", Job("bad", "fails", "backoffLimit: 1"));
        _kubectl.Ok($"wait job bad -n {ns} --for=condition=failed --timeout=60s");
        Assert.Equal(
            "BackoffLimitExceeded 2",
            _kubectl.Ok([
                "get", "job", "bad", "-n", ns, "-o", "jsonpath={.status.conditions[1].reason} {.status.failed}",
            ]));
    }

    [Theory]
    [InlineData("background")]
    [InlineData("foreground")]
    public async Task What_an_owner_owns_goes_with_it(string cascade)
    {
        var ns = controlled.NewNamespace($"cascade-{cascade}");
        _kubectl.Ok($"create deployment web -n {ns} --image=one --replicas=2");
        _kubectl.Ok($"rollout status deployment web -n {ns}");
        _kubectl.Ok($"delete deployment web -n {ns} --cascade={cascade}");
        if (cascade == "foreground")
            Assert.Empty(controlled.Server.Store.List("pods", ns));
        await controlled.UntilAsync("pods", ns, pods => pods.Count == 0, "no pods");
        await controlled.UntilAsync("replicasets.apps", ns, sets => sets.Count == 0, "no ReplicaSets");
    }

    [Fact]
    public async Task What_is_orphaned_stays_and_is_adopted_by_the_next()
    {
        var ns = controlled.NewNamespace("orphans");
        _kubectl.Ok($"apply -n {ns} -f -", Deployment("RollingUpdate"));
        _kubectl.Ok($"rollout status deployment web -n {ns}");
        var pods = _kubectl.Ok($"get pods -n {ns} -o name");
        _kubectl.Ok($"delete deployment web -n {ns} --cascade=orphan");
        await controlled.UntilAsync(
            "replicasets.apps",
            ns,
            sets => sets.All(set => set["metadata"]!["ownerReferences"] is not JsonArray { Count: > 0 }),
            "a ReplicaSet without owner");
        Assert.Equal(pods, _kubectl.Ok($"get pods -n {ns} -o name"));
        _kubectl.Ok($"apply -n {ns} -f -", Deployment("RollingUpdate"));
        _kubectl.Ok($"rollout status deployment web -n {ns}");
        Assert.Equal(pods, _kubectl.Ok($"get pods -n {ns} -o name"));
        Assert.Single(controlled.Server.Store.List("replicasets.apps", ns));
    }

    [Fact]
    public async Task An_object_whose_owner_never_was_goes_and_one_of_two_owners_keeps_it()
    {
        var ns = controlled.NewNamespace("owners");
        var owner = controlled.Server.Store.Create(ConfigMap(ns, "owner"));
        var uid = (string)owner["metadata"]!["uid"]!;
        controlled.Server.Store.Create(ConfigMap(ns, "kept", ("owner", uid), ("never", "no-such-uid")));
        controlled.Server.Store.Create(ConfigMap(ns, "lost", ("owner", "another-uid")));
        await controlled.UntilAsync(
            "configmaps", ns, all => all.Select(Name).Order().SequenceEqual(["kept", "owner"])
                && all[0]["metadata"]!["ownerReferences"]!.AsArray().Count == 1,
            "kept, with one owner");
        controlled.Server.Store.Delete("configmaps", ns, "owner");
        await controlled.UntilAsync("configmaps", ns, all => all.Count == 0, "none");
    }

    [Fact]
    public async Task A_namespace_has_an_account_and_takes_its_workloads_with_it()
    {
        var ns = controlled.NewNamespace("leaving");
        await controlled.UntilAsync("serviceaccounts", ns, all => all.Select(Name).Contains("default"), "default");
        _kubectl.Ok($"create deployment web -n {ns} --image=one");
        _kubectl.Ok($"rollout status deployment web -n {ns}");
        _kubectl.Ok($"delete namespace {ns}");
        Assert.Empty(controlled.Server.Store.List("pods", ns));
        Assert.Empty(controlled.Server.Store.List("replicasets.apps", ns));
    }

    private static string Name(JsonObject value) => (string)value["metadata"]!["name"]!;

    private static JsonObject ConfigMap(string ns, string name, params (string Name, string Uid)[] owners) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "ConfigMap",
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["namespace"] = ns,
            ["ownerReferences"] = new JsonArray([.. owners.Select(owner => new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "ConfigMap",
                ["name"] = owner.Name,
                ["uid"] = owner.Uid,
            })]),
        },
    };

    private static string Deployment(string strategy) =>
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 2
          strategy: {type: STRATEGY}
          selector: {matchLabels: {app: web}}
          template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: one}]}}
        """.Replace("STRATEGY", strategy);

    private static string Job(string name, string image, string more) =>
        $$"""
        apiVersion: batch/v1
        kind: Job
        metadata:
          name: {{name}}
        spec:
          {{more}}
          template:
            spec:
              restartPolicy: Never
              containers:
              - name: c
                image: {{image}}
        """;

    /// <summary>The images of the pods that are there, sorted.</summary>
    private string Images(string ns) => string.Join(' ', controlled.Server.Store.List("pods", ns)
        .Select(pod => (string)pod["spec"]!["containers"]![0]!["image"]!).Order(StringComparer.Ordinal));

    private string Nodes(string ns) => string.Join(' ', controlled.Server.Store.List("pods", ns)
        .Select(pod => (string?)pod["spec"]!["nodeName"]).Order(StringComparer.Ordinal));
}
