using System.Diagnostics;
using System.Net;
using Palisade.Benchmarks.Compile;
using Palisade.Benchmarks.Incremental;
using Palisade.Nftables.Kernel;
using Palisade.Nftables.Rtnetlink;

namespace Palisade.Benchmarks.Throughput;

/// <summary>
/// A client, a node that forwards, and a pod of that node, each a namespace, with the load between them. Each way to
/// write the rules has one of its own, all alike, so that nothing is loaded or flushed while others are measured.
/// </summary>
internal sealed class PathUnderTest : IDisposable
{
    public const int Port = 8080, Connections = 3000;
    private const int BulkPort = 8081;
    private const long BulkBytes = 192L << 20;

    private readonly NetworkNamespace _client = NetworkNamespace.Create("client"),
        _server = NetworkNamespace.Create("server");

    private readonly int _listening, _bulkListening;
    private readonly byte[] _block = new byte[128 << 10];
    private long _accepted, _received;

    public PathUnderTest(string name, IPAddress client, IPAddress server)
    {
        (Name, ServerAddress) = (name, server);
        Node = NetworkNamespace.Create("node");
        Node.SetSysctl("net.ipv4.ip_forward", "1");
        foreach (var which in (string[])["all", "default"])
            Node.SetSysctl($"net.ipv4.conf.{which}.rp_filter", "0");
        _client.SetSysctl("net.ipv4.ip_local_port_range", "10000 65000");
        _server.SetSysctl("net.core.somaxconn", "65535");
        Routing = Node.Run(() => new RtSocket());
        PodLink.Join(Routing, _client, "eth0", client);
        PodLink.Join(Routing, _server, "pod0", server);
        Routing.ReplaceRoute(new(new(IPAddress.Any, 0)) { Gateway = client, Device = "eth0", OnLink = true });
        (_listening, _bulkListening) =
            _server.Run(() => (LoadSockets.Listen(Port), LoadSockets.Listen(BulkPort)));
        Begin(AcceptAll);
        Begin(DrainAll);
    }

    public string Name { get; }

    public NetworkNamespace Node { get; }

    public RtSocket Routing { get; }

    public IPAddress ServerAddress { get; }

    /// <summary>Processor time of a new connection along the whole way, in microseconds.</summary>
    public List<double> ConnectionTime { get; } = [];

    /// <summary>New connections a second by the clock on the wall.</summary>
    public List<double> ConnectionRate { get; } = [];

    /// <summary>Processor time of a mebibyte at both ends and along the way, in microseconds.</summary>
    public List<double> BulkTime { get; } = [];

    /// <summary>Mebibytes a second by the clock on the wall.</summary>
    public List<double> BulkRate { get; } = [];

    /// <summary>
    /// Connections one after the other. All that happens on the way until the client's connect returns is done by its
    /// own thread (links between namespaces hand packets on in the call that sends them), so its processor time is the
    /// way's; the server only takes them from its queue.
    /// </summary>
    public void MeasureConnections(bool keep)
    {
        var before = Volatile.Read(ref _accepted);
        var (took, used) = _client.Run(() =>
        {
            var (began, from) = (Stopwatch.GetTimestamp(), ThreadClock.Microseconds);
            for (var i = 0; i < Connections; i++)
                _ = LoadSockets.Close(LoadSockets.Connect(ServerAddress, Port));
            return (Stopwatch.GetElapsedTime(began), ThreadClock.Microseconds - from);
        });
        while (Volatile.Read(ref _accepted) < before + Connections)
            Thread.Sleep(1);
        if (!keep)
            return;
        ConnectionTime.Add(used / Connections);
        ConnectionRate.Add(Connections / took.TotalSeconds);
    }

    /// <summary>One stream. The receiver's time counts too, so the process's is taken.</summary>
    public void MeasureBulk(bool keep)
    {
        var before = Volatile.Read(ref _received);
        var (began, from) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        var socket = _client.Run(() => LoadSockets.Connect(ServerAddress, BulkPort));
        for (var sent = 0L; sent < BulkBytes; sent += _block.Length)
            LoadSockets.SendAll(socket, _block);
        while (Volatile.Read(ref _received) < before + BulkBytes)
            Thread.Sleep(0);
        var (took, used) = (Stopwatch.GetElapsedTime(began), Environment.CpuUsage.TotalTime - from);
        _ = LoadSockets.Close(socket);
        if (!keep)
            return;
        var mebibytes = BulkBytes / (double)(1 << 20);
        BulkTime.Add(used.TotalMicroseconds / mebibytes);
        BulkRate.Add(mebibytes / took.TotalSeconds);
    }

    public void Dispose()
    {
        LoadSockets.Shutdown(_listening);
        LoadSockets.Shutdown(_bulkListening);
        _ = LoadSockets.Close(_listening);
        _ = LoadSockets.Close(_bulkListening);
        Routing.Dispose();
        _client.Dispose();
        _server.Dispose();
        Node.Dispose();
    }

    private static void Begin(Action work) => new Thread(() => work()) { IsBackground = true }.Start();

    private void AcceptAll()
    {
        while (LoadSockets.Accept(_listening) is >= 0 and var connection)
        {
            _ = LoadSockets.Close(connection);
            Interlocked.Increment(ref _accepted);
        }
    }

    private void DrainAll()
    {
        var buffer = new byte[256 << 10];
        while (LoadSockets.Accept(_bulkListening) is >= 0 and var connection)
        {
            while (LoadSockets.Receive(connection, buffer) is > 0 and var count)
                Interlocked.Add(ref _received, count);
            _ = LoadSockets.Close(connection);
        }
    }
}
