using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Palisade.ApiServer.Http;
using Palisade.Kubernetes.Wire;
using Xunit;

namespace Palisade.ApiServer.Tests;

/// <summary>Answers in YAML: the same as in JSON, also to kubectl's reader.</summary>
public sealed class YamlAnswerTests(RunningServer running)
{
    private const string Yaml = "application/yaml";
    private readonly Client _client = running.Client;

    private static readonly string[] _odd =
    [
        "", " ", "~", "true", "no", "y", "null", "1", "01", "0x1F", "1e3", "1_000", ".5", "-", "- a", "a: b", "a #b", "#",
        "2001-01-01", "12:30:45", "=", "<<", "*a", "&a", "!a", "%a", "@a", "`a", "{", "[", "|", ">", "'", "\"", "\\", "?", ",",
        " a", "a ", "a\nb\n", "\n", "\t", "a\tb", "\u0085", "\u2028", "\ufeff", "ünï", "🐎", "\uffff", "\u00a0", "---", "...", "a:", "plain", "1.2.3",
        "inf", ".inf", "Infinity", "NaN", "off", "0o7", "+1", "a/b", "--- a", "\u007f", "\u0001",
    ];

    [Fact]
    public async Task Every_text_comes_back_as_it_was()
    {
        var ns = running.NewNamespace("yaml-texts");
        var data = new JsonObject(_odd.Select((text, i) => KeyValuePair.Create($"k{i:d2}", (JsonNode?)text)));
        var made = await _client.Send(
            "POST", $"/api/v1/namespaces/{ns}/configmaps",
            Encoding.UTF8.GetBytes(new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["name"] = "m",
                    ["annotations"] = new JsonObject { ["true"] = "a", ["example.com/1"] = "b" },
                },
                ["data"] = data.DeepClone(),
            }.ToJsonString()),
            accept: Yaml);
        Assert.Equal(201, (int)made.Code);
        Same(data, Read(made)["data"]!);
        var read = await _client.Get($"/api/v1/namespaces/{ns}/configmaps/m", Yaml);
        Assert.Equal(Yaml, read.Response.Content.Headers.ContentType!.ToString());
        Same((await _client.Get($"/api/v1/namespaces/{ns}/configmaps/m")).Json, Read(read));
        // kubectl's own reader judges, and what was shown can be sent again.
        var file = Path.Combine(running.Directory, "odd.yaml");
        await File.WriteAllBytesAsync(file, read.Body);
        var judged = JsonNode.Parse(running.Kubectl.Ok($"create --dry-run=client --validate=false -o json -f {file}"))!;
        Same(data, judged["data"]!);
        var again = await _client.Send(
            "PUT", $"/api/v1/namespaces/{ns}/configmaps/m?fieldValidation=Strict", read.Body, Yaml);
        Assert.Equal(200, (int)again.Code);
        Same(data, again.Json["data"]!);
    }

    [Theory]
    [InlineData("whole", "")]
    [InlineData("table", ";as=Table;v=v1;g=meta.k8s.io")]
    [InlineData("metadata", ";as=PartialObjectMetadataList;v=v1;g=meta.k8s.io")]
    public async Task Lists_say_the_same_in_every_form(string name, string form)
    {
        var (yaml, json) = (Yaml + form, "application/json" + form);
        var ns = running.NewNamespace($"yaml-{name}");
        const string Roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
        foreach (var path in new[] { $"/api/v1/namespaces/{ns}/pods", Roles })
        {
            for (var i = 0; i < 3; i++)
            {
                Same((await _client.Get(path, json)).Json, Read(await _client.Get(path, yaml)));
                if (path.EndsWith("pods", StringComparison.Ordinal))
                    running.Server.Store.Create(Manifests.Pod(ns, $"p{i}"));
            }
        }
    }

    [Fact]
    public async Task Refusals_are_yaml_too_and_watches_are_not()
    {
        var missing = await _client.Get("/api/v1/namespaces/default/pods/none", Yaml);
        Assert.Equal((404, "NotFound"), ((int)missing.Code, (string)Read(missing)["reason"]!));
        Assert.Equal("APIVersions", (string)Read(await _client.Get("/api", Yaml))["kind"]!);
        var watch = await _client.Get("/api/v1/pods?watch=true", Yaml);
        Assert.Equal(406, (int)watch.Code);
        Assert.Contains("only the following media types are accepted: application/json", watch.Text);
        // JSON where both will do, in the client's order.
        Assert.False((await _client.Get("/api/v1/pods", "application/json, application/yaml")).IsYaml);
    }

    private static JsonObject Read(Answer answer)
    {
        Assert.True(answer.IsYaml, answer.Text);
        var (value, repeated) = BodyDecoder.OfYaml(answer.Body, why => $"{why}\n{answer.Text}");
        Assert.Empty(repeated);
        return WireJson.ToNode(value)!.AsObject();
    }

    private static void Same(JsonNode expected, JsonNode actual) => Assert.Equal(
        Timeless(expected), Timeless(actual));

    // Ages of rows differ by what has passed in between, versions of lists by what other tests have written.
    private static string Timeless(JsonNode node)
    {
        var text = node.ToJsonString(new JsonSerializerOptions { WriteIndented = true });
        text = Regex.Replace(text, "\"[0-9]+[smh][0-9smh]*\"", "\"age\"");
        return (string?)node["kind"] is { } kind && (kind.EndsWith("List", StringComparison.Ordinal) || kind == "Table")
            ? new Regex("\"resourceVersion\": \"[0-9]+\"").Replace(text, "\"resourceVersion\": \"\"", 1)
            : text;
    }
}
