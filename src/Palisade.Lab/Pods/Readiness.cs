using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Palisade.Lab.Connect;
using Palisade.Lab.Network;

namespace Palisade.Lab.Pods;

/// <summary>A container's readinessProbe by httpGet or tcpSocket; of other kinds nothing is asked here.</summary>
/// <param name="Path">What to get; null: a connection is enough.</param>
/// <param name="Port">Where to.</param>
/// <param name="InitialDelay">Before the first.</param>
/// <param name="Period">Between two.</param>
/// <param name="Timeout">How long one may take.</param>
/// <param name="SuccessThreshold">As many in a row make it ready.</param>
/// <param name="FailureThreshold">As many in a row make it not.</param>
internal sealed record ReadinessProbe(
    string? Path, ushort Port, TimeSpan InitialDelay, TimeSpan Period, TimeSpan Timeout, int SuccessThreshold,
        int FailureThreshold)
{
    /// <summary>Reads a container's; null when it has none that can be asked.</summary>
    public static ReadinessProbe? Read(JsonObject container)
    {
        if (container["readinessProbe"] is not JsonObject probe)
            return null;
        var http = probe["httpGet"] as JsonObject;
        if ((http ?? probe["tcpSocket"] as JsonObject) is not { } target || PortOf(container, target["port"]) is not
            { } port)
            return null;
        return new ReadinessProbe(
            http is null ? null : $"/{(PodObject.Text(http["path"]) ?? "").TrimStart('/')}",
            port,
            TimeSpan.FromSeconds(Number(probe, "initialDelaySeconds", 0)),
            TimeSpan.FromSeconds(Number(probe, "periodSeconds", 10)),
            TimeSpan.FromSeconds(Number(probe, "timeoutSeconds", 1)),
            Number(probe, "successThreshold", 1),
            Number(probe, "failureThreshold", 3));
    }

    private static int Number(JsonObject probe, string field, int absent) =>
        probe[field] is JsonValue value && value.TryGetValue<int>(out var number) && number > 0 ? number : absent;

    private static ushort? PortOf(JsonObject container, JsonNode? port)
    {
        if (PodObject.Text(port) is { } name && container["ports"] is JsonArray ports)
            port = ports.OfType<JsonObject>().FirstOrDefault(p => PodObject.Text(p["name"]) == name)?["containerPort"];
        return PodObject.PortNumber(port);
    }
}

/// <summary>
/// Asks a container, as a kubelet does, from its node: packets that no NetworkPolicy stops (semantics 1.3).
/// </summary>
internal sealed class Readiness : IAsyncDisposable
{
    private readonly ReadinessProbe _probe;
    private readonly LabNode _node;
    private readonly IPAddress _pod;
    private readonly Action _changed;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _asking;
    private volatile bool _isReady;

    /// <summary>Begins to ask.</summary>
    /// <param name="probe">What.</param>
    /// <param name="node">From where.</param>
    /// <param name="pod">Whom: the pod's first address.</param>
    /// <param name="changed">Is called when <see cref="IsReady"/> changed.</param>
    public Readiness(ReadinessProbe probe, LabNode node, IPAddress pod, Action changed)
    {
        (_probe, _node, _pod, _changed) = (probe, node, pod, changed);
        _asking = AskAsync();
    }

    /// <summary>What the last answers say; no before the first.</summary>
    public bool IsReady => _isReady;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _asking;
        _stop.Dispose();
    }

    private async Task AskAsync()
    {
        var (successes, failures) = (0, 0);
        try
        {
            await Task.Delay(_probe.InitialDelay, _stop.Token);
            while (true)
            {
                (successes, failures) = await AskOnceAsync() ? (successes + 1, 0) : (0, failures + 1);
                var isReady = _isReady ? failures < _probe.FailureThreshold : successes >= _probe.SuccessThreshold;
                if (isReady != _isReady)
                {
                    _isReady = isReady;
                    _changed();
                }

                await Task.Delay(_probe.Period, _stop.Token);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The end of the pod.
        }
    }

    private async Task<bool> AskOnceAsync()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        patience.CancelAfter(_probe.Timeout);
        try
        {
            var probe = new Probe(_node.Namespace, null, _pod, ProbeProtocol.Tcp, _probe.Port, _probe.Timeout);
            using var socket = await Prober.OpenAsync(probe, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(new IPEndPoint(_pod, _probe.Port), patience.Token);
            return _probe.Path is null || await GetAsync(socket, _probe.Path, patience.Token);
        }
        catch (SocketException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>200 to 399 is yes (kubelet's http prober).</summary>
    private async Task<bool> GetAsync(Socket socket, string path, CancellationToken cancel)
    {
        var request = $"GET {path} HTTP/1.1\r\nHost: {_pod}:{_probe.Port}\r\nUser-Agent: kube-probe/1.35\r\n"
            + "Connection: close\r\n\r\n";
        await socket.SendAsync(Encoding.ASCII.GetBytes(request), cancel);
        var answer = new byte[12];   // "HTTP/1.1 200"
        var length = 0;
        while (length < answer.Length)
        {
            var read = await socket.ReceiveAsync(answer.AsMemory(length), cancel);
            if (read == 0)
                return false;
            length += read;
        }

        return answer.AsSpan().StartsWith("HTTP/1."u8) && answer[9] is (byte)'2' or (byte)'3';
    }
}
