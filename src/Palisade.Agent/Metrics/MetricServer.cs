using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Palisade.Agent.Metrics;

/// <summary>
/// Answers GET /metrics over HTTP/1.1, one request a connection, on a loopback address or a unix socket (mode 0600).
/// What is figures about everybody's traffic is not offered beyond the machine without whoever asks being known: that
/// is a proxy's task.
/// </summary>
internal sealed class MetricServer(string address, Func<string> page, AgentLog log, TimeProvider time)
{
    private const string UnixScheme = "unix:";
    private const int MostClients = 8;
    private const int LongestHead = 8192;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _places = new(MostClients);

    /// <summary>What is wrong with an address, or null: ADDRESS:PORT of the loopback, or unix:PATH.</summary>
    public static string? Problem(string text)
    {
        if (text.StartsWith(UnixScheme, StringComparison.Ordinal))
            return text.Length > UnixScheme.Length ? null : "unix: needs a path";
        return IPEndPoint.TryParse(text, out var end) && end.Port > 0 && IPAddress.IsLoopback(end.Address)
            ? null
            : $"'{text}' is neither a loopback address with a port, as 127.0.0.1:9464 or [::1]:9464, nor unix:PATH";
    }

    /// <summary>Serves until cancelled; what cannot be listened at is said, and nothing else depends on it.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        Socket? listener = null;
        try
        {
            listener = Listen();
        }
        catch (Exception e) when (e is IOException or SocketException or UnauthorizedAccessException
            or ArgumentException)
        {
            log.Warn("no-metrics", ("address", address), ("reason", e.Message), ("way-out", "--metrics"));
            await Task.Delay(Timeout.Infinite, cancel).ConfigureAwait(false);
        }

        using (listener)
        {
            while (true)
            {
                await _places.WaitAsync(cancel).ConfigureAwait(false);
                _ = ServeAsync(await listener!.AcceptAsync(cancel).ConfigureAwait(false), cancel);
            }
        }
    }

    private Socket Listen()
    {
        if (address.StartsWith(UnixScheme, StringComparison.Ordinal))
        {
            var file = SocketFile.New();
            SocketFile.Listen(file, address[UnixScheme.Length..], MostClients);
            return file;
        }

        var end = IPEndPoint.Parse(address);
        var socket = new Socket(end.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(end);
        socket.Listen(MostClients);
        return socket;
    }

    private async Task ServeAsync(Socket client, CancellationToken cancel)
    {
        using var limit = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancel);
        try
        {
            await using var stream = new NetworkStream(client, ownsSocket: true);
            var answer = await ReadHeadAsync(stream, either.Token).ConfigureAwait(false) switch
            {
                ["GET", "/metrics", ..] => Answer("200 OK", page()),
                ["GET", ..] => Answer("404 Not Found", "/metrics is all there is\n"),
                _ => Answer("405 Method Not Allowed", "GET /metrics\n"),
            };
            await stream.WriteAsync(answer, either.Token).ConfigureAwait(false);
            client.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException
            or ObjectDisposedException)
        {
            // The client's affair.
        }
        finally
        {
            _places.Release();
        }
    }

    /// <summary>The words of the request's first line, once its head has ended.</summary>
    private static async Task<string[]> ReadHeadAsync(Stream stream, CancellationToken cancel)
    {
        var head = new byte[LongestHead];
        var length = 0;
        while (head.AsSpan(0, length).IndexOf("\r\n\r\n"u8) < 0)
        {
            var read = length == head.Length
                ? 0
                : await stream.ReadAsync(head.AsMemory(length), cancel).ConfigureAwait(false);
            if (read == 0)
                throw new IOException("no request");
            length += read;
        }

        return Encoding.Latin1.GetString(head, 0, head.AsSpan().IndexOf("\r\n"u8)).Split(' ');
    }

    private static byte[] Answer(string status, string body)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        var length = bytes.Length.ToString(CultureInfo.InvariantCulture);
        var head = $"HTTP/1.1 {status}\r\nContent-Type: {MetricText.ContentType}\r\nContent-Length: {length}\r\n"
            + "Connection: close\r\n\r\n";
        return [.. Encoding.ASCII.GetBytes(head), .. bytes];
    }
}
