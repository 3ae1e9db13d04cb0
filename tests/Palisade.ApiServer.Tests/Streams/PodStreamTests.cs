using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Palisade.ApiServer.Tests.Streams;

/// <summary>The protocols of exec and logs over a server of their own, with pods that say everything again.</summary>
public sealed class PodStreamTests : IAsyncLifetime
{
    private const string Exec = "/api/v1/namespaces/default/pods/one/exec?command=echo&stdin=true&stdout=true";

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private readonly string _directory = Directory.CreateTempSubdirectory("palisade-streams-").FullName;
    private readonly EchoPods _pods = new();
    private EmbeddedApiServer _server = null!;
    private Client _client = null!;
    private bool _isEnded;

    public async ValueTask InitializeAsync()
    {
        _server = await EmbeddedApiServer.StartAsync(
            new ApiServerOptions { DataDirectory = Path.Combine(_directory, "data"), PodStreams = _pods });
        _client = new Client(_server);
        foreach (var (name, node, containers) in (Span<(string, string?, string[])>)
            [("one", "node-1", ["main"]), ("two", "node-1", ["a", "b"]), ("nowhere", null, ["main"])])
        {
            var spec = new JsonObject
            {
                ["containers"] = new JsonArray([.. containers.Select(container =>
                    new JsonObject { ["name"] = container, ["image"] = "none" })]),
            };
            if (node is not null)
                spec["nodeName"] = node;
            _server.Store.Create(new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "Pod",
                ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = "default" },
                ["spec"] = spec,
            });
        }
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await EndAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Requests_that_cannot_be_are_refused()
    {
        (string Method, string Path, int Code, string Message)[] requests =
        [
            ("GET", "pods/none/log", 404, "pods \"none\" not found"),
            ("GET", "pods/two/log", 400, "a container name must be specified for pod two, choose one of: [a b]"),
            ("GET", "pods/two/log?container=c", 400, "container c is not valid for pod two"),
            ("GET", "pods/one/log?previous=true", 400, "there is no previous one"),
            ("GET", "pods/one/log?tailLines=-1&limitBytes=0", 422,
                "PodLogOptions \"\" is invalid: [tailLines: Invalid value: -1: must be greater than or equal to 0, " +
                "limitBytes: Invalid value: 0: must be greater than or equal to 1]"),
            ("GET", "pods/one/log?sinceTime=yesterday", 422, "sinceTime"),
            ("POST", "pods/one/log", 405, "does not allow this method"),
            ("DELETE", "pods/one/exec", 405, "does not allow this method"),
            ("POST", "pods/one/exec?command=a&stdout=true", 400, "Upgrade request required"),
            ("GET", "pods/one/exec?stdout=true", 400, "at least one command"),
            ("GET", "pods/one/exec?command=a", 400, "at least 1 of stdin, stdout, stderr"),
            ("GET", "pods/nowhere/exec?command=a&stdout=true", 400, "pod nowhere does not have a host assigned"),
            ("POST", "pods/one/portforward", 400, "Upgrade request required"),
        ];
        foreach (var (method, path, code, message) in requests)
        {
            var answer = await _client.Send(method, "/api/v1/namespaces/default/" + path, null);
            Assert.Equal((path, code), (path, (int)answer.Code));
            Assert.Contains(message, answer.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Logs_are_plain_text()
    {
        var answer = await _client.Get("/api/v1/namespaces/default/pods/one/log?tailLines=5");
        Assert.Equal("main 5\n", answer.Text);
        Assert.Equal("text/plain", answer.Response.Content.Headers.ContentType!.ToString());
        // A pod that nobody has taken on has said nothing.
        Assert.Equal("", (await _client.Get("/api/v1/namespaces/default/pods/nowhere/log")).Text);
    }

    [Theory]
    [InlineData("v5.channel.k8s.io")]
    [InlineData("v4.channel.k8s.io")]
    public async Task A_web_socket_carries_channels(string protocol)
    {
        using var socket = await ConnectAsync(Exec + "&tty=true", protocol);
        Assert.Equal(protocol, socket.SubProtocol);
        await SendAsync(socket, 4, """{"Width":80,"Height":24}""");
        Assert.Equal((1, "80x24"), await ReceiveAsync(socket));
        await SendAsync(socket, 0, "hello");
        Assert.Equal((1, "hello"), await ReceiveAsync(socket));
        Assert.Equal(["echo"], _pods.Asked!.Command);
        Assert.True(_pods.Asked is { Terminal: true, Input: true, Output: true, Errors: false });
        await SendAsync(socket, 9, "a channel that nobody knows");
        await SendAsync(socket, 4, "no size");
        if (protocol[1] == '4')
            return;   // which has no word for the end of input
        await SendAsync(socket, 255, "\0");
        var (channel, status) = await ReceiveAsync(socket);
        Assert.Equal(3, channel);
        var json = JsonNode.Parse(status)!;
        Assert.Equal("NonZeroExitCode", (string?)json["reason"]);
        Assert.Equal("7", (string?)json["details"]!["causes"]![0]!["message"]);
        var end = await socket.ReceiveAsync(new byte[10], CancellationToken.None).WaitAsync(_patience);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, end.CloseStatus);
        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        await RunningAsync(0);
    }

    [Fact]
    public async Task A_refusal_of_the_pods_comes_by_the_channel_of_errors()
    {
        using var socket = await ConnectAsync(
            "/api/v1/namespaces/default/pods/one/exec?command=missing&stdout=true", "v5.channel.k8s.io");
        var (channel, status) = await ReceiveAsync(socket);
        Assert.Equal(3, channel);
        Assert.Equal("Internal error occurred: no such command", (string?)JsonNode.Parse(status)!["message"]);
    }

    [Fact]
    public async Task A_command_ends_when_its_client_goes_and_when_the_server_does()
    {
        using (var socket = await ConnectAsync(Exec, "v5.channel.k8s.io"))
        {
            await SendAsync(socket, 0, "hello");
            await ReceiveAsync(socket);
            Assert.Equal(1, _pods.Running);
        }

        await RunningAsync(0);
        using var another = await ConnectAsync(Exec, "v5.channel.k8s.io");
        await SendAsync(another, 0, "hello");
        await ReceiveAsync(another);
        var follow = _client.Get("/api/v1/namespaces/default/pods/one/log?follow=true");
        await RunningAsync(2);
        await EndAsync().WaitAsync(_patience);
        Assert.Equal(0, _pods.Running);
        Assert.Equal("main \n", (await follow.WaitAsync(_patience)).Text);
    }

    [Fact]
    public async Task A_protocol_that_is_not_served_is_refused()
    {
        var refusal = await Assert.ThrowsAsync<WebSocketException>(() => ConnectAsync(Exec, "v6.channel.k8s.io"));
        Assert.Contains("403", refusal.Message, StringComparison.Ordinal);
    }

    private async Task EndAsync()
    {
        if (!_isEnded)
            await _server.DisposeAsync();
        _isEnded = true;
    }

    private async Task RunningAsync(int count)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (_pods.Running != count)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < _patience);
            await Task.Delay(20);
        }
    }

    private async Task<ClientWebSocket> ConnectAsync(string path, string protocol)
    {
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol(protocol);
        socket.Options.SetRequestHeader("Authorization", "Bearer " + Client.Token(_server));
        socket.Options.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        using var patience = new CancellationTokenSource(_patience);
        await socket.ConnectAsync(
            new Uri(_server.Url.Replace("https", "wss", StringComparison.Ordinal) + path), patience.Token);
        return socket;
    }

    private static Task SendAsync(ClientWebSocket socket, byte channel, string text) => socket.SendAsync(
        (byte[])[channel, .. Encoding.UTF8.GetBytes(text)], WebSocketMessageType.Binary, true, CancellationToken.None);

    private static async Task<(int Channel, string Text)> ReceiveAsync(ClientWebSocket socket)
    {
        var buffer = new byte[4096];
        var read = await socket.ReceiveAsync(buffer, CancellationToken.None).WaitAsync(_patience);
        return (buffer[0], Encoding.UTF8.GetString(buffer, 1, read.Count - 1));
    }
}
