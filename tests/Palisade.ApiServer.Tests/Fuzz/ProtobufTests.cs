using System.Text.Json;
using System.Text.Json.Nodes;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Wire;
using Xunit;

namespace Palisade.ApiServer.Tests.Fuzz;

/// <summary>Every kind that has a protobuf form says the same in it as in JSON.</summary>
public sealed class ProtobufTests
{
    [Fact]
    public void Objects_of_every_kind_come_out_as_they_went_in()
    {
        var kinds = ApiKinds.All.Where(kind => kind.HasProtobuf && kind.Kind is not "List").ToList();
        Assert.True(kinds.Count > 30);
        foreach (var kind in kinds)
        {
            for (var seed = 0; seed < 6; seed++)
            {
                var tree = new ObjectGenerator(new Random(seed)).Object(kind, "ns", "n");
                if (kind.Type.Field("metadata")?.Type?.Invoke() != ApiKinds.ObjectMeta)
                    tree.Remove("metadata");
                // What kind an embedded object is, protobuf does not say.
                foreach (var name in (string[])["kind", "apiVersion"])
                    (tree["deleteOptions"] as JsonObject)?.Remove(name);
                var parsed = WireProtobuf.Parse(Protobuf.Write(tree, kind));
                Assert.True(parsed.Error is null, $"{kind.Kind}, seed {seed}: {parsed.Error}");
                var (before, after) = (Said(tree), Said(WireJson.ToNode(parsed.Value!)));
                Assert.True(
                    JsonNode.DeepEquals(before, after),
                    $"{kind.Kind}, seed {seed}:\n{before?.ToJsonString()}\n{after?.ToJsonString()}");
            }
        }
    }

    // Without zero values, which protobuf does not tell from absence.
    private static JsonNode? Said(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject map:
                var members = new JsonObject();
                foreach (var (name, value) in map)
                {
                    if (Said(value) is { } said)
                        members[name] = said;
                }

                return members.Count == 0 ? null : members;
            case JsonArray list:
                // An item is there, whatever it is.
                return list.Count == 0 ? null : new JsonArray([.. list.Select(item => Said(item) ?? "zero")]);
            default:
                return node is null || node.GetValueKind() is JsonValueKind.False || node.ToString() is "0" or ""
                    ? null
                    : node.DeepClone();
        }
    }
}
