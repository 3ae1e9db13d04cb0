using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Xunit;

namespace Palisade.ApiServer.Tests.Custom;

/// <summary>
/// ClusterNetworkPolicy with the real kubectl: a resource that kubectl has no types for. The same is asked of the
/// definition that is there by itself and of the published one.
/// </summary>
public abstract class ClusterNetworkPolicyKubectlTests(Kubectl kubectl)
{
    private const string Kind = "clusternetworkpolicy.policy.networking.k8s.io";
    private const string Resource = "clusternetworkpolicies.policy.networking.k8s.io";

    private readonly Kubectl _kubectl = kubectl;

    [Fact]
    public void Apply_creates_leaves_alone_and_changes_by_merge_patch()
    {
        var text = Policy("applied");
        Assert.Equal($"{Kind}/applied created\n", _kubectl.Ok("apply -f -", text));
        var version = Get("applied", "{.metadata.resourceVersion}");
        Assert.Equal($"{Kind}/applied unchanged\n", _kubectl.Ok("apply -f -", text));
        Assert.Equal(version, Get("applied", "{.metadata.resourceVersion}"));
        var changed = text.Replace("priority: 10", "priority: 11");
        Assert.Equal(
            $"{Kind}/applied configured (server dry run)\n", _kubectl.Ok("apply --dry-run=server -f -", changed));
        Assert.Equal(version, Get("applied", "{.metadata.resourceVersion}"));
        var diff = _kubectl.Run("diff -f -", changed);
        Assert.Equal(
            ["-  generation: 1", "+  generation: 2", "-  priority: 10", "+  priority: 11"],
            diff.Out.Split('\n').Where(line => Regex.IsMatch(line, "^[-+] ")));
        Assert.Equal($"{Kind}/applied configured\n", _kubectl.Ok("apply -f -", changed));
        Assert.Equal("2 11", Get("applied", "{.metadata.generation} {.spec.priority}"));
        // Labels are no part of what is counted.
        _kubectl.Ok("label cnp applied team=net");
        Assert.Equal("2 net", Get("applied", "{.metadata.generation} {.metadata.labels.team}"));
        // A field that the manifest no longer has goes: the merge patch deletes it by null.
        _kubectl.Ok("apply -f -", changed.Replace("    protocols: [{tcp: {destinationPort: {number: 80}}}]\n", ""));
        Assert.Equal("", Get("applied", "{.spec.ingress[0].protocols}"));
    }

    [Fact]
    public void Get_prints_every_form()
    {
        _kubectl.Ok("apply -f -", Policy("printed").Replace("name: printed", "name: printed, labels: {form: all}"));
        const string Table = @"^NAME +TIER +PRIORITY +AGE\nprinted +Admin +10 +\d+s\n$";
        Assert.Matches(Table, _kubectl.Ok("get cnp -l form=all"));
        Assert.Matches(Table, _kubectl.Ok("get clusternetworkpolicies printed"));
        Assert.Matches(Table, _kubectl.Ok("get clusternetworkpolicy printed -o wide"));
        Assert.Equal($"{Kind}/printed\n", _kubectl.Ok($"get {Resource} -l form=all -o name"));
        Assert.Equal("", _kubectl.Ok("get cnp -l form=none -o name"));
        Assert.Equal($"{Kind}/printed\n", _kubectl.Ok("get cnp --field-selector metadata.name=printed -o name"));
        var json = JsonNode.Parse(_kubectl.Ok("get cnp printed -o json"))!;
        Assert.Equal("policy.networking.k8s.io/v1alpha2", (string?)json["apiVersion"]);
        Assert.Equal("""{"namespaces":{"matchLabels":{"a":"b"}}}""", json["spec"]!["subject"]!.ToJsonString());
        Assert.Null(json["metadata"]!["namespace"]);
        Assert.Contains("  tier: Admin\n", _kubectl.Ok("get cnp printed -o yaml"));
        var described = _kubectl.Ok("describe cnp printed");
        Assert.Contains("Name:         printed\nNamespace:    \nLabels:       form=all\n", described);
        Assert.Matches("(?m)^  Priority: +10$", described);
        Assert.Matches("(?m)^Events: +<none>$", described);
        Assert.Contains(
            "Error from server (NotFound): clusternetworkpolicies.policy.networking.k8s.io \"none\" not found",
            _kubectl.Fails("get cnp none"));
    }

    [Fact]
    public void Patch_merges_or_takes_operations_but_knows_no_merge_keys()
    {
        _kubectl.Ok("apply -f -", Policy("patched"));
        Assert.Equal($"{Kind}/patched patched\n", _kubectl.Ok(
            ["patch", "cnp", "patched", "--type=merge", "-p", """{"spec":{"priority":20}}"""]));
        Assert.Equal($"{Kind}/patched patched (no change)\n", _kubectl.Ok(
            ["patch", "cnp", "patched", "--type=merge", "-p", """{"spec":{"priority":20}}"""]));
        Assert.Equal($"{Kind}/patched patched\n", _kubectl.Ok(
            [
                "patch", "cnp", "patched", "--type=json", "-p",
                """[{"op":"replace","path":"/spec/ingress/0/action","value":"Pass"}]""",
            ]));
        Assert.Equal("3 20 Pass", Get(
            "patched", "{.metadata.generation} {.spec.priority} {.spec.ingress[0].action}"));
        var refused = _kubectl.Run(["patch", "cnp", "patched", "-p", """{"spec":{"priority":30}}"""]);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains(
            "the body of the request was in an unknown format - accepted media types include: "
            + "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml", refused.Error);
        Assert.Equal(
            "The ClusterNetworkPolicy \"patched\" is invalid: spec.priority: Invalid value: 1001: "
            + "spec.priority in body should be less than or equal to 1000\n",
            Failed("patch", "cnp", "patched", "--type=merge", "-p", """{"spec":{"priority":1001}}"""));
        Assert.Equal("3 20", Get("patched", "{.metadata.generation} {.spec.priority}"));
    }

    [Fact]
    public void The_status_is_written_by_itself()
    {
        _kubectl.Ok("apply -f -", Policy("reported") + "status: {conditions: []}\n");
        Assert.Equal("", Get("reported", "{.status}"));
        const string Condition = """
            {"type":"Known","status":"True","reason":"Yes","message":"m","lastTransitionTime":"2026-01-01T00:00:00Z"}
            """;
        _kubectl.Ok([
            "patch", "cnp", "reported", "--subresource=status", "--type=merge", "-p",
            $$$"""{"metadata":{"labels":{"x":"y"}},"spec":{"priority":99},"status":{"conditions":[{{{Condition}}}]}}""",
        ]);
        Assert.Equal("10  1 Known", Get(
            "reported", "{.spec.priority} {.metadata.labels.x} {.metadata.generation} {.status.conditions[0].type}"));
        _kubectl.Ok(["patch", "cnp", "reported", "--type=merge", "-p", """{"spec":{"priority":98},"status":null}"""]);
        Assert.Equal("98 2 Known", Get(
            "reported", "{.spec.priority} {.metadata.generation} {.status.conditions[0].type}"));
        Assert.Equal(
            "The ClusterNetworkPolicy \"reported\" is invalid: status.conditions: Required value\n",
            Failed("patch", "cnp", "reported", "--subresource=status", "--type=json", "-p",
                """[{"op":"replace","path":"/status","value":{}}]"""));
        Assert.Equal(
            "The ClusterNetworkPolicy \"reported\" is invalid: "
            + "status.conditions[1]: Duplicate value: {\"type\":\"Known\"}\n",
            Failed("patch", "cnp", "reported", "--subresource=status", "--type=merge", "-p",
                $$$"""{"status":{"conditions":[{{{Condition}}},{{{Condition}}}]}}"""));
    }

    [Fact]
    public void Unknown_fields_are_refused_warned_of_or_dropped()
    {
        var odd = Policy("odd").Replace("  priority: 10", "  priority: 10\n  prio: 11");
        Assert.Equal(
            "Error from server (BadRequest): error when creating \"STDIN\": ClusterNetworkPolicy in version \"v1alpha2\" "
            + "cannot be handled as a ClusterNetworkPolicy: strict decoding error: unknown field \"spec.prio\"\n",
            _kubectl.Fails("apply -f -", odd));
        var warned = _kubectl.Run("apply --validate=warn -f -", odd);
        Assert.Equal("Warning: unknown field \"spec.prio\"\n", warned.Error);
        Assert.Equal($"{Kind}/odd created\n", warned.Out);
        Assert.Equal("", Get("odd", "{.spec.prio}"));
        var ignored = _kubectl.Run("create --validate=ignore -f -", odd.Replace("name: odd", "name: odder"));
        Assert.Equal(("", $"{Kind}/odder created\n"), (ignored.Error, ignored.Out));
        Assert.Contains(
            "strict decoding error: unknown field \"spec.prio\"",
            _kubectl.Fails("replace -f -", odd));
        // Pruning can empty a peer, and the warning says why.
        var pruned = Policy("empty").Replace("namespaces: {}", "everybody: {}");
        Assert.StartsWith(
            "Warning: unknown field \"spec.ingress[0].from[0].everybody\"\nThe ClusterNetworkPolicy \"empty\" is invalid: ",
            _kubectl.Fails("create --validate=warn -f -", pruned));
        Assert.Contains(
            "spec.ingress[0].from[0] in body should have at least 1 properties",
            _kubectl.Fails("create --validate=ignore -f -", pruned));
    }

    [Fact]
    public void Invalid_ones_get_the_schema_s_words()
    {
        Assert.Equal(
            """
            The ClusterNetworkPolicy "bad" is invalid: 
            * spec.tier: Unsupported value: "admin": supported values: "Admin", "Baseline"
            * spec.ingress[0].action: Unsupported value: "Allow": supported values: "Accept", "Deny", "Pass"

            """,
            Sorted(_kubectl.Fails(
                "apply -f -", Policy("bad").Replace("tier: Admin", "tier: admin").Replace("Deny", "Allow"))));
        foreach (var (from, to, said) in new[]
        {
            ("priority: 10", "priority: -1",
                "spec.priority: Invalid value: -1: spec.priority in body should be greater than or equal to 0"),
            ("  tier: Admin\n", "", "spec.tier: Required value"),
            ("{number: 80}", "{range: {start: 80, end: 80}}",
                "spec.ingress[0].protocols[0].tcp.destinationPort.range: Invalid value: \"object\": "
                + "Start port must be less than End port"),
            ("from: [{namespaces: {}}]", "from: []",
                "spec.ingress[0].from: Invalid value: 0: spec.ingress[0].from in body should have at least 1 items"),
            ("priority: 10", "priority: ten",
                "spec.priority: Invalid value: \"string\": spec.priority in body must be of type integer: \"string\""),
            ("  ingress:", "  egress: [{action: Deny, to: [{networks: [10.0.0.1]}]}]\n  ingress:",
                "spec.egress[0].to[0].networks[0]: Invalid value: \"10.0.0.1\": Invalid CIDR format provided"),
        })
        {
            Assert.Contains(said, _kubectl.Fails("apply -f -", Policy("bad").Replace(from, to)));
        }

        Assert.Contains("NotFound", _kubectl.Fails("get cnp bad"));
    }

    [Fact]
    public void What_the_schema_does_not_catch_is_warned_of()
    {
        var typo = _kubectl.Run("apply -f -", Policy("warned").Replace(
            "namespaces: {matchLabels: {a: b}}", "namespaces: {matchExpressions: [{key: a, operator: notIn, values: [b]}]}"));
        Assert.Equal($"{Kind}/warned created\n", typo.Out);
        Assert.Matches(
            "^Warning: spec.subject.namespaces.matchExpressions\\[0\\].operator: .*\"?notIn\"?.*fail closed\n$", typo.Error);
        var names = _kubectl.Run("apply -f -", Policy("names").Replace(
            "  ingress:", "  egress: [{action: Deny, to: [{domainNames: [example.com]}]}]\n  ingress:"));
        Assert.Contains("spec.egress[0].to[0].domainNames: Forbidden: domain names can only be accepted", names.Error);
        Assert.Equal("", _kubectl.Run("apply -f -", Policy("fine")).Error);
    }

    [Fact]
    public void Equals_that_disagree_are_warned_of()
    {
        var one = Policy("equal-a").Replace("priority: 10", "priority: 77");
        var other = one.Replace("equal-a", "equal-b").Replace("Deny", "Accept");
        Assert.Equal("", _kubectl.Run("apply -f -", one).Error);
        var warned = _kubectl.Run("apply -f -", other);
        Assert.Equal($"{Kind}/equal-b created\n", warned.Out);
        Assert.Matches(
            "^Warning: equal-a and equal-b both have priority 77 in tier Admin and disagree about ingress on TCP 80: .*\n$",
            warned.Error);
        Assert.Equal("", _kubectl.Run("label cnp equal-b seen=yes").Error);
        Assert.Equal("", _kubectl.Run("apply -f -", other.Replace("77", "78")).Error);
        Assert.Contains(
            "both have priority 77", _kubectl.Run("patch cnp equal-b --type=merge -p {\"spec\":{\"priority\":77}}").Error);
    }

    [Fact]
    public void Edit_replace_delete_and_watch()
    {
        _kubectl.Ok("create -f -", Policy("edited").Replace("name: edited", "name: edited, labels: {watched: this}"));
        using var watch = _kubectl.Start(["get", "cnp", "-l", "watched=this", "-w", "--no-headers"]);
        Assert.Matches("^edited +Admin +10 ", watch.StandardOutput.ReadLine());
        _kubectl.EditWith("s/priority: 10/priority: 12/");
        Assert.Equal($"{Kind}/edited edited\n", _kubectl.Ok("edit cnp edited"));
        Assert.Matches("^edited +Admin +12 ", watch.StandardOutput.ReadLine());
        Assert.Equal($"{Kind}/edited replaced\n", _kubectl.Ok(
            "replace -f -", Policy("edited").Replace("name: edited", "name: edited, labels: {watched: this}")
                .Replace("tier: Admin", "tier: Baseline")));
        Assert.Matches("^edited +Baseline +10 ", watch.StandardOutput.ReadLine());
        Assert.Equal($"{Kind} \"edited\" deleted\n", _kubectl.Ok("delete cnp edited"));
        watch.Kill();
        Assert.Contains("NotFound", _kubectl.Fails("get cnp edited"));
    }

    [Fact]
    public void Discovery_and_explain_know_it()
    {
        Assert.Matches(
            @"(?m)^clusternetworkpolicies +cnp +policy.networking.k8s.io/v1alpha2 +false +ClusterNetworkPolicy$",
            _kubectl.Ok("api-resources --no-headers"));
        var plain = JsonNode.Parse(_kubectl.Ok("get --raw /apis/policy.networking.k8s.io/v1alpha2"))!;
        Assert.Equal(
            ["clusternetworkpolicies", "clusternetworkpolicies/status"],
            plain["resources"]!.AsArray().Select(resource => (string)resource!["name"]!));
        var rule = _kubectl.Ok("explain cnp.spec.ingress");
        Assert.Contains("GROUP:      policy.networking.k8s.io\n", rule);
        Assert.Matches("action\t<string> -required-\n +enum: Accept, Deny, Pass", rule);
        Assert.Contains("from\t<[]Object> -required-", rule);
        Assert.Contains("domainNames\t<[]string>", _kubectl.Ok("explain cnp.spec.egress.to"));
        Assert.Contains("creationTimestamp\t<string>", _kubectl.Ok("explain cnp.metadata"));
        Assert.Equal("yes\n", _kubectl.Ok("auth can-i create clusternetworkpolicies"));
    }

    private static string Policy(string name) => """
        apiVersion: policy.networking.k8s.io/v1alpha2
        kind: ClusterNetworkPolicy
        metadata: {name: NAME}
        spec:
          tier: Admin
          priority: 10
          subject: {namespaces: {matchLabels: {a: b}}}
          ingress:
          - action: Deny
            from: [{namespaces: {}}]
            protocols: [{tcp: {destinationPort: {number: 80}}}]

        """.Replace("NAME", name);

    /// <summary>An API server asks the properties of an object in no fixed order.</summary>
    private static string Sorted(string error)
    {
        var lines = error.Split('\n');
        return string.Join('\n', [lines[0], .. lines[1..^1].OrderDescending(StringComparer.Ordinal), ""]);
    }

    private string Get(string name, string path) => _kubectl.Ok(["get", "cnp", name, "-o", $"jsonpath={path}"]);

    private string Failed(params string[] arguments)
    {
        var result = _kubectl.Run(arguments);
        Assert.True(result.ExitCode == 1, result.ToString());
        return result.Error;
    }
}

/// <summary>By the definition that a server has by itself.</summary>
public sealed class OwnClusterNetworkPolicyTests(RunningServer running)
    : ClusterNetworkPolicyKubectlTests(running.Kubectl);

/// <summary>By the definition that network-policy-api publishes, of the experimental channel.</summary>
public sealed class PublishedClusterNetworkPolicyTests(PublishedDefinitionServer running)
    : ClusterNetworkPolicyKubectlTests(running.Kubectl), IClassFixture<PublishedDefinitionServer>;
