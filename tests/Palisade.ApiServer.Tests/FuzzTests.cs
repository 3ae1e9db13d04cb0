using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Palisade.ApiServer.Tests;

/// <summary>Documents that were good, damaged at random: never a 500, and what was stored stays readable.</summary>
public sealed class FuzzTests(RunningServer running)
{
    private static readonly int _documents =
        Environment.GetEnvironmentVariable("PALISADE_NIGHTLY") == "1" ? 20_000 : 600;

    private static readonly string[] _patchTypes =
        ["application/merge-patch+json", "application/strategic-merge-patch+json", "application/json-patch+json"];

    [Theory]
    [InlineData("namespaces/NS/pods", "/api/v1/", 1)]
    [InlineData("namespaces/NS/networkpolicies", "/apis/networking.k8s.io/v1/", 2)]
    [InlineData("nodes", "/api/v1/", 3)]
    [InlineData("clusternetworkpolicies", "/apis/policy.networking.k8s.io/v1alpha2/", 4)]
    public async Task Damaged_documents_are_refused_or_stored_never_a_failure(string path, string root, int seed)
    {
        var ns = running.NewNamespace($"fuzz-{seed}");
        path = root + path.Replace("NS", ns);
        var random = new Random(seed);
        string[] good = [Pod(ns), Policy(ns), Manifests.Node($"fuzz-node-{seed}").ToJsonString(), ClusterPolicy];
        running.Server.Store.Create(JsonNode.Parse(good[seed - 1])!.AsObject());
        var name = (string)JsonNode.Parse(good[seed - 1])!["metadata"]!["name"]!;
        var codes = new SortedDictionary<int, int>();
        for (var i = 0; i < _documents; i++)
        {
            var body = Damage(good[seed - 1], random);
            var (method, target, type) = (i % 3) switch
            {
                0 => ("POST", path, "application/json"),
                1 => ("PUT", $"{path}/{name}", "application/json"),
                _ => ("PATCH", $"{path}/{name}", _patchTypes[random.Next(3)]),
            };
            if (type == "application/json-patch+json")
                body = [.. "[{\"op\":\"add\",\"path\":\"/spec\",\"value\":"u8, .. body, .. "}]"u8];
            var answer = await running.Client.Send(method, target, body, type);
            var told = $"seed {seed}, document {i}: {method} {type} {Encoding.UTF8.GetString(body)}: {answer.Text}";
            Assert.True((int)answer.Code is (>= 200 and < 300) or (>= 400 and < 500), told);
            codes[(int)answer.Code] = codes.GetValueOrDefault((int)answer.Code) + 1;
        }

        // The damage is neither harmless nor fatal every time: objects were changed, and refused at each stage.
        Assert.All([200, 400, 422], code => Assert.True(codes.GetValueOrDefault(code) > 0, $"no {code}"));

        Assert.Equal(200, (int)(await running.Client.Get(path)).Code);
        var table = await running.Client.Get(path, "application/json;as=Table;v=v1;g=meta.k8s.io");
        Assert.Equal(200, (int)table.Code);
        Assert.Contains(name, table.Text);
    }

    private const string ClusterPolicy = """
        {"apiVersion": "policy.networking.k8s.io/v1alpha2", "kind": "ClusterNetworkPolicy",
         "metadata": {"name": "fuzzed"}, "status": {"conditions": []}, "spec": {"tier": "Admin", "priority": 10,
         "subject": {"pods": {"podSelector": {"matchLabels": {"a": "b"}}}},
         "egress": [{"action": "Accept", "name": "n", "to": [{"networks": ["10.0.0.0/8"]}, {"nodes": {}}],
         "protocols": [{"tcp": {"destinationPort": {"range": {"start": 1, "end": 2}}}}]},
         {"action": "Deny", "to": [{"namespaces": {"matchExpressions": [{"key": "k", "operator": "Exists"}]}}]}]}}
        """;

    /// <summary>One to three values replaced by odd ones; sometimes a byte changed, or the end cut off.</summary>
    private static byte[] Damage(string good, Random random)
    {
        var tree = JsonNode.Parse(good)!;
        for (var n = random.Next(1, 4); n > 0; n--)
            Replace(tree, random);
        var bytes = Encoding.UTF8.GetBytes(tree.ToJsonString());
        switch (random.Next(8))
        {
            case 0:
                return bytes[..random.Next(bytes.Length)];
            case 1:
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                return bytes;
            default:
                return bytes;
        }
    }

    private static void Replace(JsonNode tree, Random random)
    {
        var node = tree;
        while (true)
        {
            switch (node)
            {
                case JsonObject { Count: > 0 } map:
                    var name = map.ElementAt(random.Next(map.Count)).Key;
                    if (map[name] is JsonObject or JsonArray && random.Next(4) > 0)
                        node = map[name]!;
                    else
                    {
                        map[name] = Odd(random);
                        return;
                    }

                    break;
                case JsonArray { Count: > 0 } list:
                    var index = random.Next(list.Count);
                    if (list[index] is JsonObject or JsonArray && random.Next(4) > 0)
                        node = list[index]!;
                    else
                    {
                        list[index] = Odd(random);
                        return;
                    }

                    break;
                default:
                    return;
            }
        }
    }

    private static JsonNode? Odd(Random random) => random.Next(14) switch
    {
        0 => null,
        1 => true,
        2 => -1,
        3 => 1e300,
        4 => 3_000_000_000,
        5 => "",
        6 => "Not OK",
        7 => "\u0000\ud83d\ude00",
        8 => new JsonArray(),
        9 => new JsonArray(null, null),
        10 => new JsonObject(),
        11 => new JsonObject { ["$patch"] = "replace" },
        12 => new JsonObject { [""] = null, ["$retainKeys"] = 5, ["$setElementOrder/containers"] = "x" },
        _ => new JsonArray(new JsonObject { ["$patch"] = "delete" }, 5),
    };

    private static string Pod(string ns)
    {
        var pod = Manifests.Pod(ns, "fuzzed", ("a", "b"));
        pod["metadata"]!["finalizers"] = new JsonArray("example.com/keep");
        pod["metadata"]!["ownerReferences"] = JsonNode.Parse("""[{"apiVersion":"v1","kind":"K","name":"n","uid":"u"}]""");
        pod["status"] = Manifests.ReadyStatus()["status"]!.DeepClone();
        pod["spec"]!["volumes"] = JsonNode.Parse("""[{"name":"v","emptyDir":{}}]""");
        return pod.ToJsonString();
    }

    private static string Policy(string ns) => """
        {"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"fuzzed","namespace":"NS",
        "labels":{"a":"b"},"annotations":{"c":"d"},"generation":1},
        "spec":{"podSelector":{"matchLabels":{"a":"b"},"matchExpressions":[{"key":"k","operator":"In","values":["v"]}]},
        "policyTypes":["Ingress","Egress"],"ingress":[{"ports":[{"port":80,"protocol":"TCP","endPort":90},{"port":"web"}],
        "from":[{"podSelector":{}},{"namespaceSelector":{"matchLabels":{"x":"y"}}},
        {"ipBlock":{"cidr":"10.0.0.0/8","except":["10.1.0.0/16"]}}]}],"egress":[{}]}}
        """.Replace("NS", ns);
}
