using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Palisade.Lab.Connect;

/// <summary>
/// Sends probes. A socket belongs for life to the namespace of the thread that makes it, so only its creation runs on
/// the namespace's thread; the waiting is asynchronous and thousands of probes need no threads.
/// </summary>
internal static class Prober
{
    /// <summary>Sends one probe and waits for its answer.</summary>
    public static async Task<ConnectAnswer> SendAsync(Probe probe, CancellationToken cancel)
    {
        var begun = Stopwatch.GetTimestamp();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(probe.Timeout);
        (bool Connected, bool Reached, string Answer) met;
        try
        {
            met = probe.Protocol switch
            {
                ProbeProtocol.Tcp => await TcpAsync(probe, patience.Token),
                ProbeProtocol.Udp => await UdpAsync(probe, patience.Token),
                ProbeProtocol.Sctp => await SctpProbe.SendAsync(probe, patience.Token),
                ProbeProtocol.Icmp => await IcmpProbe.SendAsync(probe, patience.Token),
                _ => throw new UnreachableException($"protocol {probe.Protocol}"),
            };
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            met = (false, false, "timeout");
        }
        catch (SocketException failure)
        {
            met = Read(failure);
        }

        return new ConnectAnswer(
            met.Connected, met.Reached, met.Answer, Math.Round(Stopwatch.GetElapsedTime(begun).TotalMilliseconds, 2));
    }

    /// <summary>What a failed system call says about the way there.</summary>
    internal static (bool Connected, bool Reached, string Answer) Read(SocketException failure) =>
        failure.SocketErrorCode switch
        {
            // A reset, or ICMP port unreachable: only the other side itself says that.
            SocketError.ConnectionRefused => (false, true, "refused"),
            // ICMP protocol unreachable (ENOPROTOOPT): the host was reached and does not speak the protocol.
            SocketError.ProtocolOption => (false, true, "refused"),
            SocketError.TimedOut => (false, false, "timeout"),
            SocketError.HostUnreachable or SocketError.HostDown => (false, false, "host unreachable"),
            SocketError.NetworkUnreachable or SocketError.NetworkDown => (false, false, "network unreachable"),
            var other => (false, false, $"failed: {other}"),
        };

    private static async Task<(bool, bool, string)> TcpAsync(Probe probe, CancellationToken cancel)
    {
        using var socket = await OpenAsync(probe, SocketType.Stream, ProtocolType.Tcp);
        socket.NoDelay = true;
        await socket.ConnectAsync(new IPEndPoint(probe.Target, probe.Port), cancel);
        try
        {
            await socket.SendAsync("GET / HTTP/1.1\r\nHost: palisade\r\nConnection: close\r\n\r\n"u8.ToArray(), cancel);
            return (true, true, HttpAnswer(await ReceiveAllAsync(socket, cancel)));
        }
        catch (Exception silent) when (silent is OperationCanceledException or SocketException)
        {
            // The handshake is what the policy decides; a server that speaks no HTTP is still a server.
            return (true, true, "connected, no HTTP answer");
        }
    }

    private static async Task<string> ReceiveAllAsync(Socket socket, CancellationToken cancel)
    {
        var buffer = new byte[1024];
        var length = 0;
        while (length < buffer.Length)
        {
            var read = await socket.ReceiveAsync(buffer.AsMemory(length), cancel);
            if (read == 0)
                break;
            length += read;
        }

        return Encoding.UTF8.GetString(buffer, 0, length);
    }

    /// <summary>"HTTP 200 web" for an HTTP response with the body web.</summary>
    private static string HttpAnswer(string response)
    {
        var words = response.Split(' ', 3);
        if (words.Length < 3 || !words[0].StartsWith("HTTP/", StringComparison.Ordinal))
            return "connected, no HTTP answer";
        var end = response.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var body = end < 0 ? "" : response[(end + 4)..];
        return $"HTTP {words[1]} {body.Split('\n')[0].Trim()}".TrimEnd();
    }

    private static async Task<(bool, bool, string)> UdpAsync(Probe probe, CancellationToken cancel)
    {
        using var socket = await OpenAsync(probe, SocketType.Dgram, ProtocolType.Udp);
        // Connected, so that an ICMP port unreachable comes back as an error.
        await socket.ConnectAsync(new IPEndPoint(probe.Target, probe.Port), cancel);
        await socket.SendAsync("palisade"u8.ToArray(), cancel);
        var buffer = new byte[64];
        var read = await socket.ReceiveAsync(buffer, cancel);
        // Whoever is no echo has still answered: a DNS server says that this is no question.
        return (true, true, buffer.AsSpan(0, read).SequenceEqual("palisade"u8)
            ? "echo palisade" : $"an answer of {read} bytes");
    }

    /// <summary>A socket in the probe's namespace, bound to the source address where one is given.</summary>
    internal static Task<Socket> OpenAsync(Probe probe, SocketType type, ProtocolType protocol) =>
        probe.Namespace.RunAsync(() =>
        {
            var socket = new Socket(probe.Target.AddressFamily, type, protocol);
            if (probe.Source is not null)
                socket.Bind(new IPEndPoint(probe.Source, 0));
            return socket;
        });
}
