using System.Text;
using Palisade.Kubernetes.Wire;
using Xunit;

namespace Palisade.Kubernetes.Tests.Wire;

/// <summary>Bodies as kubectl 1.35 sent them.</summary>
public sealed class WireProtobufTests
{
    private const string Deployment =
        "azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50Er0BCh8KA3dlYhIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEosBCAASDAoKCgNhcHASA3dlYhpxChwKABIAGgAi"
        + "ACoAMgA4AEIAWgoKA2FwcBIDd2ViElESMwoFbmdpbngSCm5naW54OjEuMjcqADIKCgAQABhQIgAqAEIAagByAIABAI"
        + "gBAJABAKIBABoAMgBCAEoAUgBYAGAAaACC"
        + "AQCKAQCaAQDCAQAiAgoAKAA4ABoMCAAQABgAIAAoADgAGgAiAA==";

    private const string Service =
        "azhzAAoNCgJ2MRIHU2VydmljZRJjChsKAXMSABoAIgAqADIAOABCAFoICgNhcHASAXMSQAobCgc4MC04MDgwEgNUQ1AYUCIHCAAQkD8aACgAEggKA2FwcBIBcxoA"
        + "IglDbHVzdGVySVA6AEIAUgBaAGAAaAAaAgoAGgAiAA==";

    private const string Review =
        "azhzAAoyChdhdXRob3JpemF0aW9uLms4cy5pby92MRIXU2VsZlN1YmplY3RBY2Nlc3NSZXZpZXcSPAoQCgASABoAIgAqADIAOABCABIeChwKB2RlZmF1bHQSA2dl"
        + "dBoAIgAqBHBvZHMyADoAGggIABIAGgAgABoAIgA=";

    [Theory]
    [InlineData(
        "azhzAAoPCgJ2MRIJTmFtZXNwYWNlEhsKEwoDZm9vEgAaACIAKgAyADgAQgASABoCCgAaACIA",
        """{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"foo"},"spec":{},"status":{}}""")]
    [InlineData(
        "azhzAAoPCgJ2MRIJQ29uZmlnTWFwEhsKEQoBYxIAGgAiACoAMgA4AEIAEgYKAWESAWIaACIA",
        """{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"c"},"data":{"a":"b"}}""")]
    [InlineData(
        Deployment,
        """{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"web","labels":{"app":"web"}},"spec":{"replicas":0,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"nginx","image":"nginx:1.27","ports":[{"containerPort":80}],"resources":{}}]}},"strategy":{}},"status":{}}""")]
    [InlineData(
        Service,
        """{"kind":"Service","apiVersion":"v1","metadata":{"name":"s","labels":{"app":"s"}},"spec":{"ports":[{"name":"80-8080","protocol":"TCP","port":80,"targetPort":8080}],"selector":{"app":"s"},"type":"ClusterIP"},"status":{"loadBalancer":{}}}""")]
    [InlineData(
        Review,
        """{"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","metadata":{},"spec":{"resourceAttributes":{"namespace":"default","verb":"get","resource":"pods"}},"status":{}}""")]
    public void Reads_what_kubectl_sends(string base64, string json)
    {
        var result = WireProtobuf.Parse(System.Convert.FromBase64String(base64));
        Assert.Null(result.Error);
        Assert.Equal(json, Encoding.UTF8.GetString(WireJson.Write(result.Value!)));
    }

    [Fact]
    public void Every_cut_of_a_body_is_refused_or_read_but_never_thrown()
    {
        var body = System.Convert.FromBase64String(Deployment);
        for (var length = 0; length < body.Length; length++)
            Assert.True(WireProtobuf.Parse(body.AsSpan(0, length)) is { Error: not null } or { Value: not null });
        Assert.Contains("prefix", WireProtobuf.Parse("{}"u8).Error!.Message);
    }
}
