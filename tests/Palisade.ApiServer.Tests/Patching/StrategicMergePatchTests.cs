using System.Text.Json.Nodes;
using Palisade.ApiServer.Patching;
using Palisade.Kubernetes.Schema;
using Xunit;

namespace Palisade.ApiServer.Tests.Patching;

/// <summary>Patches as kubectl apply makes them; object, patch, result.</summary>
public sealed class StrategicMergePatchTests
{
    [Theory]
    [InlineData("maps merge key by key, null removes",
        """{"metadata":{"labels":{"a":"1","b":"2"}}}""",
        """{"metadata":{"labels":{"b":null,"c":"3"}}}""",
        """{"metadata":{"labels":{"a":"1","c":"3"}}}""")]
    [InlineData("containers merge by name",
        """{"spec":{"containers":[{"name":"a","image":"1"},{"name":"b","image":"2"}]}}""",
        """{"spec":{"containers":[{"name":"b","image":"3"},{"name":"c","image":"4"}]}}""",
        """{"spec":{"containers":[{"name":"a","image":"1"},{"name":"b","image":"3"},{"name":"c","image":"4"}]}}""")]
    [InlineData("an item goes by its key",
        """{"spec":{"containers":[{"name":"a"},{"name":"b"}]}}""",
        """{"spec":{"containers":[{"name":"a","$patch":"delete"}]}}""",
        """{"spec":{"containers":[{"name":"b"}]}}""")]
    [InlineData("a list is replaced when told so",
        """{"spec":{"containers":[{"name":"a"},{"name":"b"}]}}""",
        """{"spec":{"containers":[{"name":"c"},{"$patch":"replace"}]}}""",
        """{"spec":{"containers":[{"name":"c"}]}}""")]
    [InlineData("a map is replaced when told so",
        """{"metadata":{"labels":{"a":"1"}}}""",
        """{"metadata":{"labels":{"$patch":"replace","b":"2"}}}""",
        """{"metadata":{"labels":{"b":"2"}}}""")]
    [InlineData("order is the one asked for; what only the server has keeps its place",
        """{"spec":{"containers":[{"name":"a"},{"name":"server"},{"name":"b"}]}}""",
        """{"spec":{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}],"containers":[{"name":"a","image":"x"}]}}""",
        """{"spec":{"containers":[{"name":"server"},{"name":"b"},{"name":"a","image":"x"}]}}""")]
    [InlineData("an order alone reorders",
        """{"spec":{"containers":[{"name":"a"},{"name":"b"}]}}""",
        """{"spec":{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}]}}""",
        """{"spec":{"containers":[{"name":"b"},{"name":"a"}]}}""")]
    [InlineData("finalizers are united, and taken away by value",
        """{"metadata":{"finalizers":["x/a","x/b"]}}""",
        """{"metadata":{"finalizers":["x/c"],"$deleteFromPrimitiveList/finalizers":["x/a"]}}""",
        """{"metadata":{"finalizers":["x/b","x/c"]}}""")]
    [InlineData("volumes retain the keys named",
        """{"spec":{"volumes":[{"name":"v","emptyDir":{}}]}}""",
        """{"spec":{"volumes":[{"name":"v","$retainKeys":["name","configMap"],"configMap":{"name":"c"}}]}}""",
        """{"spec":{"volumes":[{"name":"v","configMap":{"name":"c"}}]}}""")]
    [InlineData("ports merge by containerPort, within merged containers",
        """{"spec":{"containers":[{"name":"a","ports":[{"containerPort":80}]}]}}""",
        """{"spec":{"containers":[{"name":"a","ports":[{"containerPort":80,"name":"w"},{"containerPort":81}]}]}}""",
        """{"spec":{"containers":[{"name":"a","ports":[{"containerPort":80,"name":"w"},{"containerPort":81}]}]}}""")]
    [InlineData("new maps lose their nulls and directives",
        """{}""",
        """{"spec":{"securityContext":{"runAsUser":null,"runAsGroup":5},"containers":[{"name":"a","image":null}]}}""",
        """{"spec":{"securityContext":{"runAsGroup":5},"containers":[{"name":"a"}]}}""")]
    public void Of_pods(string why, string target, string patch, string expected) =>
        Check(why, ApiKinds.Pod, target, patch, expected);

    [Theory]
    [InlineData("no list of a policy's spec has a merge key: each is replaced whole",
        """{"spec":{"ingress":[{"from":[{"podSelector":{}}]}],"policyTypes":["Ingress"]}}""",
        """{"spec":{"ingress":[{"ports":[{"port":80}]}],"policyTypes":["Egress"]}}""",
        """{"spec":{"ingress":[{"ports":[{"port":80}]}],"policyTypes":["Egress"]}}""")]
    [InlineData("its selector merges per label",
        """{"spec":{"podSelector":{"matchLabels":{"a":"1"}}}}""",
        """{"spec":{"podSelector":{"matchLabels":{"a":null,"b":"2"}}}}""",
        """{"spec":{"podSelector":{"matchLabels":{"b":"2"}}}}""")]
    public void Of_policies(string why, string target, string patch, string expected) =>
        Check(why, ApiKinds.NetworkPolicy, target, patch, expected);

    private static void Check(string why, KindSchema kind, string target, string patch, string expected)
    {
        var patched = StrategicMergePatch.Apply(
            JsonNode.Parse(target)!.AsObject(), JsonNode.Parse(patch)!.AsObject(), kind.Type);
        var normal = JsonNode.Parse(expected)!.ToJsonString();
        Assert.True(normal == patched.ToJsonString(), $"{why}: expected {normal}, got {patched.ToJsonString()}");
    }
}
