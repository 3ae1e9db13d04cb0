using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Palisade.ApiServer.Tests;

/// <summary>Bad input gets a Status, never a crash; what is stored stays.</summary>
public sealed class HostileInputTests(RunningServer running)
{
    private const string Path = "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies";
    private readonly Client _client = running.Client;

    [Theory]
    [InlineData("", "(<empty>)")]
    [InlineData("{", "unexpected end of JSON input ({)")]
    [InlineData("""{"metadata":{"name":"a"},"spec":{"podSelector":{}""", "({\"metadata\":{\"name\":\"a\"},\"spec ...)")]
    [InlineData("[1,2", "(5b312c32)")]
    [InlineData("nonsense", "(6e6f6e73656e7365)")]
    public async Task Broken_json_is_told(string body, string told)
    {
        var answer = await _client.Post(Path, body);
        Assert.Equal(400, (int)answer.Code);
        Assert.StartsWith(
            "the object provided is unrecognized (must be of type NetworkPolicy): couldn't get version/kind; json parse error: ",
            answer.Message);
        Assert.EndsWith(told, answer.Message);
    }

    [Theory]
    [InlineData("""{"metadata":{"name":"a"},"spec":"x"}""")]
    [InlineData("""{"metadata":{"name":"a"},"spec":{"ingress":"x"}}""")]
    [InlineData("""{"metadata":{"name":"a"},"spec":{"ingress":{"from":[]}}}""")]
    [InlineData("""{"metadata":{"name":"a","labels":{"x":true}},"spec":{}}""")]
    [InlineData("""{"metadata":{"name":"a","labels":["x"]},"spec":{}}""")]
    [InlineData("""{"metadata":{"name":5},"spec":{}}""")]
    [InlineData("""{"metadata":"a"}""")]
    [InlineData("""{"metadata":{"name":"a"},"spec":{"ingress":[{"ports":[{"port":1.5}]}]}}""")]
    [InlineData("""{"metadata":{"name":"a"},"spec":{"ingress":[{"ports":[{"port":3000000000}]}]}}""")]
    [InlineData("""{"metadata":{"name":"a"},"spec":{"ingress":[{"ports":[{"endPort":1e400}]}]}}""")]
    [InlineData("[]")]
    [InlineData("5")]
    [InlineData("\"text\"")]
    public async Task Wrong_types_are_told(string body)
    {
        var answer = await _client.Post(Path, body);
        Assert.Equal(400, (int)answer.Code);
        Assert.Contains("cannot", answer.Message);
        Assert.Equal("BadRequest", (string)answer.Json["reason"]!);
    }

    [Theory]
    [InlineData("zz")]
    [InlineData("ffffffffffffffff")]
    public async Task Broken_chunks_are_told(string size)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync("127.0.0.1", running.Server.Port);
        await using var tls = new SslStream(socket.GetStream(), false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync("127.0.0.1");
        await tls.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST {Path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {_client.BearerToken}\r\n" +
            $"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n{size}\r\nabc\r\n"));
        using var reader = new StreamReader(tls);
        Assert.StartsWith("HTTP/1.1 400 ", await reader.ReadLineAsync());
    }

    [Fact]
    public async Task No_more_mistakes_are_told_than_anybody_reads()
    {
        var ports = string.Join(',', Enumerable.Repeat("""{"port":0}""", 5_000));
        var answer = await _client.Post(
            Path,
            """{"metadata":{"name":"a"},"spec":{"podSelector":{},"ingress":[{"ports":[PORTS]}]}}"""
                .Replace("PORTS", ports));
        Assert.Equal(422, (int)answer.Code);
        Assert.Equal(1000, answer.Json["details"]!["causes"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_null_rule_is_an_empty_rule()
    {
        var ns = running.NewNamespace("null-rule");
        var answer = await _client.Post(
            $"/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies",
            """{"metadata":{"name":"a"},"spec":{"podSelector":{},"ingress":[null]}}""");
        Assert.Equal(201, (int)answer.Code);
        Assert.Equal("""[{}]""", answer.Json["spec"]!["ingress"]!.ToJsonString());
    }

    [Theory]
    [InlineData(new byte[] { (byte)'{', (byte)'"', 0xff, 0xfe, (byte)'"', (byte)':', (byte)'1', (byte)'}' })]
    [InlineData(new byte[] { 0xc3, 0x28 })]
    [InlineData(new byte[] { 0x00, 0x01, 0x02 })]
    [InlineData(new byte[] { 0xef, 0xbb, 0xbf })]
    public async Task Bytes_that_are_no_text_are_told(byte[] body) =>
        Assert.Equal(400, (int)(await _client.Send("POST", Path, body)).Code);

    [Theory]
    [InlineData(new byte[] { })]
    [InlineData(new byte[] { 0x6b, 0x38, 0x73, 0x00 })]
    [InlineData(new byte[] { 0x6b, 0x38, 0x73, 0x00, 0x12, 0xff, 0xff, 0xff, 0xff, 0x0f })]
    [InlineData(new byte[] { 0x6b, 0x38, 0x73, 0x00, 0xff, 0xff })]
    public async Task Broken_protobuf_is_told(byte[] body)
    {
        var answer = await _client.Send("POST", "/api/v1/namespaces", body, "application/vnd.kubernetes.protobuf");
        Assert.Equal(400, (int)answer.Code);
        Assert.StartsWith("the object provided is unrecognized (must be of type Namespace): ", answer.Message);
    }

    [Fact]
    public async Task Bodies_over_the_limit_are_413()
    {
        var body = Encoding.UTF8.GetBytes("""{"metadata":{"name":"a","annotations":{"x":"PAD"}}}""".Replace("PAD", new string('x', 10_000_000)));
        var answer = await _client.Send("POST", Path, body);
        Assert.Equal(413, (int)answer.Code);
        Assert.Equal("Request entity too large: limit is 3145728", answer.Message);
        Assert.Contains("RequestEntityTooLarge", running.Kubectl.Fails(
            "create -f -", Manifests.AllowWeb + "\n# \nextra: " + new string('x', 4_000_000) + "\n"));
    }

    [Theory]
    [InlineData('[', ']')]
    [InlineData('{', '}')]
    public async Task Deep_nesting_is_refused(char open, char close)
    {
        var opens = open == '[' ? new string('[', 200_000) : string.Concat(Enumerable.Repeat("{\"a\":", 200_000));
        var answer = await _client.Post(Path, opens + "1" + new string(close, 200_000));
        Assert.Equal(400, (int)answer.Code);
    }

    [Fact]
    public async Task Patches_that_make_nonsense_change_nothing()
    {
        var ns = running.NewNamespace("bad-patch");
        var before = running.Server.Store.Create(Manifests.Policy(ns, "p")).ToJsonString();
        var path = $"/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies/p";
        (string Type, string Body, int Code)[] patches =
        [
            ("application/merge-patch+json", "[]", 400),
            ("application/merge-patch+json", "{", 400),
            ("application/merge-patch+json", """{"spec":null,"metadata":null}""", 200),
            ("application/merge-patch+json", """{"spec":{"ingress":5}}""", 422),
            ("application/merge-patch+json", """{"metadata":{"labels":{"a":true}}}""", 422),
            ("application/merge-patch+json", """{"metadata":{"name":"other"}}""", 400),
            ("application/merge-patch+json", """{"spec":{"ingress":[{"from":[{}]}]}}""", 422),
            ("application/strategic-merge-patch+json", """{"spec":{"$patch":"explode"}}""", 400),
            ("application/strategic-merge-patch+json", """{"metadata":{"ownerReferences":[{"name":"x"}]}}""", 400),
            ("application/strategic-merge-patch+json", """{"metadata":{"ownerReferences":[5]}}""", 400),
            ("application/json-patch+json", "{}", 400),
            ("application/json-patch+json", "[5]", 400),
            ("application/json-patch+json", """[{"op":"add"}]""", 422),
            ("application/json-patch+json", """[{"op":"remove","path":"/spec/none"}]""", 422),
            ("application/json-patch+json", """[{"op":"test","path":"/spec/podSelector","value":1}]""", 422),
            ("application/json-patch+json", """[{"op":"replace","path":"","value":5}]""", 422),
            ("application/json-patch+json", """[{"op":"remove","path":"/spec/policyTypes/9"}]""", 422),
            ("application/json-patch+json", """[{"op":"add","path":"/spec/policyTypes/-1","value":"x"}]""", 422),
            ("application/apply-patch+yaml", "{}", 422),
            ("text/plain", "{}", 415),
        ];
        foreach (var (type, body, code) in patches)
        {
            var answer = await _client.Send("PATCH", path, Encoding.UTF8.GetBytes(body), type);
            Assert.True((int)answer.Code == code, $"{type} {body}: {(int)answer.Code} {answer.Text}");
        }

        var after = running.Server.Store.Get("networkpolicies.networking.k8s.io", ns, "p")!.ToJsonString();
        Assert.Equal(before, after);
    }

    [Fact]
    public async Task Copies_of_copies_are_bounded()
    {
        var ns = running.NewNamespace("copies");
        running.Server.Store.Create(Manifests.Policy(ns, "p"));
        var operations = new JsonArray();
        for (var i = 0; i < 60; i++)
            operations.Add((JsonNode)new JsonObject { ["op"] = "copy", ["from"] = "", ["path"] = "/spec/x" + i });
        var answer = await _client.Send(
            "PATCH",
            $"/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies/p",
            Encoding.UTF8.GetBytes(operations.ToJsonString()),
            "application/json-patch+json");
        Assert.Equal(413, (int)answer.Code);
    }
}
