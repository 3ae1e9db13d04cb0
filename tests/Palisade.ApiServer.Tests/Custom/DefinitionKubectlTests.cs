using System.Text.Json.Nodes;
using Xunit;

namespace Palisade.ApiServer.Tests.Custom;

/// <summary>CustomResourceDefinitions and what they define with the real kubectl, and over a restart.</summary>
public sealed class DefinitionKubectlTests(RunningServer running)
{
    private const string Crontabs = """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: crontabs.stable.example.com}
        spec:
          group: stable.example.com
          scope: Namespaced
          names: {plural: crontabs, kind: CronTab, shortNames: [ct], categories: [timers]}
          versions:
          - name: v1
            served: true
            storage: true
            schema:
              openAPIV3Schema:
                type: object
                properties:
                  spec:
                    type: object
                    properties:
                      cronSpec: {type: string, description: When it runs.}
                      replicas: {type: integer, minimum: 1, default: 1}
            subresources: {scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}}
            additionalPrinterColumns:
            - {name: Spec, type: string, jsonPath: .spec.cronSpec}
            - {name: Replicas, type: integer, jsonPath: .spec.replicas, priority: 1}
        """;

    private const string Tab = """
        apiVersion: stable.example.com/v1
        kind: CronTab
        metadata: {name: nightly}
        spec: {cronSpec: "0 3 * * *"}
        """;

    private readonly Kubectl _kubectl = running.Kubectl;

    [Fact]
    public void A_definition_and_its_objects_from_apply_to_delete()
    {
        var ns = running.NewNamespace("crontabs");
        Assert.Equal(
            "customresourcedefinition.apiextensions.k8s.io/crontabs.stable.example.com created\n",
            _kubectl.Ok("apply -f -", Crontabs));
        Assert.Equal(
            "customresourcedefinition.apiextensions.k8s.io/crontabs.stable.example.com condition met\n",
            _kubectl.Ok("wait --for=condition=Established crd/crontabs.stable.example.com --timeout=30s"));
        Assert.Matches(
            @"^NAME +CREATED AT\ncrontabs.stable.example.com +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n$",
            _kubectl.Ok("get crd crontabs.stable.example.com"));
        Assert.Equal("crontab.stable.example.com/nightly created\n", _kubectl.Ok($"apply -n {ns} -f -", Tab));
        Assert.Equal("crontab.stable.example.com/nightly unchanged\n", _kubectl.Ok($"apply -n {ns} -f -", Tab));
        Assert.Matches(@"^NAME +SPEC\nnightly +0 3 \* \* \*\n$", _kubectl.Ok($"get ct -n {ns}"));
        Assert.Matches(
            @"^NAME +SPEC +REPLICAS\nnightly +0 3 \* \* \* +1\n$", _kubectl.Ok($"get timers -n {ns} -o wide"));
        Assert.Contains("When it runs.", _kubectl.Ok("explain crontab.spec.cronSpec"));
        Assert.Equal(
            "crontab.stable.example.com/nightly scaled\n", _kubectl.Ok($"scale --replicas=3 ct/nightly -n {ns}"));
        Assert.Equal("crontab.stable.example.com/nightly serverside-applied\n",
            _kubectl.Ok($"apply --server-side --force-conflicts -n {ns} -f -", Tab.Replace("0 3", "0 4")));
        Assert.Equal("3 0 4 * * *", _kubectl.Ok(
            ["get", "ct", "nightly", "-n", ns, "-o", "jsonpath={.spec.replicas} {.spec.cronSpec}"]));
        Assert.Contains("spec.replicas: Invalid value: 0: spec.replicas in body should be greater than or equal to 1",
            _kubectl.Fails($"patch ct nightly -n {ns} --type=merge -p {{\"spec\":{{\"replicas\":0}}}}"));
        Assert.Contains("unknown field \"spec.cron\"",
            _kubectl.Fails($"apply -n {ns} -f -", Tab.Replace("cronSpec", "cron")));
        Assert.Equal(
            "customresourcedefinition.apiextensions.k8s.io \"crontabs.stable.example.com\" deleted\n",
            _kubectl.Ok("delete crd crontabs.stable.example.com"));
        Assert.Contains("the server could not find the requested resource", _kubectl.Fails($"get ct -n {ns}"));
    }

    [Fact]
    public async Task The_published_definitions_are_taken_in_every_way()
    {
        await using var started = new StartedServer();
        await started.StartAsync();
        var kubectl = started.Kubectl;
        const string Name =
            "customresourcedefinition.apiextensions.k8s.io/clusternetworkpolicies.policy.networking.k8s.io";
        var (standard, experimental) =
            (PublishedDefinitionServer.File("standard"), PublishedDefinitionServer.File("experimental"));
        Assert.Equal("Admin\n", Column(kubectl));
        // client-side apply: the annotation with all of it stays below 256 KiB. The file has an empty status, so
        // kubectl sends a patch each time; nothing comes of it.
        Assert.Contains($"{Name} configured\n", kubectl.Ok($"apply -f {experimental}"));
        var version = Version(kubectl);
        Assert.Equal($"{Name} configured\n", kubectl.Ok($"apply -f {experimental}"));
        Assert.Equal(version, Version(kubectl));
        Assert.Contains($"{Name} replaced\n", kubectl.Ok($"replace -f {standard}"));
        Assert.Contains("unknown field \"spec.egress[0].to[0].nodes\"", kubectl.Fails("apply -f -", Nodes));
        Assert.Contains(
            $"{Name} serverside-applied\n", kubectl.Ok($"apply --server-side --force-conflicts -f {experimental}"));
        Assert.Equal("clusternetworkpolicy.policy.networking.k8s.io/nodes created\n", kubectl.Ok("apply -f -", Nodes));
        kubectl.Ok("delete crd clusternetworkpolicies.policy.networking.k8s.io");
        Assert.Equal($"{Name} created\n", kubectl.Ok($"create -f {standard}"));
        Assert.Equal("", kubectl.Ok("get cnp -o name"));
        // it is there again after a restart, with what was made of it
        kubectl.Ok("apply -f -", Nodes.Replace("nodes: {}", "namespaces: {}"));
        await started.StartAsync();
        Assert.Equal("clusternetworkpolicy.policy.networking.k8s.io/nodes\n", started.Kubectl.Ok("get cnp -o name"));
        Assert.Contains("ClusterNetworkPolicySpec", started.Kubectl.Ok("explain cnp.spec").Replace(
            "Spec defines the desired behavior of ClusterNetworkPolicy", "ClusterNetworkPolicySpec"));
    }

    private static string Version(Kubectl kubectl) => kubectl.Ok(
        "get crd clusternetworkpolicies.policy.networking.k8s.io -o jsonpath={.metadata.resourceVersion}");

    private static string Column(Kubectl kubectl)
    {
        kubectl.Ok("apply -f -", Nodes);
        var shown = kubectl.Ok(["get", "cnp", "nodes", "-o", "custom-columns=T:.spec.tier", "--no-headers"]);
        kubectl.Ok("delete cnp nodes");
        return shown;
    }

    private const string Nodes = """
        apiVersion: policy.networking.k8s.io/v1alpha2
        kind: ClusterNetworkPolicy
        metadata: {name: nodes}
        spec:
          tier: Admin
          priority: 7
          subject: {namespaces: {matchLabels: {none: here}}}
          egress: [{action: Deny, to: [{nodes: {}}]}]
        """;

    private sealed class StartedServer : IAsyncDisposable
    {
        private readonly string _directory = Directory.CreateTempSubdirectory("palisade-crd-").FullName;
        private EmbeddedApiServer? _server;

        public Kubectl Kubectl { get; private set; } = null!;

        public async Task StartAsync()
        {
            if (_server is not null)
                await _server.DisposeAsync();
            _server = await EmbeddedApiServer.StartAsync(new ApiServerOptions
            {
                DataDirectory = Path.Combine(_directory, "data"),
            });
            Kubectl = new Kubectl(_server.KubeconfigText, _directory);
        }

        public async ValueTask DisposeAsync()
        {
            if (_server is not null)
                await _server.DisposeAsync();
            Directory.Delete(_directory, recursive: true);
        }
    }
}
