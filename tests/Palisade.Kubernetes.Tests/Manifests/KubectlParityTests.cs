using System.Diagnostics;
using System.Text.Json.Nodes;
using Palisade.Kubernetes.Wire;
using Palisade.Manifests;
using Xunit;

namespace Palisade.Kubernetes.Tests.Manifests;

/// <summary>
/// The same YAML through the real kubectl (label --local needs no server) and through ours gives the same JSON.
/// </summary>
public sealed class KubectlParityTests
{
    private const string Yaml = """
        apiVersion: example.com/v1
        kind: Foo
        metadata: {name: x, labels: {a: b}}
        s: [y, No, ON, off, yEs, true, ~, Null, nULL, 0777, 0o17, 08, 0x1F, 0b101, -0b101, 1_000, +5, -7, 80.0, 1.5,
          1e3, 1e21, 1e-7, 0.0001, .5, 1., 1:30, 2001-01-01, 10.0.0.0/8, 1.2.3, -x, 0x, 80-90, "yes", !!str 80,
          !!int "80", !!binary aGk=, _1, 1__0, 0_7, .5_0, 1_0.5, 0b12, -0x1F, 0o8, +.5, 0.1e400, =, "<<", 0B1, 0X1f,
          1e+5, 12e03, 0x1p3, infinity, 1_, !foo 5, !!float 5, !!bool yes, 2001-12-14t21:59:43.10-05:00,
          123456789012, 0.1, 3.141592653589793, 1e20, 100000000000000000000.5, 1e-6, 0.000001234]
        m: {2: 3, 1.5: 4, -0: 5, 0x10: 6, 1e3: 7, null2: 8, true: 9, no: 10}
        a: &a {p: 1, q: [1, 2]}
        b: {p: 9, <<: *a}
        c: {<<: [*a, {p: 3, r: 4}], q: 5}
        d: |
          text
           kept
        e: >-
          folded
          text
        f: [*a, *a]
        g:
        - one
        -
        - k: v
          k: w
        """;

    [Fact]
    public void The_same_json_as_kubectl()
    {
        var kubectl = Kubectl();
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, Yaml);
            var start =
                new ProcessStartInfo(kubectl,
                    ["label", "--local", "-f", file, "a=b", "-o", "json", "--kubeconfig", "/dev/null"])
                {
                    RedirectStandardOutput = true,
                };
            using var process = Process.Start(start)!;
            var theirs = JsonNode.Parse(process.StandardOutput.ReadToEnd())!;
            process.WaitForExit();
            var (values, _, error) = YamlReader.Read(Yaml, 1, WireLimits.Default);
            Assert.Null(error);
            var ours = JsonNode.Parse(WireJson.Write(values[0]))!;
            foreach (var (key, value) in theirs.AsObject())
                Assert.Equal(value!.ToJsonString(), Sorted(ours[key]).ToJsonString());
        }
        finally
        {
            File.Delete(file);
        }
    }

    // kubectl prints maps with sorted keys.
    private static JsonNode Sorted(JsonNode? node) => node switch
    {
        JsonObject o =>
            new JsonObject(o.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p =>
                KeyValuePair.Create(p.Key, p.Value is null ? null : (JsonNode?)Sorted(p.Value)))),
        JsonArray a => new JsonArray([.. a.Select(item => item is null ? null : Sorted(item))]),
        _ => node!.DeepClone(),
    };

    private static string Kubectl()
    {
        var home = Environment.GetEnvironmentVariable("HOME") ?? "/";
        string?[] places =
        [
            Environment.GetEnvironmentVariable("PALISADE_KUBECTL"),
            Path.Combine(home, ".cache/palisade-tools/kubectl"),
            .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder =>
                Path.Combine(folder, "kubectl")),
        ];
        var found = places.FirstOrDefault(File.Exists);
        if (found is null)
            Assert.Skip("SKIPPED: no kubectl (PALISADE_KUBECTL, PATH, ~/.cache/palisade-tools); ./build.sh fetches it");
        return found;
    }
}
