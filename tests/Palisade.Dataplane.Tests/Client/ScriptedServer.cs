using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Palisade.Dataplane.Tests.Client;

/// <summary>
/// An HTTP server that answers each request as a test says, for what a real API server does only in bad moments:
/// answers cut off, versions too old, garbage. Plain HTTP/1.1, one request a connection.
/// </summary>
internal sealed class ScriptedServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<string, NetworkStream, CancellationToken, Task> _answer;

    public ScriptedServer(Func<string, NetworkStream, CancellationToken, Task> answer)
    {
        _answer = answer;
        _listener.Start();
        _ = AcceptAsync();
    }

    /// <summary>The request lines' targets, in order.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    private int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string Kubeconfig => $$"""
        apiVersion: v1
        kind: Config
        clusters: [ { name: c, cluster: { server: "http://127.0.0.1:{{Port}}" } } ]
        users: [ { name: u, user: { token: secret-token } } ]
        contexts: [ { name: x, context: { cluster: c, user: u } } ]
        current-context: x
        """;

    /// <summary>The head of an answer whose body ends with the connection.</summary>
    public static Task HeadAsync(Stream stream, string status = "200 OK") =>
        SendAsync(stream, $"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n");

    public static Task SendAsync(Stream stream, string text) =>
        stream.WriteAsync(Encoding.UTF8.GetBytes(text)).AsTask();

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        try
        {
            using (client)
            {
                await using var stream = client.GetStream();
                using var reader = new StreamReader(stream, leaveOpen: true);
                var target = (await reader.ReadLineAsync(_stop.Token) ?? "").Split(' ')[1];
                while (await reader.ReadLineAsync(_stop.Token) is { Length: > 0 })
                {
                }

                Requests.Enqueue(target);
                await _answer(target, stream, _stop.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or SocketException)
        {
            // The client went away, or the test is over.
        }
    }
}
