using Xunit;

namespace Palisade.ApiServer.Tests.Kinds;

/// <summary>The kinds besides pods and policies, with the real kubectl: defaults, tables, refusals.</summary>
public sealed class BuiltInKindTests(RunningServer running)
{
    private readonly Kubectl _kubectl = running.Kubectl;

    [Fact]
    public void A_deployment_is_created_defaulted_shown_and_scaled()
    {
        var ns = running.NewNamespace("kinds-deployment");
        Assert.Equal(
            "deployment.apps/web created\n", _kubectl.Ok($"create deployment web -n {ns} --image=nginx:1 --replicas=2"));
        Assert.Equal(
            "RollingUpdate 25% 25% 10 600 Always 30",
            _kubectl.Ok([
                "get", "deploy", "web", "-n", ns, "-o",
                "jsonpath={.spec.strategy.type} {.spec.strategy.rollingUpdate.maxSurge} "
                + "{.spec.strategy.rollingUpdate.maxUnavailable} {.spec.revisionHistoryLimit} "
                + "{.spec.progressDeadlineSeconds} {.spec.template.spec.restartPolicy} "
                + "{.spec.template.spec.terminationGracePeriodSeconds}",
            ]));
        Assert.Matches(
            @"^NAME +READY +UP-TO-DATE +AVAILABLE +AGE +CONTAINERS +IMAGES +SELECTOR\n"
            + @"web +0/2 +0 +0 +\d+s +nginx +nginx:1 +app=web\n$",
            _kubectl.Ok($"get deployments -n {ns} -o wide"));
        Assert.Equal("deployment.apps/web scaled\n", _kubectl.Ok($"scale deployment web -n {ns} --replicas=5"));
        Assert.Equal("5", _kubectl.Ok($"get deploy web -n {ns} -o jsonpath={{.spec.replicas}}"));
        Assert.Contains(
            "Expected replicas to be 7, was 5",
            _kubectl.Fails($"scale deployment web -n {ns} --current-replicas=7 --replicas=1"));
        Assert.Equal(
            "Scale app=web",
            _kubectl.Ok([
                "get", "deploy", "web", "-n", ns, "--subresource=scale", "-o", "jsonpath={.kind} {.status.selector}",
            ]));
    }

    [Fact]
    public void A_selector_does_not_change_and_must_match_the_template()
    {
        var ns = running.NewNamespace("kinds-selector");
        _kubectl.Ok($"create deployment web -n {ns} --image=nginx");
        Assert.Equal(
            """
            The Deployment "web" is invalid: 
            * spec.template.metadata.labels: Invalid value: map[string]string{"app":"web"}: MISMATCH
            * spec.selector: Invalid value: {"matchLabels":{"app":"other"}}: field is immutable

            """.Replace("MISMATCH", "`selector` does not match template `labels`"),
            _kubectl.Fails([
                "patch", "deployment", "web", "-n", ns, "-p", """{"spec":{"selector":{"matchLabels":{"app":"other"}}}}""",
            ]));
        Assert.Contains(
            "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
            _kubectl.Fails(["patch", "deployment", "web", "-n", ns, "-p", """{"spec":{"replicas":-1}}"""]));
    }

    [Fact]
    public void Configuration_is_created_shown_and_guarded()
    {
        var ns = running.NewNamespace("kinds-configuration");
        _kubectl.Ok($"create configmap settings -n {ns} --from-literal=a=1 --from-literal=b=2");
        Assert.Matches(@"^NAME +DATA +AGE\nsettings +2 +\d+s\n$", _kubectl.Ok($"get cm -n {ns}"));
        _kubectl.Ok($"create secret generic token -n {ns} --from-literal=password=hidden");
        Assert.Matches(@"token +Opaque +1 +\d+s\n$", _kubectl.Ok($"get secrets -n {ns}"));
        _kubectl.Ok(
            $"apply -n {ns} -f -", "{apiVersion: v1, kind: Secret, metadata: {name: plain}, stringData: {user: me}}");
        Assert.Equal("bWU=", _kubectl.Ok($"get secret plain -n {ns} -o jsonpath={{.data.user}}{{.stringData}}"));
        Assert.Equal(
            "The Secret \"tls\" is invalid: data[tls.key]: Required value\n",
            _kubectl.Fails(
                $"apply -n {ns} -f -",
                """
                {apiVersion: v1, kind: Secret, metadata: {name: tls}, type: kubernetes.io/tls,
                 stringData: {tls.crt: x}}
                """));
        Assert.Contains(
            "data[a b]: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
            _kubectl.Fails(
                $"apply -n {ns} -f -", "{apiVersion: v1, kind: ConfigMap, metadata: {name: odd}, data: {a b: x}}"));
        _kubectl.Ok(["patch", "configmap", "settings", "-n", ns, "-p", """{"immutable":true}"""]);
        Assert.Equal(
            "The ConfigMap \"settings\" is invalid: data: Forbidden: field is immutable when `immutable` is set\n",
            _kubectl.Fails(["patch", "configmap", "settings", "-n", ns, "-p", """{"data":{"a":"3"}}"""]));
        _kubectl.Ok($"create serviceaccount robot -n {ns}");
        Assert.Matches(@"^NAME +SECRETS +AGE\nrobot +0 +\d+s\n$", _kubectl.Ok($"get sa -n {ns}"));
    }

    [Fact]
    public void A_job_gets_a_selector_of_its_own_and_must_end()
    {
        var ns = running.NewNamespace("kinds-job");
        _kubectl.Ok($"create job once -n {ns} --image=busybox -- true");
        Assert.Matches(
            @"^NAME +STATUS +COMPLETIONS +DURATION +AGE\nonce +Running +0/1 +\d+s\n$",
            _kubectl.Ok($"get jobs -n {ns}"));
        Assert.Equal(
            _kubectl.Ok($"get job once -n {ns} -o jsonpath={{.metadata.uid}}"),
            _kubectl.Ok([
                "get", "job", "once", "-n", ns, "-o",
                @"jsonpath={.spec.selector.matchLabels.batch\.kubernetes\.io/controller-uid}",
            ]));
        Assert.Equal(
            "The Job \"endless\" is invalid: spec.template.spec.restartPolicy: "
            + "Required value: valid values: \"OnFailure\", \"Never\"\n",
            _kubectl.Fails(
                $"apply -n {ns} -f -",
                """
                {apiVersion: batch/v1, kind: Job, metadata: {name: endless},
                 spec: {template: {spec: {containers: [{name: c, image: i}]}}}}
                """));
    }

    [Fact]
    public void What_charts_commonly_hold_is_kept_and_shown()
    {
        var ns = running.NewNamespace("kinds-charts");
        _kubectl.Ok($"apply -n {ns} -f -", Manifests.Chart);
        Assert.Matches(@"web +nginx +web\.example +80 +\d+s\n$", _kubectl.Ok($"get ingress -n {ns}"));
        Assert.Matches(@"nginx +k8s\.io/ingress +<none> +\d+s\n$", _kubectl.Ok("get ingressclass nginx"));
        Assert.Matches(@"web +1 +N/A +0 +\d+s\n$", _kubectl.Ok($"get pdb -n {ns}"));
        Assert.Matches(@"web +Deployment/web +<none> +1 +3 +0 +\d+s\n$", _kubectl.Ok($"get hpa -n {ns}"));
        Assert.Matches(@"db +0/3 +\d+s\n$", _kubectl.Ok($"get sts -n {ns}"));
        Assert.Matches(@"agent +0 +0 +0 +0 +0 +<none> +\d+s\n$", _kubectl.Ok($"get ds -n {ns}"));
        Assert.Matches(@"leader +me +\d+s\n$", _kubectl.Ok($"get lease -n {ns}"));
        Assert.Contains("No resource quota.", _kubectl.Ok($"describe ns {ns}"));
        var all = _kubectl.Ok($"get all -n {ns} -o name");
        Assert.Equal(
            ["daemonset.apps/agent", "horizontalpodautoscaler.autoscaling/web", "statefulset.apps/db"],
            all.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
        Assert.Equal(
            "The Ingress \"bad\" is invalid: spec.rules[0].http.paths[0].pathType: Required value: "
            + "pathType must be specified\n",
            _kubectl.Fails(
                $"apply -n {ns} -f -",
                """
                {apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: bad}, spec: {rules: [{http: {paths:
                  [{path: /, backend: {service: {name: web, port: {number: 80}}}}]}}]}}
                """));
        Assert.Equal("error: Metrics API not available\n", _kubectl.Fails($"top pods -n {ns}"));
    }
}
