using System.Text;
using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Wire;
using Xunit;

namespace Palisade.Kubernetes.Tests.Convert;

public sealed class StrictDecodeTests
{
    private const string Ingress = "\"spec\":{\"ingress\":";

    [Theory]
    [InlineData(
        "{\"spec\":{\"ingress\":\"x\"}}",
        "string into Go struct field NetworkPolicySpec.spec.ingress of type []v1.NetworkPolicyIngressRule")]
    [InlineData(
        "{" + Ingress + "[{\"from\":[{\"podSelector\":{\"matchLabels\":{\"app\":true}}}]}]}}",
        "bool into Go struct field LabelSelector.spec.ingress.from.podSelector.matchLabels of type string")]
    [InlineData(
        "{" + Ingress + "[{\"from\":[{\"podSelector\":{\"matchLabels\":{\"v\":1.0}}}]}]}}",
        "number into Go struct field LabelSelector.spec.ingress.from.podSelector.matchLabels of type string")]
    [InlineData(
        "{" + Ingress + "[{\"from\":{}}]}}",
        "object into Go struct field NetworkPolicyIngressRule.spec.ingress.from of type []v1.NetworkPolicyPeer")]
    [InlineData(
        "{" + Ingress + "[[]]}}",
        "array into Go struct field NetworkPolicySpec.spec.ingress of type v1.NetworkPolicyIngressRule")]
    [InlineData(
        "{" + Ingress + "[{\"ports\":[{\"port\":3000000000}]}]}}",
        "number 3000000000 into Go value of type int32")]
    [InlineData("{" + Ingress + "[{\"ports\":[{\"port\":80.5}]}]}}", "number 80.5 into Go value of type int32")]
    [InlineData("{" + Ingress + "[{\"ports\":[{\"port\":true}]}]}}", "bool into Go value of type int32")]
    [InlineData(
        "{" + Ingress + "[{\"ports\":[{\"endPort\":80.5}]}]}}",
        "number 80.5 into Go struct field NetworkPolicyPort.spec.ingress.ports.endPort of type int32")]
    [InlineData(
        "{" + Ingress + "[{\"ports\":[{\"endPort\":\"80\"}]}]}}",
        "string into Go struct field NetworkPolicyPort.spec.ingress.ports.endPort of type int32")]
    [InlineData(
        "{" + Ingress + "[{\"ports\":[{\"protocol\":6}]}]}}",
        "number into Go struct field NetworkPolicyPort.spec.ingress.ports.protocol of type v1.Protocol")]
    [InlineData("{\"spec\":[]}", "array into Go struct field NetworkPolicy.spec of type v1.NetworkPolicySpec")]
    [InlineData(
        "{\"spec\":{\"policyTypes\":\"Ingress\"}}",
        "string into Go struct field NetworkPolicySpec.spec.policyTypes of type []v1.PolicyType")]
    [InlineData("{\"metadata\":{\"name\":1}}", "number into Go struct field ObjectMeta.metadata.name of type string")]
    [InlineData(
        "{\"metadata\":{\"labels\":[]}}",
        "array into Go struct field ObjectMeta.metadata.labels of type map[string]string")]
    [InlineData("[]", "array into Go value of type v1.NetworkPolicy")]
    public void Wrong_types_are_told_as_Go_tells_them(string json, string expected)
    {
        var result = Decode(json);
        Assert.Equal("json: cannot unmarshal " + expected, result.TypeError?.Message);
        Assert.StartsWith(
            "NetworkPolicy in version \"v1\" cannot be handled as a NetworkPolicy: json: cannot",
            result.Refusal("NetworkPolicy", "v1", strict: false),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"spec\":{\"foo\":1}}", "unknown field \"spec.foo\"")]
    [InlineData("{\"Spec\":{}}", "unknown field \"Spec\"")]
    [InlineData("{\"status\":{}}", "unknown field \"status\"")]
    [InlineData(
        "{" + Ingress + "[{},{\"form\":[],\"port\":1}]}}",
        "unknown field \"spec.ingress[1].form\", unknown field \"spec.ingress[1].port\"")]
    [InlineData("{\"spec\":{\"podSelector\":{},\"podSelector\":{}}}", "duplicate field \"spec.podSelector\"")]
    [InlineData("{\"metadata\":{\"labels\":{\"a\":\"1\",\"a\":\"2\"}}}", "duplicate field \"metadata.labels.a\"")]
    public void Unknown_and_repeated_fields_are_strict_errors(string json, string expected)
    {
        var result = Decode(json);
        Assert.Null(result.TypeError);
        Assert.Null(result.Refusal("NetworkPolicy", "v1", strict: false));
        Assert.Equal(
            "NetworkPolicy in version \"v1\" cannot be handled as a NetworkPolicy: strict decoding error: " + expected,
            result.Refusal("NetworkPolicy", "v1", strict: true));
    }

    [Theory]
    [InlineData("{\"spec\":{\"ingress\":[null]}}", "{\"spec\":{\"ingress\":[{}]}}")]
    [InlineData("{\"spec\":{\"ingress\":null,\"podSelector\":null}}", "{\"spec\":{}}")]
    [InlineData(
        "{\"spec\":{\"ingress\":[{\"ports\":[null],\"from\":[null]}]}}",
        "{\"spec\":{\"ingress\":[{\"ports\":[{}],\"from\":[{}]}]}}")]
    [InlineData("{\"spec\":{\"policyTypes\":[null]}}", "{\"spec\":{\"policyTypes\":[\"\"]}}")]
    [InlineData("{\"metadata\":{\"labels\":{\"a\":null}}}", "{\"metadata\":{\"labels\":{\"a\":\"\"}}}")]
    [InlineData("{\"spec\":{\"foo\":1,\"podSelector\":{}}}", "{\"spec\":{\"podSelector\":{}}}")]
    [InlineData(
        "{\"spec\":{\"podSelector\":{}},\"spec\":{\"policyTypes\":[]}}",
        "{\"spec\":{\"podSelector\":{},\"policyTypes\":[]}}")]
    public void Null_and_unknown_are_settled_as_in_Go(string json, string expected) =>
        Assert.Equal(expected, Encoding.UTF8.GetString(WireJson.Write(Decode(json).Pruned)));

    [Fact]
    public void Errors_have_places()
    {
        var result = Decode("{\n \"spec\": {\n  \"foo\": 1,\n  \"ingress\": 2 } }");
        Assert.Equal(new Position(3, 3), result.StrictErrors[0].At);
        Assert.Equal(new Position(4, 14), result.TypeError?.At);
    }

    [Fact]
    public void A_real_pod_decodes_and_embedded_structs_are_members()
    {
        const string Pod = """
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","creationTimestamp":null},
            "spec":{"containers":[{"name":"c","image":"i",
            "resources":{"limits":{"cpu":1,"memory":"64Mi"}},"livenessProbe":{"httpGet":{"path":"/","port":"http"},"periodSeconds":5},
            "env":[{"name":"A","valueFrom":{"configMapKeyRef":{"name":"m","key":"k"}}}]}],
            "volumes":[{"name":"v","emptyDir":{}},{"name":"w","configMap":{"name":"m"}}],"tolerations":[{"operator":"Exists"}]}}
            """;
        var result = StrictDecode.Check(WireJson.Parse(Encoding.UTF8.GetBytes(Pod)).Value!, ApiKinds.Pod);
        Assert.True(result.IsClean, result.Refusal("Pod", "v1", strict: true));
        var wrong =
            StrictDecode.Check(WireJson.Parse("{\"spec\":{\"volumes\":[{\"emptyDir\":3}]}}"u8).Value!, ApiKinds.Pod);
        Assert.Equal(
            "json: cannot unmarshal number into Go struct field Volume.spec.volumes.emptyDir of type v1.EmptyDirVolumeSource",
            wrong.TypeError?.Message);
    }

    [Fact]
    public void Every_kind_has_its_own_tags_and_names()
    {
        foreach (var kind in ApiKinds.All)
        {
            var seen = new HashSet<ObjectSchema>();
            Check(kind.Type, seen);
        }
    }

    private static void Check(ObjectSchema type, HashSet<ObjectSchema> seen)
    {
        if (!seen.Add(type))
            return;
        Assert.Equal(type.Declared.Count(f => f.Tag != 0),
            type.Declared.Where(f => f.Tag != 0).Select(f => f.Tag).Distinct().Count());
        foreach (var field in type.Fields)
        {
            Assert.Same(field, type.Field(field.Name));
            Assert.NotEmpty(field.GoType);
            if (field.Type is { } inner)
                Check(inner(), seen);
        }
    }

    private static DecodeResult Decode(string json) =>
        StrictDecode.Check(WireJson.Parse(Encoding.UTF8.GetBytes(json)).Value!, ApiKinds.NetworkPolicy);
}
