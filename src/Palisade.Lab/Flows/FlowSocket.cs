using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Palisade.Kubernetes.Client;

namespace Palisade.Lab.Flows;

/// <summary>The flow log of a node's agent, read over its socket.</summary>
public sealed class FlowSocket : IAsyncDisposable
{
    /// <summary>The socket's name in the agent's run directory.</summary>
    public const string Name = "flows.sock";

    /// <summary>A record has at most some kilobytes.</summary>
    private const int MostLine = 1 << 20;

    private readonly NetworkStream _stream;
    private readonly LineReader _lines;

    private FlowSocket(NetworkStream stream) => (_stream, _lines) = (stream, new(stream, MostLine));

    /// <summary>Connects, and asks for what is kept, or for what is to come as well.</summary>
    /// <exception cref="SocketException">Nobody listens there.</exception>
    public static Task<FlowSocket> OpenAsync(
        string path, bool follow, DateTimeOffset? since, CancellationToken cancel)
    {
        var from = since?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        var request = $"{{\"follow\":{(follow ? "true" : "false")}"
            + (from is null ? "}" : $",\"since\":\"{from}\"}}");
        return AskAsync(path, request, cancel);
    }

    /// <summary>Connects, and asks what is known of domain names.</summary>
    /// <exception cref="SocketException">Nobody listens there.</exception>
    public static Task<FlowSocket> OpenNamesAsync(string path, CancellationToken cancel) =>
        AskAsync(path, """{"names":true}""", cancel);

    private static async Task<FlowSocket> AskAsync(string path, string request, CancellationToken cancel)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel).ConfigureAwait(false);
            var stream = new NetworkStream(socket, ownsSocket: true);
            await stream.WriteAsync(Encoding.UTF8.GetBytes(request + "\n"), cancel).ConfigureAwait(false);
            return new(stream);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>The next line without its end, valid until the next call; null at the end.</summary>
    /// <exception cref="InvalidDataException">The line is too long.</exception>
    public ValueTask<ReadOnlyMemory<byte>?> NextAsync(CancellationToken cancel) => _lines.NextAsync(cancel);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _stream.DisposeAsync();
}
