using System.IO.Pipelines;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Streams.Spdy;

namespace Palisade.ApiServer.Streams;

/// <summary>
/// The channels as streams of a SPDY/3.1 connection. The client opens them, each with a header that says what it is.
/// </summary>
internal sealed class SpdyChannels : CommandChannels
{
    /// <summary>The protocols, the best first. Over SPDY they say the same.</summary>
    public static readonly IReadOnlyList<string> Protocols = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

    private static readonly Dictionary<string, CommandChannel> _names = new(StringComparer.Ordinal)
    {
        ["stdin"] = CommandChannel.Input,
        ["stdout"] = CommandChannel.Output,
        ["stderr"] = CommandChannel.Errors,
        ["error"] = CommandChannel.Status,
        ["resize"] = CommandChannel.Size,
    };

    private readonly HashSet<CommandChannel> _wanted;
    private readonly Dictionary<CommandChannel, SpdyStream> _streams = [];
    private readonly TaskCompletionSource _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Pipe _noInput = new();
    private readonly SpdyConnection _connection;

    private SpdyChannels(Stream transport, CommandRequest request, CancellationToken end)
    {
        _wanted = [CommandChannel.Status];
        if (request.Input)
            _wanted.Add(CommandChannel.Input);
        if (request.Output)
            _wanted.Add(CommandChannel.Output);
        if (request.Errors)
            _wanted.Add(CommandChannel.Errors);
        if (request.Terminal)
            _wanted.Add(CommandChannel.Size);
        _noInput.Writer.Complete();
        _connection = new SpdyConnection(transport, Accept, end);
    }

    public override PipeReader Input => _streams.GetValueOrDefault(CommandChannel.Input)?.Received ?? _noInput.Reader;

    public override CancellationToken Gone => _connection.Gone;

    /// <summary>Waits until the client has opened the streams that its request asks for.</summary>
    public static async Task<SpdyChannels> OpenAsync(Stream transport, CommandRequest request, CancellationToken end)
    {
        var channels = new SpdyChannels(transport, request, end);
        try
        {
            await channels._complete.Task.WaitAsync(Patience, channels.Gone);
            if (channels._streams.GetValueOrDefault(CommandChannel.Size) is { } sizes)
                _ = channels.ReadSizesAsync(sizes.Received);
            return channels;
        }
        catch
        {
            await channels.DisposeAsync();
            throw;
        }
    }

    public override ValueTask SendAsync(CommandChannel channel, Memory<byte> frame) =>
        _streams.TryGetValue(channel, out var stream) ? stream.SendAsync(frame, Gone) : ValueTask.CompletedTask;

    public override async Task FinishAsync(JsonObject status)
    {
        await SendAsync(CommandChannel.Status, Frame(status));
        foreach (var stream in _streams.Values)
            await stream.FinishAsync(Gone);
        await _connection.LeaveAsync();
    }

    public override ValueTask DisposeAsync() => _connection.DisposeAsync();

    // Runs on the connection's reading task only; the others look once all have come.
    private bool Accept(SpdyStream stream)
    {
        if (!_names.TryGetValue(stream.Headers.GetValueOrDefault("streamtype", ""), out var channel)
            || !_wanted.Remove(channel))
            return false;
        _streams[channel] = stream;
        if (channel is not (CommandChannel.Input or CommandChannel.Size))
            stream.Received.Complete();
        if (_wanted.Count == 0)
            _complete.TrySetResult();
        return true;
    }
}
