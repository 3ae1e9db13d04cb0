using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Xunit;

namespace Palisade.ApiServer.Tests;

/// <summary>What stands before all requests: where they come from, how many, what is written of them.</summary>
public sealed class GateTests(RunningServer running) : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("palisade-gate-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("Host: evil.example:1", 403)]
    [InlineData("Host: 192.168.1.1", 403)]
    [InlineData("Host: localhost", 200)]
    [InlineData("Host: 127.0.0.1\r\nOrigin: https://evil.example", 403)]
    [InlineData("Host: 127.0.0.1\r\nOrigin: null", 403)]
    [InlineData("Host: 127.0.0.1:99\r\nOrigin: https://127.0.0.1:99", 200)]
    public async Task Browsers_led_here_by_others_are_refused(string headers, int code)
    {
        var token = Regex.Match(running.Server.KubeconfigText, "token: (\\S+)").Groups[1].Value;
        using var tcp = new TcpClient("127.0.0.1", running.Server.Port);
        // Whoever it is: what the server makes of Host is the question.
        await using var tls = new SslStream(tcp.GetStream(), false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync("127.0.0.1");
        var request = $"GET /api/v1/pods HTTP/1.1\r\n{headers}\r\nAuthorization: Bearer {token}\r\n" +
            "Connection: close\r\n\r\n";
        await tls.WriteAsync(Encoding.ASCII.GetBytes(request));
        using var answer = new StreamReader(tls);
        Assert.StartsWith($"HTTP/1.1 {code}", await answer.ReadLineAsync());
    }

    [Fact]
    public async Task Too_many_requests_are_asked_to_come_again()
    {
        await using var server = await EmbeddedApiServer.StartAsync(
            new ApiServerOptions { DataDirectory = _directory, RequestsPerSecond = 3 });
        using var client = new Client(server);
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => client.Get("/healthz")));
        var refused = answers.First(answer => (int)answer.Code == 429);
        Assert.Equal("1", refused.Response.Headers.RetryAfter!.ToString());
        Assert.Equal("TooManyRequests", (string)refused.Json["reason"]!);
        using var other = new Client(server.ViewerKubeconfigText, server.Url);
        Assert.Equal(200, (int)(await other.Get("/healthz")).Code);
    }

    [Fact]
    public async Task Bodies_that_do_not_come_stop_nothing()
    {
        // More than are served at once.
        const int Slow = 250;
        var rest = new TaskCompletionSource();
        var begun = new CountdownEvent(Slow);
        var slow = Enumerable.Range(0, Slow)
            .Select(_ => running.Client.Post("/api/v1/namespaces?dryRun=All", new SlowBody(begun, rest.Task))).ToList();
        await Task.Run(() => Assert.True(begun.Wait(TimeSpan.FromSeconds(60))), TestContext.Current.CancellationToken);
        var quick = await running.Client.Post(
            "/api/v1/namespaces?dryRun=All", """{"metadata":{"name":"quick"}}""");
        Assert.True((int)quick.Code == 201, quick.Text);
        rest.SetResult();
        await Task.WhenAll(slow);
    }

    private sealed class SlowBody(CountdownEvent begun, Task rest) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync("{"u8.ToArray());
            await stream.FlushAsync();
            begun.Signal();
            await rest;
            await stream.WriteAsync("}"u8.ToArray());
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 2;
            return true;
        }
    }

    [Fact]
    public async Task Big_bodies_at_once_stop_nothing()
    {
        var body = Encoding.ASCII.GetBytes("[" + string.Concat(Enumerable.Repeat("{},", 100_000)) + "{}]");
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => running.Client.Send(
            "POST", "/api/v1/namespaces/default/pods", body)));
        Assert.All(answers, answer => Assert.InRange((int)answer.Code, 400, 429));
        Assert.Equal("ok", (await running.Client.Get("/healthz")).Text);
    }

    [Fact]
    public async Task The_audit_log_says_who_did_what_and_no_secret()
    {
        string token;
        var options = new ApiServerOptions { DataDirectory = _directory };
        await using (var server = await EmbeddedApiServer.StartAsync(options))
        {
            token = Regex.Match(server.KubeconfigText, "token: (\\S+)").Groups[1].Value;
            using var admin = new Client(server);
            using var viewer = new Client(server.ViewerKubeconfigText, server.Url);
            const string Secrets = "/api/v1/namespaces/default/secrets";
            await admin.Post(Secrets, """{"metadata":{"name":"s"},"data":{"k":"aGlkZGVuLXZhbHVl"}}""");
            await admin.Get(Secrets + "/s");
            await admin.Get("/api/v1/pods");
            await viewer.Get(Secrets + "?token=" + token);
            await admin.GetWith("/api/v1/pods", "Impersonate-User", "jim");
        }

        var text = await File.ReadAllTextAsync(Path.Combine(_directory, "audit.log"));
        Assert.DoesNotContain(token, text);
        Assert.DoesNotContain("aGlkZGVu", text);
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            // A line is written after its answer: the next request's may come first.
            .Select(line => JsonNode.Parse(line)!).OrderBy(line => (string)line["requestReceivedTimestamp"]!)
            .ToList();
        Assert.Equal(
            [
                "palisade-admin create secrets 201", "palisade-admin get secrets 200", "palisade-viewer list secrets 403",
                "palisade-admin list pods 403",
            ],
            lines.Select(line => $"{line["user"]!["username"]} {line["verb"]} {line["objectRef"]!["resource"]} " +
                $"{line["responseStatus"]!["code"]}"));
        Assert.Equal("jim", (string)lines[^1]["impersonatedUser"]!["username"]!);
    }

    [Fact]
    public async Task Many_watchers_in_every_form_get_every_event_in_order()
    {
        var ns = running.NewNamespace("fan-out");
        string[] forms =
        [
            "application/json",
            "application/json;as=Table;v=v1;g=meta.k8s.io",
            "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
        ];
        var path = $"/api/v1/namespaces/{ns}/configmaps?watch=true&sendInitialEvents=true" +
            "&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
        var watches = await Task.WhenAll(Enumerable.Range(0, 30).Select(
            i => running.Client.Watch(path, forms[i % forms.Length])));
        foreach (var watch in watches)
            Assert.Equal("BOOKMARK", (await watch.Next())!.Type);
        for (var i = 0; i < 40; i++)
        {
            running.Server.Store.Create(new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "ConfigMap",
                ["metadata"] = new JsonObject { ["name"] = $"m{i}", ["namespace"] = ns },
            });
        }

        foreach (var watch in watches)
        {
            for (var i = 0; i < 40; i++)
            {
                var line = (await watch.Next(TimeSpan.FromSeconds(60)))!;
                var shown = line.Object["rows"]?[0]?["object"]?.AsObject() ?? line.Object;
                Assert.Equal($"m{i}", (string)shown["metadata"]!["name"]!);
            }

            watch.Dispose();
        }
    }
}
