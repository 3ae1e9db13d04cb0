using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Validate;
using Palisade.Kubernetes.Wire;
using Palisade.Manifests;
using Xunit;

namespace Palisade.Kubernetes.Tests.Validate;

/// <summary>The rows of semantics §2.2 that the vectors leave out.</summary>
public sealed class NetworkPolicyRuleTests
{
    private const string Port = "spec.ingress[0].ports[0].port: Invalid value: ";
    private const string End = "spec.ingress[0].ports[0].endPort: Invalid value: ";
    private const string Except = "spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: ";
    private const string Selector = "spec.podSelector.matchLabels: Invalid value: ";
    private const string Name =
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
        + "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
        + "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

    [Theory]
    [InlineData("{port: abcdefghijklmnop}", Port + "\"abcdefghijklmnop\": must be no more than 15 characters")]
    [InlineData("{port: a--b}", Port + "\"a--b\": must not contain consecutive hyphens")]
    [InlineData("{port: web-}", Port + "\"web-\": must not begin or end with a hyphen")]
    [InlineData("{port: -1}", Port + "-1: must be between 1 and 65535, inclusive")]
    [InlineData("{port: http, endPort: 90}", End + "90: may not be specified when `port` is non-numeric")]
    [InlineData(
        "{port: 80, endPort: 0}",
        End + "0: must be greater than or equal to `port`|" + End + "0: must be between 1 and 65535, inclusive")]
    [InlineData(
        "{protocol: ''}",
        "spec.ingress[0].ports[0].protocol: Unsupported value: \"\": supported values: \"TCP\", \"UDP\", \"SCTP\"")]
    public void Ports(string port, string expected) => Check($"ingress: [{{ports: [{port}]}}]", expected);

    [Theory]
    [InlineData(
        "{podSelector: null, namespaceSelector: null}",
        "spec.ingress[0].from[0]: Required value: must specify a peer")]
    [InlineData(
        "{ipBlock: {cidr: bad, except: [worse]}}",
        "spec.ingress[0].from[0].ipBlock.cidr: Invalid value: \"bad\": "
        + "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")]
    [InlineData(
        "{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/8]}}",
        Except + "\"10.0.0.0/8\": must be a strict subset of `cidr`")]
    [InlineData("{ipBlock: {cidr: '::ffff:10.0.0.0/104', except: ['::ffff:10.1.0.0/112']}}", "")]
    [InlineData("{ipBlock: {cidr: '02001:db8::/32', except: ['2001:00db8:00000::/33']}}", "")]
    [InlineData(
        "{ipBlock: {cidr: '12001:db8::/32'}}",
        "spec.ingress[0].from[0].ipBlock.cidr: Invalid value: \"12001:db8::/32\": "
        + "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")]
    public void Peers(string peer, string expected) => Check($"ingress: [{{from: [{peer}]}}]", expected);

    [Theory]
    [InlineData(
        "egress: [{}, {to: [{podSelector: {}}, {}]}]",
        "spec.egress[1].to[1]: Required value: must specify a peer")]
    [InlineData(
        "policyTypes: [Ingress, egress]",
        "spec.policyTypes[1]: Unsupported value: \"egress\": supported values: \"Ingress\", \"Egress\"")]
    [InlineData(
        "podSelector: {matchExpressions: [{key: a, operator: NotIn, values: []}]}",
        "spec.podSelector.matchExpressions[0].values: Required value: "
        + "must be specified when `operator` is 'In' or 'NotIn'")]
    [InlineData(
        "podSelector: {matchExpressions: [{key: a, operator: in, values: [b]}]}",
        "spec.podSelector.matchExpressions[0].operator: Invalid value: \"in\": not a valid selector operator")]
    [InlineData(
        "podSelector: {matchLabels: {a/b/c: d}}",
        Selector + "\"a/b/c\": a qualified name " + Name
        + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')")]
    [InlineData(
        "podSelector: {matchLabels: {'': d}}",
        Selector + "\"\": name part must be non-empty|" + Selector + "\"\": name part " + Name)]
    public void The_rest(string spec, string expected) => Check(spec, expected);

    [Theory]
    [InlineData("10.0.0.1/8", "must not have bits set beyond the prefix length")]
    [InlineData("010.0.0.0/8", "must not have leading 0s in IP or prefix length")]
    [InlineData("::ffff:10.0.0.0/104", "must not have an IPv4-mapped IPv6 address")]
    public void Odd_blocks_are_errors_from_1_36(string cidr, string expected)
    {
        var spec = $"ingress: [{{from: [{{ipBlock: {{cidr: '{cidr}'}}}}]}}]";
        Check(spec, "");
        Check(
            spec,
            $"spec.ingress[0].from[0].ipBlock.cidr: Invalid value: \"{cidr}\": {expected}",
            new KubeVersion(1, 36));
    }

    private static void Check(string spec, string expected, KubeVersion? version = null)
    {
        var yaml = $"{{metadata: {{name: np, namespace: default}}, spec: {{{spec}}}}}";
        var (values, _, error) = YamlReader.Read(yaml, 1, WireLimits.Default);
        Assert.Null(error);
        var decoded = StrictDecode.Check(values[0], ApiKinds.NetworkPolicy);
        Assert.True(decoded.IsClean);
        var verdict = ObjectValidation.Create(
            ObjectValidation.Default(decoded.Pruned, ApiKinds.NetworkPolicy),
            ApiKinds.NetworkPolicy,
            version ?? KubeVersion.Default);
        Assert.Equal(expected, string.Join('|', verdict.Causes));
    }
}
