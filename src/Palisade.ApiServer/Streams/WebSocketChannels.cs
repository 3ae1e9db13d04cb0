using System.IO.Pipelines;
using System.Net.WebSockets;
using System.Text.Json.Nodes;

namespace Palisade.ApiServer.Streams;

/// <summary>
/// v5.channel.k8s.io and v4.channel.k8s.io: binary messages whose first byte is the channel. In v5 the channel 255 says
/// that another one, named by the byte that follows, has ended.
/// </summary>
internal sealed class WebSocketChannels : CommandChannels
{
    /// <summary>The protocols, the best first.</summary>
    public static readonly IReadOnlyList<string> Protocols = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

    private const byte Close = 255;
    private const int Chunk = 16 * 1024;

    private readonly WebSocket _socket;
    private readonly Pipe _input = new(new PipeOptions(
        pauseWriterThreshold: 256 * 1024, resumeWriterThreshold: 128 * 1024, useSynchronizationContext: false));
    private readonly SemaphoreSlim _sending = new(1);
    private readonly CancellationTokenSource _gone;
    private readonly Task _receiving;

    /// <summary>Serves on a socket that speaks one of <see cref="Protocols"/>.</summary>
    public WebSocketChannels(WebSocket socket, CancellationToken end)
    {
        _socket = socket;
        _gone = CancellationTokenSource.CreateLinkedTokenSource(end);
        Gone = _gone.Token;
        _receiving = ReceiveAsync();
    }

    public override PipeReader Input => _input.Reader;

    public override CancellationToken Gone { get; }

    public override async ValueTask SendAsync(CommandChannel channel, Memory<byte> frame)
    {
        frame.Span[Headroom - 1] = (byte)channel;
        await _sending.WaitAsync(Gone);
        try
        {
            await _socket.SendAsync(frame[(Headroom - 1)..], WebSocketMessageType.Binary, true, Gone);
        }
        finally
        {
            _sending.Release();
        }
    }

    public override async Task FinishAsync(JsonObject status)
    {
        await SendAsync(CommandChannel.Status, Frame(status));
        await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Gone);
        await Task.WhenAny(_receiving, Task.Delay(Patience, Gone));
    }

    public override async ValueTask DisposeAsync()
    {
        await _gone.CancelAsync();
        await _receiving;
        _socket.Dispose();
        _gone.Dispose();
    }

    private async Task ReceiveAsync()
    {
        await Task.Yield();
        try
        {
            var buffer = new byte[Chunk];
            var message = new Message();
            while (await _socket.ReceiveAsync(buffer.AsMemory(), Gone) is var part
                && part.MessageType != WebSocketMessageType.Close)
            {
                await TakeAsync(message, buffer.AsMemory(0, part.Count));
                if (part.EndOfMessage)
                    message = new Message();
            }
        }
        catch (Exception gone) when (gone is WebSocketException or IOException or OperationCanceledException)
        {
            // The client has gone without a word, or the server ends.
        }

        await _gone.CancelAsync();
        await _input.Writer.CompleteAsync();
    }

    private async ValueTask TakeAsync(Message message, ReadOnlyMemory<byte> part)
    {
        if (message.Channel is null && !part.IsEmpty)
        {
            message.Channel = part.Span[0];
            part = part[1..];
        }

        if (part.IsEmpty)
            return;
        switch (message.Channel)
        {
            case (byte)CommandChannel.Input:
                // Waits while the command does not read. A command that reads no more takes everything.
                await _input.Writer.WriteAsync(part, Gone);
                break;
            case (byte)CommandChannel.Size:
                TakeSize(part.Span);
                break;
            case Close when part.Span[0] == (byte)CommandChannel.Input:
                await _input.Writer.CompleteAsync();
                break;
        }
    }

    /// <summary>A message of which the first part has come.</summary>
    private sealed class Message
    {
        public byte? Channel { get; set; }
    }
}
