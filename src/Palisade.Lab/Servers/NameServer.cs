using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Palisade.Lab.Servers;

/// <summary>
/// Answers every HTTP/1.1 request on one listening socket with the owner's name, so that a reader sees who was reached.
/// </summary>
internal sealed class NameServer : IAsyncDisposable
{
    private const int LongestHead = 8192;
    private const int LongestLine = 200;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Socket _listener;
    private readonly byte[] _answer;
    private readonly Action<string>? _say;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;

    /// <summary>Serves on a socket that listens already, in whichever namespace it was made.</summary>
    public NameServer(Socket listener, string name, Action<string>? say)
    {
        _listener = listener;
        _say = say;
        var body = name + "\n";
        _answer = Encoding.UTF8.GetBytes(
            "HTTP/1.1 200 OK\r\nServer: palisade\r\nContent-Type: text/plain; charset=utf-8\r\n"
            + $"Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");
        _accepting = AcceptAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var client = await _listener.AcceptAsync(_stop.Token);
                _ = ServeAsync(client);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // A client that left before it was accepted, or no descriptor to spare: the next one may be luckier.
                await Task.Delay(10);
            }
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using (client)
        {
            try
            {
                client.NoDelay = true;
                var head = new byte[LongestHead];
                while (await ReadHeadAsync(client, head) is { } request)
                {
                    await client.SendAsync(_answer, _stop.Token);
                    _say?.Invoke($"{Address(client)} \"{FirstLine(request)}\" 200");
                    if (request.Contains("Connection: close", StringComparison.OrdinalIgnoreCase)
                        || request.Contains("HTTP/1.0", StringComparison.Ordinal))
                    {
                        client.Shutdown(SocketShutdown.Both);
                        return;
                    }
                }
            }
            catch (Exception gone) when (
                gone is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // The client's affair.
            }
        }
    }

    private static IPAddress? Address(Socket client) =>
        (client.RemoteEndPoint as IPEndPoint)?.Address is { IsIPv4MappedToIPv6: true } mapped
            ? mapped.MapToIPv4()
            : (client.RemoteEndPoint as IPEndPoint)?.Address;

    // What a client sends ends on somebody's screen: no control characters.
    private static string FirstLine(string request)
    {
        var line = request[..Math.Min(request.IndexOf('\r', StringComparison.Ordinal), LongestLine)];
        return string.Concat(line.Select(letter => char.IsControl(letter) ? '.' : letter));
    }

    /// <summary>
    /// The next request's head as text; null when the client is done, silent too long, or sends no HTTP.
    /// </summary>
    private async Task<string?> ReadHeadAsync(Socket client, byte[] head)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        patience.CancelAfter(Patience);
        var length = 0;
        while (length < head.Length)
        {
            var read = await client.ReceiveAsync(head.AsMemory(length), patience.Token);
            if (read == 0)
                return null;
            length += read;
            var end = head.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
            // Bodies are not read: the requests that make sense here (GET, HEAD) have none.
            if (end >= 0)
                return Encoding.Latin1.GetString(head, 0, end + 4);
        }

        return null;
    }
}
