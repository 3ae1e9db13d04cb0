using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Palisade.Lab.Dns;

/// <summary>A DNS server on UDP and TCP port 53 of the namespace it is opened in.</summary>
internal sealed class DnsServer : IAsyncDisposable
{
    /// <summary>DNS's port.</summary>
    public const ushort Port = 53;

    private const int LongestQuestion = 4096;
    private const int ShortestLimit = 512;   // what every client takes over UDP (RFC 1035 section 4.2.1)
    private const int MostClients = 256;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Socket _datagrams;
    private readonly Socket _listener;
    private readonly Func<DnsQuestion, DnsAnswer> _answer;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _clients = new(MostClients);
    private readonly Task _serving;

    private DnsServer(Socket datagrams, Socket listener, Func<DnsQuestion, DnsAnswer> answer)
    {
        (_datagrams, _listener, _answer) = (datagrams, listener, answer);
        _serving = Task.WhenAll(ServeDatagramsAsync(), AcceptAsync());
    }

    /// <summary>Opens the sockets in the namespace of the calling thread.</summary>
    /// <exception cref="SocketException">The port is taken.</exception>
    public static DnsServer Open(IPAddress bind, Func<DnsQuestion, DnsAnswer> answer)
    {
        var datagrams = new Socket(bind.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        var listener = new Socket(bind.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            foreach (var socket in (Socket[])[datagrams, listener])
            {
                if (bind.Equals(IPAddress.IPv6Any))
                    socket.DualMode = true;
                socket.Bind(new IPEndPoint(bind, Port));
            }

            listener.Listen(64);
            return new DnsServer(datagrams, listener, answer);
        }
        catch
        {
            datagrams.Dispose();
            listener.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _datagrams.Dispose();
        _listener.Dispose();
        await _serving;
        _stop.Dispose();
    }

    private async Task ServeDatagramsAsync()
    {
        var buffer = GC.AllocateUninitializedArray<byte>(LongestQuestion, pinned: true);
        var any = new IPEndPoint(
            _datagrams.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var got = await _datagrams.ReceiveFromAsync(buffer, SocketFlags.None, any, _stop.Token);
                if (Reply(buffer.AsSpan(0, got.ReceivedBytes), isDatagram: true) is { } reply)
                    await _datagrams.SendToAsync(reply, SocketFlags.None, got.RemoteEndPoint, _stop.Token);
            }
            catch (Exception end) when (end is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // An ICMP error about an answer that nobody waits for any more, or a policy that lets none out.
            }
        }
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await _clients.WaitAsync(_stop.Token);
                _ = ServeAsync(await _listener.AcceptAsync(_stop.Token));
            }
            catch (Exception end) when (end is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // A client that left before it was accepted.
                _clients.Release();
                await Task.Delay(10);
            }
        }
    }

    /// <summary>Questions and answers with their lengths before them (RFC 1035 section 4.2.2).</summary>
    private async Task ServeAsync(Socket client)
    {
        using (client)
        {
            try
            {
                var length = new byte[2];
                while (await ReadAsync(client, length))
                {
                    var question = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
                    if (!await ReadAsync(client, question) || Reply(question, isDatagram: false) is not { } reply)
                        return;
                    BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)reply.Length);
                    await client.SendAsync((byte[])[.. length, .. reply], _stop.Token);
                }
            }
            catch (Exception gone) when (
                gone is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // The client's affair.
            }
            finally
            {
                _clients.Release();
            }
        }
    }

    private async Task<bool> ReadAsync(Socket client, Memory<byte> into)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        patience.CancelAfter(Patience);
        while (!into.IsEmpty)
        {
            var read = await client.ReceiveAsync(into, patience.Token);
            if (read == 0)
                return false;
            into = into[read..];
        }

        return true;
    }

    private byte[]? Reply(ReadOnlySpan<byte> message, bool isDatagram)
    {
        if (DnsQuestion.Parse(message) is not { } question)
            return DnsWriter.FormatError(message);
        var limit = isDatagram ? Math.Max(ShortestLimit, (int)(question.PayloadSize ?? 0)) : ushort.MaxValue;
        return DnsWriter.Write(question, _answer(question), limit);
    }
}
