using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace Palisade.ApiServer.Streams;

/// <summary>What runs between kubectl and a command, as remotecommand numbers it.</summary>
internal enum CommandChannel : byte
{
    Input = 0,
    Output = 1,
    Errors = 2,
    Status = 3,
    Size = 4,
}

/// <summary>
/// The channels of one command, over one of the transports: WebSocket or SPDY. A client that sends faster than the
/// command reads waits, and a command that writes faster than its client reads.
/// </summary>
internal abstract class CommandChannels : IAsyncDisposable
{
    /// <summary>How many bytes before what is sent belong to the transport.</summary>
    public const int Headroom = 8;

    /// <summary>How long a client may take to do its part at the beginning and at the end.</summary>
    protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private const int LongestSize = 256;

    private readonly Channel<(int Columns, int Rows)> _sizes = Channel.CreateBounded<(int, int)>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });

    /// <summary>What the client types.</summary>
    public abstract PipeReader Input { get; }

    /// <summary>How large the client's terminal is: the newest only.</summary>
    public ChannelReader<(int Columns, int Rows)> Sizes => _sizes.Reader;

    /// <summary>Is cancelled when the client has gone or the server ends.</summary>
    public abstract CancellationToken Gone { get; }

    /// <summary>Sends bytes, behind <see cref="Headroom"/> bytes that the transport fills.</summary>
    public abstract ValueTask SendAsync(CommandChannel channel, Memory<byte> frame);

    /// <summary>Sends how the command ended, the last that the client hears, and waits until it has left.</summary>
    public abstract Task FinishAsync(JsonObject status);

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();

    /// <summary>The status, with room before it.</summary>
    protected static byte[] Frame(JsonObject status) =>
        [.. new byte[Headroom], .. Http.JsonBytes.Of(status).AsSpan()];

    /// <summary>Takes sizes from what the client sends: JSON objects, each on its line.</summary>
    protected async Task ReadSizesAsync(PipeReader from)
    {
        try
        {
            while (await from.ReadAsync(Gone) is { } read)
            {
                var rest = read.Buffer;
                while (rest.PositionOf((byte)'\n') is { } end)
                {
                    TakeSize(rest.Slice(0, end).ToArray());
                    rest = rest.Slice(rest.GetPosition(1, end));
                }

                if (read.IsCompleted || rest.Length > LongestSize)
                    break;
                from.AdvanceTo(rest.Start, rest.End);
            }
        }
        catch (OperationCanceledException)
        {
            // The client has gone.
        }

        await from.CompleteAsync();
    }

    /// <summary>{"Width":80,"Height":24}; anything else says nothing.</summary>
    protected void TakeSize(ReadOnlySpan<byte> json)
    {
        try
        {
            var size = json.Length <= LongestSize ? JsonNode.Parse(json) as JsonObject : null;
            if (Number(size?["Width"]) is { } columns && Number(size?["Height"]) is { } rows)
                _sizes.Writer.TryWrite((columns, rows));
        }
        catch (JsonException)
        {
            // A terminal of unknown size is one of the size it had.
        }
    }

    private static int? Number(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue<int>(out var number) && number is > 0 and <= ushort.MaxValue
            ? number
            : null;
}
