using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Validate;
using Palisade.Kubernetes.Wire;
using Xunit;

namespace Palisade.Kubernetes.Tests.ClusterPolicies;

/// <summary>The rows of semantics §3.2: what the definition refuses, in the API server's words.</summary>
public sealed class ValidationTests
{
    private const string To = "spec.egress[0].to[0]";
    private const string Protocol = "spec.egress[0].protocols[0]";
    private const string Domain =
        @"^(\*\.)?([a-zA-z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.)+[a-zA-z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.?$";

    private static readonly WireObject MetadataOfAnUpdate = new(
        [
            new("name", default, new WireString("p", default)),
            new("resourceVersion", default, new WireString("1", default)),
        ],
        default);

    private const string Everywhere = "action: Deny, to: [{networks: [0.0.0.0/0]}]";

    [Theory]
    [InlineData("2026-11-23T05:00:00Z", true)]
    [InlineData("2026-11-23t05:00:00.123456z", true)]
    [InlineData("2024-02-29T23:59:59+01:00", true)]
    [InlineData("2026-02-29T05:00:00Z", false)]
    [InlineData("2026-11-23T24:00:00Z", false)]
    [InlineData("2026-11-23T05:00:00", false)]
    [InlineData("2026-11-23 05:00:00Z", false)]
    [InlineData("now", false)]
    public void Times_of_a_condition(string time, bool isTime)
    {
        var old = Given.Object(Given.Head).With("metadata", MetadataOfAnUpdate);
        var condition = $"{{type: Ready, status: 'True', reason: Ok, message: m, lastTransitionTime: '{time}'}}";
        var status = ((WireObject)Given.Object($"conditions: [{condition}]"))["spec"]!;
        var verdict = ObjectValidation.Update(
            old.With("status", status), old, ApiKinds.ClusterNetworkPolicy, KubeVersion.Default);
        const string path = "status.conditions[0].lastTransitionTime";
        string[] expected =
            [$"{path}: Invalid value: \"{time}\": {path} in body must be of type date-time: \"{time}\""];
        Assert.Equal(isTime ? [] : expected, verdict.Causes.Select(cause => cause.ToString()));
    }

    [Theory]
    [InlineData("priority: 1, subject: {namespaces: {}}, tier: admin",
        "spec.tier: Unsupported value: \"admin\": supported values: \"Admin\", \"Baseline\"")]
    [InlineData("tier: Admin, subject: {namespaces: {}}, priority: 1001",
        "spec.priority: Invalid value: 1001: spec.priority in body should be less than or equal to 1000")]
    [InlineData("tier: Admin, subject: {namespaces: {}}, priority: -1",
        "spec.priority: Invalid value: -1: spec.priority in body should be greater than or equal to 0")]
    [InlineData("tier: Admin, subject: {namespaces: {}}, priority: '1'",
        "spec.priority: Invalid value: \"string\": spec.priority in body must be of type integer: \"string\"")]
    [InlineData("tier: Admin, subject: {namespaces: {}}, priority: 1.5",
        "spec.priority: Invalid value: \"number\": spec.priority in body must be of type integer: \"number\"")]
    [InlineData("",
        "spec.priority: Required value|spec.subject: Required value|spec.tier: Required value")]
    [InlineData("tier: Admin, subject: {namespaces: {}}, priority: null", "spec.priority: Required value")]
    [InlineData("tier: Admin, priority: 1, subject: {}",
        "spec.subject: Invalid value: 0: spec.subject in body should have at least 1 properties")]
    [InlineData("tier: Admin, priority: 1, subject: {namespaces: {}, pods: {podSelector: {}}}",
        "spec.subject: Too many: 2: must have at most 1 items")]
    [InlineData("tier: Admin, priority: 1, subject: {pods: {namespaceSelector: {}}}",
        "spec.subject.pods.podSelector: Required value")]
    [InlineData("tier: Admin, priority: 1, subject: {pods: {podSelector: {}}}", "")]
    [InlineData("tier: Baseline, priority: 1000, subject: {namespaces: {matchExpressions: [{key: a}]}}",
        "spec.subject.namespaces.matchExpressions[0].operator: Required value")]
    [InlineData("tier: Admin, priority: 1, subject: {namespaces: {matchLabels: {a: yes}}}",
        "spec.subject.namespaces.matchLabels.a: Invalid value: \"boolean\": "
        + "spec.subject.namespaces.matchLabels.a in body must be of type string: \"boolean\"")]
    public void Head(string spec, string expected) => Check(spec, expected);

    [Theory]
    [InlineData("action: Allow, from: [{namespaces: {}}]",
        "spec.ingress[0].action: Unsupported value: \"Allow\": supported values: \"Accept\", \"Deny\", \"Pass\"")]
    [InlineData("", "spec.ingress[0].action: Required value|spec.ingress[0].from: Required value")]
    [InlineData("action: Deny, from: []",
        "spec.ingress[0].from: Invalid value: 0: spec.ingress[0].from in body should have at least 1 items")]
    [InlineData("action: Deny, from: [{namespaces: {}}], protocols: []",
        "spec.ingress[0].protocols: Invalid value: 0: "
        + "spec.ingress[0].protocols in body should have at least 1 items")]
    [InlineData("action: Deny, from: [{}]",
        "spec.ingress[0].from[0]: Invalid value: 0: spec.ingress[0].from[0] in body should have at least 1 properties")]
    [InlineData("action: Deny, from: [null]",
        "spec.ingress[0].from[0]: Invalid value: \"null\": "
        + "spec.ingress[0].from[0] in body must be of type object: \"null\"")]
    [InlineData("action: Deny, from: [{namespaces: {}, pods: {podSelector: {}}}]",
        "spec.ingress[0].from[0]: Too many: 2: must have at most 1 items")]
    public void Ingress(string rule, string expected) => Check(Given.Ingress(rule), expected);

    [Theory]
    [InlineData("networks: ['10.0.0.1']",
        To + ".networks[0]: Invalid value: \"10.0.0.1\": Invalid CIDR format provided")]
    [InlineData("networks: [010.0.0.0/8]",
        To + ".networks[0]: Invalid value: \"010.0.0.0/8\": Invalid CIDR format provided")]
    [InlineData("networks: [10.0.0.0/08]",
        To + ".networks[0]: Invalid value: \"10.0.0.0/08\": Invalid CIDR format provided")]
    [InlineData("networks: ['::ffff:10.0.0.0/104']",
        To + ".networks[0]: Invalid value: \"::ffff:10.0.0.0/104\": Invalid CIDR format provided")]
    [InlineData("networks: [10.0.0.1/8, 'fd00::1/8']", "")]
    [InlineData("networks: [10.0.0.0/8, 10.0.0.0/8]", To + ".networks[1]: Duplicate value: \"10.0.0.0/8\"")]
    [InlineData("networks: []",
        To + ".networks: Invalid value: 0: " + To + ".networks in body should have at least 1 items")]
    [InlineData("domainNames: [a.b, a.b]", To + ".domainNames[1]: Duplicate value: \"a.b\"")]
    [InlineData("domainNames: [localhost]", To + ".domainNames[0]: Invalid value: \"localhost\": "
        + To + ".domainNames[0] in body should match '" + Domain + "'")]
    [InlineData("domainNames: ['*']", To + ".domainNames[0]: Invalid value: \"*\": "
        + To + ".domainNames[0] in body should match '" + Domain + "'")]
    [InlineData("domainNames: [\"a.b\\n\"]", To + ".domainNames[0]: Invalid value: \"a.b\\n\": "
        + To + ".domainNames[0] in body should match '" + Domain + "'")]
    [InlineData("domainNames: ['*.Example.com.', a_b.c]", "")]
    [InlineData("nodes: {}", "")]
    [InlineData("nodes: null", To + ": Invalid value: 0: " + To + " in body should have at least 1 properties")]
    public void Peers(string peer, string expected) =>
        Check(Given.Egress($"action: Accept, to: [{{{peer}}}]"), expected);

    [Theory]
    [InlineData("{}",
        Protocol + ": Invalid value: 0: " + Protocol + " in body should have at least 1 properties")]
    [InlineData("{tcp: {}}",
        Protocol + ".tcp: Invalid value: 0: " + Protocol + ".tcp in body should have at least 1 properties")]
    [InlineData("{tcp: {destinationPort: {}}}", Protocol + ".tcp.destinationPort: Invalid value: 0: "
        + Protocol + ".tcp.destinationPort in body should have at least 1 properties")]
    [InlineData("{tcp: {destinationPort: {number: 1}}, udp: {destinationPort: {number: 1}}}",
        Protocol + ": Too many: 2: must have at most 1 items")]
    [InlineData("{tcp: {destinationPort: {number: 1, range: {start: 1, end: 2}}}}",
        Protocol + ".tcp.destinationPort: Too many: 2: must have at most 1 items")]
    [InlineData("{udp: {destinationPort: {number: 0}}}", Protocol + ".udp.destinationPort.number: Invalid value: 0: "
        + Protocol + ".udp.destinationPort.number in body should be greater than or equal to 1")]
    [InlineData("{udp: {destinationPort: {number: 65536}}}",
        Protocol + ".udp.destinationPort.number: Invalid value: 65536: "
        + Protocol + ".udp.destinationPort.number in body should be less than or equal to 65535")]
    [InlineData("{tcp: {destinationPort: {range: {start: 80}}}}",
        Protocol + ".tcp.destinationPort.range.end: Required value")]
    [InlineData("{tcp: {destinationPort: {range: {start: 80, end: 80}}}}",
        Protocol + ".tcp.destinationPort.range: Invalid value: \"object\": Start port must be less than End port")]
    [InlineData("{tcp: {destinationPort: {range: {start: 1, end: 65535}}}}", "")]
    [InlineData("{sctp: {destinationPort: {number: 7}}}", "")]
    [InlineData("{destinationNamedPort: web}",
        "spec.egress[0]: Invalid value: \"object\": networks/nodes/domainNames peer cannot be set with namedPorts "
        + "since there are no namedPorts for networks/nodes/domainNames")]
    public void Protocols(string protocol, string expected) =>
        Check(Given.Egress($"{Everywhere}, protocols: [{protocol}]"), expected);

    [Fact]
    public void Lists_end_at_their_bounds()
    {
        static string Many(string item, int count) => string.Join(", ", Enumerable.Repeat(item, count));
        const string Rule = "{action: Deny, from: [{namespaces: {}}]}";
        Check($"{Given.Head}, ingress: [{Many(Rule, 25)}]", "");
        Check($"{Given.Head}, ingress: [{Many(Rule, 26)}]",
            "spec.ingress: Too many: 26: must have at most 25 items");
        Check(Given.Ingress($"action: Deny, from: [{Many("{namespaces: {}}", 26)}]"),
            "spec.ingress[0].from: Too many: 26: must have at most 25 items");
        var ports = Many("{destinationNamedPort: web}", 26);
        Check(Given.Ingress($"action: Deny, from: [{{namespaces: {{}}}}], protocols: [{ports}]"),
            "spec.ingress[0].protocols: Too many: 26: must have at most 25 items");
        var blocks = string.Join(", ", Enumerable.Range(0, 26).Select(i => $"10.{i}.0.0/16"));
        Check(Given.Egress($"action: Deny, to: [{{networks: [{blocks}]}}]"),
            $"{To}.networks: Too many: 26: must have at most 25 items");
        Check(Given.Ingress($"name: {new string('é', 100)}, action: Deny, from: [{{namespaces: {{}}}}]"), "");
        Check(Given.Ingress($"name: {new string('n', 101)}, action: Deny, from: [{{namespaces: {{}}}}]"),
            "spec.ingress[0].name: Too long: may not be more than 100 bytes");
    }

    [Fact]
    public void The_standard_channel_has_no_nodes_no_domain_names_and_no_rule_on_named_ports()
    {
        var standard = ApiKinds.StandardClusterNetworkPolicy;
        foreach (var peer in (string[])["nodes: {}", "domainNames: [a.b]"])
        {
            var spec = Given.Egress($"action: Accept, to: [{{{peer}}}]");
            var field = peer[..peer.IndexOf(':')];
            var error = Assert.Single(Given.Decode(spec, standard).StrictErrors);
            Assert.Equal($"unknown field \"{To}.{field}\"", error.Message);
            // Pruned, the peer is empty.
            Assert.Equal($"{To}: Invalid value: 0: {To} in body should have at least 1 properties",
                Assert.Single(Given.Judge(spec, standard).Causes).ToString());
        }

        Assert.Empty(Given.Judge(Given.Egress($"{Everywhere}, protocols: [{{destinationNamedPort: web}}]"), standard)
            .Causes);
    }

    [Theory]
    [InlineData("foo: 1, " + Given.Head, "unknown field \"spec.foo\"")]
    [InlineData("tier: Admin, priority: 1, subject: {namespaces: {namespaceSelector: {}}}",
        "unknown field \"spec.subject.namespaces.namespaceSelector\"")]
    [InlineData(Given.Head + ", ingress: [{action: Deny, form: [], from: [{namespaces: {}}]}]",
        "unknown field \"spec.ingress[0].form\"")]
    public void Unknown_fields_are_refused_or_pruned(string spec, string error)
    {
        var decoded = Given.Decode(spec);
        Assert.Equal(error, Assert.Single(decoded.StrictErrors).Message);
        Assert.Equal($"ClusterNetworkPolicy in version \"v1alpha2\" cannot be handled as a ClusterNetworkPolicy: "
            + $"strict decoding error: {error}", decoded.Refusal("ClusterNetworkPolicy", "v1alpha2", strict: true));
        Assert.Null(decoded.Refusal("ClusterNetworkPolicy", "v1alpha2", strict: false));
        Assert.Empty(Given.Judge(spec).Causes);
    }

    [Fact]
    public void Repeated_fields_are_told_and_the_last_one_counts()
    {
        var json = """{"metadata":{"name":"p"},"spec":{"tier":"Admin","subject":{"namespaces":{}},"priority":1,"priority":2}}"""u8;
        var decoded = StrictDecode.Check(WireJson.Parse(json).Value!, ApiKinds.ClusterNetworkPolicy);
        Assert.Equal("duplicate field \"spec.priority\"", Assert.Single(decoded.StrictErrors).Message);
        Assert.Equal("2", ((WireNumber)((WireObject)decoded.Pruned["spec"]!)["priority"]!).Text);
    }

    [Theory]
    [InlineData("action: Accept, to: [{namespaces: {matchExpressions: [{key: a, operator: notIn, values: [b]}]}}]",
        To + ".namespaces.matchExpressions[0].operator: Invalid value: \"notIn\": not a valid selector operator")]
    [InlineData("action: Deny, to: [{nodes: {matchExpressions: [{key: a, operator: In}]}}]",
        To + ".nodes.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'")]
    [InlineData("action: Deny, to: [{pods: {podSelector: {matchLabels: {'': b}}}}]",
        To + ".pods.podSelector.matchLabels: Invalid value: \"\": name part must be non-empty")]
    [InlineData("action: Deny, to: [{namespaces: {}}], protocols: [{destinationNamedPort: '80'}]",
        Protocol + ".destinationNamedPort: Invalid value: \"80\": must contain at least one letter (a-z)")]
    [InlineData("action: Deny, to: [{domainNames: [a.b]}]",
        To + ".domainNames: Forbidden: domain names can only be accepted, not under Deny")]
    [InlineData("action: Pass, to: [{domainNames: [a.b]}]",
        To + ".domainNames: Forbidden: domain names can only be accepted, not under Pass")]
    public void What_the_definition_does_not_check_is_warned_of_and_fails_closed(string rule, string warning)
    {
        var verdict = Given.Judge(Given.Egress(rule));
        Assert.Empty(verdict.Causes);
        Assert.StartsWith(warning, verdict.Warnings[0].Text, StringComparison.Ordinal);
        var (policy, diagnostics) = Given.Convert(Given.Egress(rule));
        Assert.True(Assert.Single(policy.Egress).NotUnderstood);
        Assert.Equal("PL-D016", Assert.Single(diagnostics).Id);
    }

    private static void Check(string spec, string expected) =>
        Assert.Equal(expected, string.Join('|', Given.Judge(spec).Causes));
}
