using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Palisade.Lab.Flows;

/// <summary>The flow log of a node's agent, read over its socket.</summary>
public sealed class FlowSocket : IAsyncDisposable
{
    /// <summary>The socket's name in the agent's run directory.</summary>
    public const string Name = "flows.sock";

    /// <summary>A record has at most some kilobytes.</summary>
    private const int MostLine = 1 << 20;

    private readonly NetworkStream _stream;
    private byte[] _buffer = new byte[16 << 10];
    private int _start;
    private int _end;

    private FlowSocket(NetworkStream stream) => _stream = stream;

    /// <summary>Connects, and asks for what is kept, or for what is to come as well.</summary>
    /// <exception cref="SocketException">Nobody listens there.</exception>
    public static async Task<FlowSocket> OpenAsync(
        string path, bool follow, DateTimeOffset? since, CancellationToken cancel)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel).ConfigureAwait(false);
            var stream = new NetworkStream(socket, ownsSocket: true);
            var from = since?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
            var request = $"{{\"follow\":{(follow ? "true" : "false")}"
                + (from is null ? "}\n" : $",\"since\":\"{from}\"}}\n");
            await stream.WriteAsync(Encoding.UTF8.GetBytes(request), cancel).ConfigureAwait(false);
            return new(stream);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>The next line with its newline, valid until the next call; null at the end.</summary>
    public async ValueTask<ReadOnlyMemory<byte>?> NextAsync(CancellationToken cancel)
    {
        while (true)
        {
            var at = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (at >= 0)
            {
                var line = _buffer.AsMemory(_start, at + 1);
                _start += at + 1;
                return line;
            }

            if (_start > 0)
            {
                Buffer.BlockCopy(_buffer, _start, _buffer, 0, _end - _start);
                (_start, _end) = (0, _end - _start);
            }

            if (_end == _buffer.Length)
            {
                if (_buffer.Length >= MostLine)
                    throw new IOException($"a line of more than {MostLine} bytes");
                Array.Resize(ref _buffer, 2 * _buffer.Length);
            }

            var read = await _stream.ReadAsync(_buffer.AsMemory(_end), cancel).ConfigureAwait(false);
            if (read == 0)
                return null;
            _end += read;
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _stream.DisposeAsync();
}
