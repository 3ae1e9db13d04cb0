using System.Buffers;
using System.Collections.Immutable;
using System.Net.Sockets;
using System.Text.Json;
using Palisade.Dataplane.FlowLog;
using Palisade.Policy.Model;

namespace Palisade.Agent;

/// <summary>
/// Offers the flow log on a unix socket of mode 0600. A client sends one line, {"follow":true,"since":"2026-11-23T…Z"}
/// (both may be absent), and gets JSON lines: those that are kept, then, if it follows, those to come. Who sends
/// {"names":true} gets what is known of domain names instead, a line each: {"name":"…","addresses":["…"]}.
/// </summary>
internal sealed class FlowServer(
    FlowRing ring, Func<ImmutableArray<DomainName>> names, string node, string directory, AgentLog log,
    TimeProvider time)
{
    /// <summary>The socket's name in the run directory.</summary>
    public const string SocketName = "flows.sock";

    private const int MostClients = 16;
    private const int MostRequestBytes = 1024;

    /// <summary>Who asks once means what has happened by now: it may be this long under way from the kernel.</summary>
    private static readonly TimeSpan UnderWay = TimeSpan.FromMilliseconds(150);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _places = new(MostClients);

    /// <summary>Serves until cancelled; without a socket it only says so.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        var path = Path.Combine(directory, SocketName);
        using var listener = SocketFile.New();
        try
        {
            SocketFile.Listen(listener, path, MostClients);
        }
        catch (Exception e) when (e is IOException or SocketException or UnauthorizedAccessException
            or ArgumentException)
        {
            log.Warn("no-flow-socket", ("path", path), ("reason", e.Message), ("way-out", "--run-directory"));
            await Task.Delay(Timeout.Infinite, cancel).ConfigureAwait(false);
        }

        try
        {
            while (true)
            {
                await _places.WaitAsync(cancel).ConfigureAwait(false);
                _ = ServeAsync(await listener.AcceptAsync(cancel).ConfigureAwait(false), cancel);
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    private async Task ServeAsync(Socket client, CancellationToken cancel)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        try
        {
            await using var stream = new NetworkStream(client, ownsSocket: true);
            var (follow, since, asksNames) = await ReadRequestAsync(stream, cancel).ConfigureAwait(false);
            if (asksNames)
            {
                await stream.WriteAsync(NameLines(names()), cancel).ConfigureAwait(false);
                return;
            }

            if (!follow)
                await Task.Delay(UnderWay, time, cancel).ConfigureAwait(false);
            var hung = follow ? WatchEndAsync(stream, ended) : Task.CompletedTask;
            await SendAsync(stream, follow, since, ended.Token).ConfigureAwait(false);
            await hung.ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or JsonException or FormatException
            or ObjectDisposedException)
        {
            // The client has gone, or said nothing that we understand: it hears no more.
        }
        finally
        {
            _places.Release();
        }
    }

    /// <summary>A reader that goes away while nothing happens must not keep its place.</summary>
    private static async Task WatchEndAsync(Stream stream, CancellationTokenSource ended)
    {
        var buffer = new byte[64];
        try
        {
            while (await stream.ReadAsync(buffer, ended.Token).ConfigureAwait(false) > 0)
            {
                // What else it says does not matter.
            }
        }
        catch (IOException)
        {
            // Gone as well.
        }

        await ended.CancelAsync().ConfigureAwait(false);
    }

    private async Task SendAsync(Stream stream, bool follow, DateTimeOffset since, CancellationToken cancel)
    {
        var place = 0L;
        while (true)
        {
            var (lines, next, missed) = ring.Read(place, since);
            if (missed > 0 && place > 0)
                await stream.WriteAsync(FlowJson.Missed(missed, time.GetUtcNow(), node), cancel).ConfigureAwait(false);
            foreach (var line in lines)
                await stream.WriteAsync(line, cancel).ConfigureAwait(false);
            if (!follow)
                return;
            place = next;
            await ring.WaitAsync(place, cancel).ConfigureAwait(false);
        }
    }

    private static ReadOnlyMemory<byte> NameLines(ImmutableArray<DomainName> known)
    {
        var lines = new ArrayBufferWriter<byte>(1024);
        foreach (var (name, addresses) in known)
        {
            using (var json = new Utf8JsonWriter(lines))
            {
                json.WriteStartObject();
                json.WriteString("name", name);
                json.WriteStartArray("addresses");
                foreach (var address in addresses)
                    json.WriteStringValue(address.ToString());
                json.WriteEndArray();
                json.WriteEndObject();
            }

            lines.Write("\n"u8);
        }

        return lines.WrittenMemory;
    }

    private static async Task<(bool Follow, DateTimeOffset Since, bool Names)> ReadRequestAsync(
        Stream stream, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Patience);
        var buffer = new byte[MostRequestBytes];
        var length = 0;
        while (!buffer.AsSpan(0, length).Contains((byte)'\n'))
        {
            var read = length == buffer.Length
                ? 0
                : await stream.ReadAsync(buffer.AsMemory(length), limit.Token).ConfigureAwait(false);
            if (read == 0)
                throw new FormatException("no request");
            length += read;
        }

        using var request = JsonDocument.Parse(buffer.AsMemory(0, buffer.AsSpan().IndexOf((byte)'\n')));
        var root = request.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
            throw new FormatException("no object");
        bool Asks(string what) => root.TryGetProperty(what, out var wanted) && wanted.ValueKind == JsonValueKind.True;
        var since = root.TryGetProperty("since", out var time) && time.ValueKind == JsonValueKind.String
            && time.TryGetDateTimeOffset(out var at) ? at : default;
        return (Asks("follow"), since, Asks("names"));
    }
}
