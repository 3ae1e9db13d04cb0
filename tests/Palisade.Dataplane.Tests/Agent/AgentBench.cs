using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Palisade.ApiServer;
using Palisade.Dataplane.Tests.World;
using Palisade.Kubernetes.Client;

namespace Palisade.Dataplane.Tests.Agent;

/// <summary>
/// The embedded API server, a node with two pods in namespaces, and the real palisade-agent as a process in the node's
/// namespace, which reaches the server through a listener on that namespace's own loopback.
/// </summary>
internal sealed class AgentBench : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("palisade-agent-test").FullName;
    private readonly int _port;
    private Socket _listener;
    private Process? _agent;
    private Channel<string> _lines = Channel.CreateUnbounded<string>();

    private AgentBench(PacketWorld world)
    {
        World = world;
        _listener = Listener(0);
        _port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
    }

    public PacketWorld World { get; }

    public NodePlace Node => World.Fabric.Nodes[0];

    public EmbeddedApiServer Server { get; private set; } = null!;

    public KubeClient Client { get; private set; } = null!;

    public Process Agent => _agent ?? throw new InvalidOperationException("no agent");

    public List<string> Log { get; } = [];

    public static async Task<AgentBench> StartAsync(bool bridged = false)
    {
        var bench = new AgentBench(new PacketWorld(nodes: 1, podsPerNode: 2, bridged));
        await bench.ServeAsync();
        return bench;
    }

    /// <summary>The agent of this build.</summary>
    public static string Present => Path.Combine(AppContext.BaseDirectory, "palisade-agent");

    /// <summary>The agent that is started next; an older one has fewer options.</summary>
    public string Program { get; set; } = Present;

    private string MetricSocket => Path.Combine(RunDirectory, "metrics.sock");

    /// <summary>
    /// The agent's figures: each sample by its name and labels. One that was just started offers them in a moment.
    /// </summary>
    public async Task<IReadOnlyDictionary<string, double>> MetricsAsync()
    {
        using var client = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancel) =>
            {
                var socket = new Socket(
                    System.Net.Sockets.AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(MetricSocket), cancel);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        var text = "";
        for (var began = Stopwatch.GetTimestamp(); text.Length == 0;)
        {
            try
            {
                text = await client.GetStringAsync("http://agent/metrics");
            }
            catch (HttpRequestException) when (Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(60))
            {
                await Task.Delay(20);
            }
        }

        return text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line[0] != '#')
            .ToDictionary(
                line => line[..line.LastIndexOf(' ')],
                line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }

    public string RunDirectory => Path.Combine(_directory, "run");

    private string Kubeconfig => Path.Combine(_directory, "agent.kubeconfig");

    public void StartAgent(params string[] more)
    {
        _lines = Channel.CreateUnbounded<string>();
        var start = new ProcessStartInfo(Program)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        string[] arguments =
        [
            "--node", "n1", "--kubeconfig", Kubeconfig, "--exit-with-stdin", .. more,
        ];
        if (Program == Present)
            arguments = [.. arguments, "--run-directory", RunDirectory, "--metrics", $"unix:{MetricSocket}"];
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        var agent = _agent = Node.Namespace.Start(start);
        var lines = _lines.Writer;
        agent.OutputDataReceived += (_, e) => { if (e.Data is not null) lines.TryWrite(e.Data); };
        agent.ErrorDataReceived += (_, e) => { if (e.Data is not null) lock (Log) Log.Add(e.Data); };
        agent.BeginOutputReadLine();
        agent.BeginErrorReadLine();
    }

    /// <summary>
    /// Creates an object and returns its resourceVersion; a pod's status follows in a second request.
    /// </summary>
    public async Task<ulong> CreateAsync(KubeResource resource, string? ns, JsonObject value)
    {
        var status = value["status"]?.DeepClone();
        var created = await Client.CreateAsync(resource, ns, value, default);
        if (status is null)
            return VersionOf(created);
        var patched = await Client.PatchAsync(
            resource, ns, (string)created["metadata"]!["name"]!, PatchKind.Merge,
            new JsonObject { ["status"] = status }, default, "status");
        return VersionOf(patched);
    }

    /// <summary>
    /// Waits until the agent says that it enforces a version of a resource. Each resource is followed by itself: the
    /// newest number of all says nothing about another's.
    /// </summary>
    public async Task EnforcedAsync(ulong version, string resource = "networkpolicies")
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        try
        {
            await foreach (var line in _lines.Reader.ReadAllAsync(limit.Token))
            {
                var words = line.Split(' ');
                var number = words.FirstOrDefault(word => word.StartsWith($"{resource}=", StringComparison.Ordinal));
                if (words[0] == "enforced" && number is not null && ulong.Parse(number.Split('=')[1]) >= version)
                    return;
            }
        }
        catch (OperationCanceledException)
        {
            lock (Log)
                Assert.Fail($"version {version} was not enforced:\n{string.Join('\n', Log)}");
        }
    }

    /// <summary>A server on the same data and at the same port as the one that went.</summary>
    public async Task ReturnServerAsync()
    {
        _listener = Listener(_port);
        Client.Dispose();
        await ServeAsync();
    }

    /// <summary>The API server goes, and its listener in the node's namespace.</summary>
    public async Task EndServerAsync()
    {
        if (!_listener.SafeHandle.IsClosed)
            await Server.DisposeAsync();
        _listener.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        if (_agent is { } agent)
        {
            agent.StandardInput.Close();
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            await agent.WaitForExitAsync(limit.Token);
            agent.Dispose();
        }

        Client.Dispose();
        await EndServerAsync();
        World.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task ServeAsync()
    {
        Server = await EmbeddedApiServer.StartAsync(new()
        {
            DataDirectory = Path.Combine(_directory, "data"),
            ListenHandles = [(int)_listener.Handle],
        });
        await File.WriteAllTextAsync(Kubeconfig, Server.KubeconfigFor($"https://127.0.0.1:{_port}"));
        var outer = Path.Combine(_directory, "kubeconfig");
        await File.WriteAllTextAsync(outer, Server.KubeconfigText);
        Client = KubeClient.FromKubeconfig(outer);
    }

    private Socket Listener(int port) => Node.Namespace.Run(() =>
    {
        var socket = new Socket(System.Net.Sockets.AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
        return socket;
    });

    private static ulong VersionOf(JsonObject value) => ulong.Parse((string)value["metadata"]!["resourceVersion"]!);
}
