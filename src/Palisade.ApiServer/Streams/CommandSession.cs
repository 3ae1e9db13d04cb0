using System.IO.Pipelines;
using System.Net.WebSockets;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Http;

namespace Palisade.ApiServer.Streams;

/// <summary>Carries a command's input and output until it ends or its client goes.</summary>
internal static class CommandSession
{
    private const int Chunk = 16 * 1024;

    /// <summary>Starts the command and stays with it. The channels are disposed at the end.</summary>
    public static async Task RunAsync(
        CommandChannels channels, CommandRequest request, Func<CancellationToken, Task<IContainerProcess>> start)
    {
        await using (channels)
        {
            try
            {
                var status = await CarryAsync(channels, request, start);
                await channels.FinishAsync(status);
            }
            catch (Exception gone) when (
                gone is OperationCanceledException or IOException or WebSocketException or ObjectDisposedException)
            {
                // The client has gone, or the server ends: there is nobody to tell.
            }
        }
    }

    private static async Task<JsonObject> CarryAsync(
        CommandChannels channels, CommandRequest request, Func<CancellationToken, Task<IContainerProcess>> start)
    {
        try
        {
            await using var process = await start(channels.Gone);
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(channels.Gone);
            var input = request.Input ? TakeAsync(channels.Input, process, ended.Token) : Task.CompletedTask;
            var sizes = ResizeAsync(channels, process, ended.Token);
            await Task.WhenAll(
                GiveAsync(process.Output, CommandChannel.Output, channels),
                GiveAsync(process.Errors, CommandChannel.Errors, channels));
            var code = await process.WaitAsync(channels.Gone);
            await ended.CancelAsync();
            await Task.WhenAll(input, sizes);
            return Ended(code);
        }
        catch (StatusException refusal)
        {
            return refusal.ToStatus();
        }
    }

    private static async Task GiveAsync(Stream? from, CommandChannel channel, CommandChannels channels)
    {
        if (from is null)
            return;
        var frame = new byte[CommandChannels.Headroom + Chunk];
        var room = frame.AsMemory(CommandChannels.Headroom);
        while (await from.ReadAsync(room, channels.Gone) is var read and > 0)
            await channels.SendAsync(channel, frame.AsMemory(0, CommandChannels.Headroom + read));
    }

    private static async Task TakeAsync(PipeReader from, IContainerProcess process, CancellationToken cancel)
    {
        try
        {
            if (process.Input is { } to)
                await from.CopyToAsync(to, cancel);
        }
        catch (Exception closed) when (closed is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // It reads no more. What else is typed is thrown away.
        }

        await from.CompleteAsync();
        process.EndInput();
    }

    private static async Task ResizeAsync(
        CommandChannels channels, IContainerProcess process, CancellationToken cancel)
    {
        try
        {
            await foreach (var (columns, rows) in channels.Sizes.ReadAllAsync(cancel))
                process.Resize(columns, rows);
        }
        catch (OperationCanceledException)
        {
            // The command has ended.
        }
    }

    /// <summary>As a kubelet says it: kubectl ends with the code that stands in the cause.</summary>
    private static JsonObject Ended(int code)
    {
        var status = new JsonObject { ["metadata"] = new JsonObject() };
        if (code == 0)
        {
            status["status"] = "Success";
            return status;
        }

        status["status"] = "Failure";
        status["message"] = $"command terminated with non-zero exit code: exit status {code}";
        status["reason"] = "NonZeroExitCode";
        status["details"] = new JsonObject
        {
            ["causes"] = new JsonArray(new JsonObject { ["reason"] = "ExitCode", ["message"] = code.ToString() }),
        };
        return status;
    }
}
