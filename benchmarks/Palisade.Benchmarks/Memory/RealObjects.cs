using System.Text;
using System.Text.Json.Nodes;
using Palisade.Manifests.Generate;
using Palisade.Policy.Model;

namespace Palisade.Benchmarks.Memory;

/// <summary>
/// A generated cluster as the objects a real one sends: its pods also have what no policy asks for and every pod has
/// (environment, volumes, probes, tolerations, conditions, states of containers), 4 kB of JSON and more each.
/// </summary>
internal static class RealObjects
{
    public static IEnumerable<JsonObject> Of(ClusterSnapshot snapshot)
    {
        using var stream = new MemoryStream();
        ManifestWriter.Write(stream, snapshot);
        stream.Position = 0;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        while (reader.ReadLine() is { } line)
        {
            if (line == "---")
                continue;
            var value = JsonNode.Parse(line)!.AsObject();
            if ((string?)value["kind"] == "Pod")
                Fill(value);
            yield return value;
        }
    }

    private static void Fill(JsonObject pod)
    {
        pod["metadata"]!["annotations"] = new JsonObject
        {
            ["kubectl.kubernetes.io/restartedAt"] = "2026-11-20T08:00:00Z",
            ["prometheus.io/scrape"] = "true",
            ["checksum/config"] = Convert.ToHexStringLower(new byte[32]),
        };
        var spec = pod["spec"]!.AsObject();
        var main = spec["containers"]![0]!.AsObject();
        main["image"] = "registry.example.com/team/application:1.27.3";
        main["env"] = new JsonArray([.. Enumerable.Range(0, 12).Select(i => new JsonObject
        {
            ["name"] = $"SETTING_{i}", ["value"] = $"https://service-{i}.example.com:8443/path",
        })]);
        main["volumeMounts"] = new JsonArray([.. Volumes().Select(name => new JsonObject
        {
            ["name"] = name, ["mountPath"] = $"/var/run/{name}", ["readOnly"] = true,
        })]);
        main["livenessProbe"] = new JsonObject
        {
            ["httpGet"] = new JsonObject { ["path"] = "/healthz", ["port"] = 8080 },
            ["periodSeconds"] = 10,
        };
        main["resources"] = new JsonObject
        {
            ["limits"] = new JsonObject { ["memory"] = "256Mi" },
            ["requests"] = new JsonObject { ["cpu"] = "100m", ["memory"] = "128Mi" },
        };
        spec["volumes"] = new JsonArray([.. Volumes().Select(name => new JsonObject
        {
            ["name"] = name, ["configMap"] = new JsonObject { ["name"] = $"application-{name}" },
        })]);
        spec["tolerations"] = new JsonArray([.. new[] { "not-ready", "unreachable" }.Select(what => new JsonObject
        {
            ["key"] = $"node.kubernetes.io/{what}", ["operator"] = "Exists", ["effect"] = "NoExecute",
            ["tolerationSeconds"] = 300,
        })]);
        var status = pod["status"]!.AsObject();
        status["conditions"] = new JsonArray(
            [.. new[] { "Initialized", "Ready", "ContainersReady", "PodScheduled" }.Select(type => new JsonObject
            {
                ["type"] = type, ["status"] = "True", ["lastTransitionTime"] = "2026-11-20T08:00:03Z",
            })]);
        status["containerStatuses"] = new JsonArray(new JsonObject
        {
            ["name"] = "main",
            ["image"] = "registry.example.com/team/application:1.27.3",
            ["imageID"] = $"registry.example.com/team/application@sha256:{new string('a', 64)}",
            ["containerID"] = $"containerd://{new string('b', 64)}",
            ["ready"] = true,
            ["restartCount"] = 0,
            ["started"] = true,
            ["state"] = new JsonObject { ["running"] = new JsonObject { ["startedAt"] = "2026-11-20T08:00:02Z" } },
        });
    }

    private static string[] Volumes() => ["config", "certificates", "tokens"];
}
