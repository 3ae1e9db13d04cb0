using System.Text.Json;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Validate;
using Palisade.Kubernetes.Wire;
using Palisade.Manifests;
using Xunit;

namespace Palisade.Kubernetes.Tests.Validate;

public sealed class ObjectValidationTests
{
    private const string Label =
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an "
        + "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
        + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

    [Theory]
    [InlineData("{kind: Namespace, metadata: {name: A}}", "metadata.name: Invalid value: \"A\": " + Label)]
    [InlineData(
        "{kind: Namespace, metadata: {name: a.b}}",
        "metadata.name: Invalid value: \"a.b\": must not contain dots")]
    [InlineData("{kind: Namespace, metadata: {generateName: x-}}", "")]
    [InlineData("{kind: Namespace, metadata: {}}", "metadata.name: Required value: name or generateName is required")]
    [InlineData("{kind: Pod, metadata: {name: p}}", "spec.containers: Required value")]
    [InlineData(
        "{kind: Pod, metadata: {name: p}, spec: {containers: [{}]}}",
        "spec.containers[0].name: Required value|spec.containers[0].image: Required value")]
    [InlineData(
        "{kind: Pod, metadata: {name: p}, spec: {containers: [{name: a, image: i}, {name: a, image: i}]}}",
        "spec.containers[1].name: Duplicate value: \"a\"")]
    [InlineData(
        "{kind: Pod, metadata: {name: p}, spec: {containers: [{name: a, image: i, ports: [{}, {containerPort: 70000, protocol: ICMP}, {name: x, containerPort: 1}, {name: x, containerPort: 2}]}]}}",
        "spec.containers[0].ports[0].containerPort: Required value|spec.containers[0].ports[1].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive"
        + "|spec.containers[0].ports[1].protocol: Unsupported value: \"ICMP\": "
        + "supported values: \"SCTP\", \"TCP\", \"UDP\"|spec.containers[0].ports[3].name: Duplicate value: \"x\"")]
    [InlineData(
        "{kind: Pod, metadata: {name: p}, spec: {restartPolicy: Maybe, containers: [{name: a, image: i}]}}",
        "spec.restartPolicy: Unsupported value: \"Maybe\": supported values: \"Always\", \"OnFailure\", \"Never\"")]
    [InlineData(
        "{kind: Pod, metadata: {name: p, labels: {a: 'x y'}, annotations: {'B C': d}}, spec: {containers: [{name: a, image: i, volumeMounts: [{name: v, mountPath: /x}]}]}}",
        "metadata.labels: Invalid value: \"x y\": …|metadata.annotations: Invalid value: \"B C\": …|spec.containers[0].volumeMounts[0].name: Not found: \"v\"")]
    [InlineData("{kind: Service, metadata: {name: s}, spec: {}}", "spec.ports: Required value")]
    [InlineData("{kind: Namespace, metadata: {name: nn, finalizers: [kubernetes, orphan, example.com/x]}}", "")]
    [InlineData(
        "{kind: Namespace, metadata: {name: nn, finalizers: [mine, 'a b', foregroundDeletion, orphan]}}",
        "metadata.finalizers: Invalid value: \"a b\": …|metadata.finalizers: Invalid value: []string{\"mine\", \"a b\", \"foregroundDeletion\", \"orphan\"}: finalizer orphan and foregroundDeletion cannot be both set"
        + "|metadata.finalizers[0]: Invalid value: \"mine\": name is neither a standard finalizer name nor is it fully qualified"
        + "|metadata.finalizers[1]: Invalid value: \"a b\": name is neither a standard finalizer name nor is it fully qualified")]
    [InlineData("{kind: Node, metadata: {name: n.example.com}}", "")]
    public void Objects_are_answered_as_the_API_server_would(string yaml, string expected)
    {
        var set = ManifestSet.Parse("{apiVersion: v1, " + yaml[1..]);
        var texts = set.Documents.Single().Causes.Select(cause => cause.ToString()).ToArray();
        var wanted = expected.Split('|', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(wanted.Length, texts.Length);
        Assert.All(wanted.Zip(texts), pair =>
            Assert.StartsWith(pair.First.TrimEnd('…'), pair.Second, StringComparison.Ordinal));
    }

    [Fact]
    public void Updates_tolerate_what_is_stored_and_refuse_changed_identity()
    {
        var old = Policy("""{"metadata":{"name":"p","namespace":"n","uid":"1"},"spec":{"ingress":[{"from":[{"ipBlock":{"cidr":"10.0.0.1/8"}}]}]}}""");
        var strict = new KubeVersion(1, 36);
        Assert.False(ObjectValidation.Create(old, ApiKinds.NetworkPolicy, strict).IsValid);
        Assert.True(ObjectValidation.Update(old, old, ApiKinds.NetworkPolicy, strict).IsValid);
        var renamed = Policy("""{"metadata":{"name":"p","namespace":"n","uid":"2"},"spec":{}}""");
        Assert.Equal(
            "metadata.uid: Invalid value: \"2\": field is immutable",
            Assert.Single(ObjectValidation.Update(renamed, old, ApiKinds.NetworkPolicy, strict).Causes).ToString());
    }

    // kubectl writes maps sorted by key, so the server meets from before ports, and ingress before podSelecter.
    [Theory]
    [InlineData(
        "{podSelecter: {}, ingress: [{ports: [{portt: 1}], form: []}]}",
        "strict decoding error: unknown field \"spec.ingress[0].form\", unknown field \"spec.ingress[0].ports[0].portt\", unknown field \"spec.podSelecter\"")]
    [InlineData(
        "{ingress: [{ports: [{endPort: x}], from: [{ipBlock: 10.0.0.0/8}]}]}",
        "json: cannot unmarshal string into Go struct field NetworkPolicyPeer.spec.ingress.from.ipBlock of type v1.IPBlock")]
    public void Decoding_errors_come_in_the_order_that_kubectl_sends(string spec, string expected)
    {
        var set = ManifestSet.Parse(
            "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a}, spec: " + spec + "}");
        Assert.Equal(
            "NetworkPolicy in version \"v1\" cannot be handled as a NetworkPolicy: " + expected,
            set.Documents.Single().Causes.Single().Message);
    }

    [Fact]
    public void Messages_name_every_cause_once()
    {
        var verdict = ObjectValidation.Create(Policy("""{"metadata":{"name":"p"},"spec":{"ingress":[{"ports":[{"port":0,"endPort":0}],"from":[{}]}]}}"""), ApiKinds.NetworkPolicy, KubeVersion.Default);
        Assert.Equal(
            "NetworkPolicy.networking.k8s.io \"p\" is invalid: [spec.ingress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive, "
            + "spec.ingress[0].ports[0].endPort: Invalid value: 0: must be between 1 and 65535, inclusive, "
            + "spec.ingress[0].from[0]: Required value: must specify a peer]",
            verdict.Message("NetworkPolicy.networking.k8s.io", "p"));
    }

    [Fact]
    public void The_end_to_end_suite_s_policies_with_endPort_are_judged_alike()
    {
        using var file = JsonDocument.Parse(File.ReadAllText(SharedFiles.Path("corpus/k8s-e2e/api_validation.json")));
        foreach (var item in file.RootElement.GetProperty("cases").EnumerateArray())
        {
            var port = item.GetProperty("egressPort").GetRawText();
            var policy = Policy("""{"metadata":{"name":"p"},"spec":{"egress":[{"ports":[PORT]}]}}"""
                .Replace("PORT", port, StringComparison.Ordinal));
            var verdict = ObjectValidation.Create(policy, ApiKinds.NetworkPolicy, KubeVersion.Default);
            Assert.Equal(item.GetProperty("create").GetString() == "accepted", verdict.IsValid);
        }
    }

    [Theory]
    [InlineData(
        "::ffff:10.0.0.1/104",
        "CIDR value \"::ffff:10.0.0.1/104\" is ambiguous in this context (should be \"10.0.0.0/8\" or \"10.0.0.1/128\"?)|non-standard CIDR value \"::ffff:10.0.0.1/104\" will be considered invalid in a future Kubernetes release: use \"10.0.0.0/8\"")]
    [InlineData(
        "10.0.0.1/8",
        "CIDR value \"10.0.0.1/8\" is ambiguous in this context (should be \"10.0.0.0/8\" or \"10.0.0.1/32\"?)")]
    [InlineData(
        "2001:DB8::1/64",
        "CIDR value \"2001:DB8::1/64\" is ambiguous in this context (should be \"2001:db8::/64\" or \"2001:db8::1/128\"?)")]
    [InlineData("10.0.0.0/8", "")]
    public void Odd_blocks_are_warned_of(string cidr, string warnings)
    {
        var policy = Policy("""{"metadata":{"name":"p"},"spec":{"egress":[{},{"to":[{"ipBlock":{"cidr":"CIDR"}}]}]}}""".Replace("CIDR", cidr, StringComparison.Ordinal));
        var verdict = ObjectValidation.Create(policy, ApiKinds.NetworkPolicy, KubeVersion.Default);
        Assert.Equal(
            warnings.Split('|', StringSplitOptions.RemoveEmptyEntries).Select(text =>
                $"spec.egress[1].to[0].ipBlock.cidr: {text}"),
            verdict.Warnings.Select(warning => warning.Text));
    }

    private static WireObject Policy(string json) => ObjectValidation.Default(
        (WireObject)WireJson.Parse(System.Text.Encoding.UTF8.GetBytes(json)).Value!, ApiKinds.NetworkPolicy);
}
