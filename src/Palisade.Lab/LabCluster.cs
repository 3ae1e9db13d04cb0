using System.Globalization;
using Microsoft.AspNetCore.Routing;
using Palisade.ApiServer;
using Palisade.Lab.Admission;
using Palisade.Lab.Connect;
using Palisade.Lab.Dns;
using Palisade.Lab.Flows;
using Palisade.Lab.Network;
using Palisade.Lab.Nodes;
using Palisade.Lab.Pods;
using Palisade.Lab.Pods.Streams;
using Palisade.Lab.Services;
using Palisade.Nftables.Kernel;

namespace Palisade.Lab;

/// <summary>
/// A Kubernetes-compatible cluster on this machine: the embedded API server in this process, and per node a network
/// namespace with the production agent as a process of its own; every pod is a namespace. Nothing in the machine's own
/// network namespace is touched. Ending the process, in any way, ends all of it; the data directory keeps the objects.
/// </summary>
public sealed class LabCluster : IAsyncDisposable
{
    /// <summary>How many nodes there can be: each has an octet of the pods' IPv4 range.</summary>
    public const int MostNodes = AddressPlan.MostNodes;

    // An agent takes milliseconds; seconds only on a machine that is very busy, or while it is being started again.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly LabOptions _options;
    private readonly DataLock _lock;
    private readonly CancellationTokenSource _stop = new();
    private readonly Stack<Func<ValueTask>> _undo = [];
    private readonly Enforcement _enforcement = new();
    private readonly Poller _poller = new();
    private LabNetwork? _network;
    private EmbeddedApiServer? _server;
    private ConnectService? _connect;
    private PodController? _pods;
    private ClusterServices? _services;

    private LabCluster(LabOptions options, DataLock dataLock)
    {
        _options = options;
        _lock = dataLock;
    }

    /// <summary>The kubeconfig file, for this machine's own programs.</summary>
    public string KubeconfigFile => Path.Combine(_lock.Directory, "kubeconfig");

    /// <summary>Where the kubeconfig of who may only read is.</summary>
    public string ViewerKubeconfigFile => Path.Combine(_lock.Directory, "kubeconfig-viewer");

    /// <summary>Where agents and commands write their output.</summary>
    public string LogDirectory => Path.Combine(_lock.Directory, "log");

    /// <summary>The API server.</summary>
    public EmbeddedApiServer Server => _server ?? throw new InvalidOperationException("not started");

    /// <summary>The nodes' names.</summary>
    public IReadOnlyList<string> Nodes => [.. Network.Nodes.Select(node => node.Name)];

    private LabNetwork Network => _network ?? throw new InvalidOperationException("not started");

    /// <summary>Starts everything; pods and agents may still be on their way (<see cref="WaitReadyAsync"/>).</summary>
    /// <exception cref="LabException">This machine cannot do it, or the data directory is in use.</exception>
    public static async Task<LabCluster> StartAsync(LabOptions options, CancellationToken cancel = default)
    {
        if (options.Nodes is < 1 or > AddressPlan.MostNodes)
            throw new LabException($"--nodes must be 1 to {AddressPlan.MostNodes}");
        Machine.Check();
        var lab = new LabCluster(options, DataLock.Take(options.DataDirectory));
        try
        {
            await lab.BuildAsync(cancel);
            return lab;
        }
        catch (StatusException refusal)
        {
            // The server does not take what the lab begins with: its disk is full.
            await lab.DisposeAsync();
            throw new LabException(refusal.Message, refusal);
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    /// <summary>Creates namespace dev-team with web, frontend and stranger, as far as they are not there.</summary>
    public void CreateDemo() => DemoObjects.Create(Server.Store);

    /// <summary>
    /// Waits until every node enforces, and the pods are up; but for a pod that cannot be (no node of that name, no
    /// address left) only so long.
    /// </summary>
    public async Task WaitReadyAsync(CancellationToken cancel)
    {
        while (!_enforcement.HasBegun)
            await Task.Delay(20, cancel);
        var begun = _options.Time.GetTimestamp();
        while (_pods!.Count() is var (all, open) && open < all && _options.Time.GetElapsedTime(begun) < Patience)
            await Task.Delay(20, cancel);
    }

    /// <summary>Opens one real connection.</summary>
    public Task<ConnectAnswer> ConnectAsync(ConnectRequest request, CancellationToken cancel = default) =>
        _connect!.ConnectAsync(request, cancel);

    /// <summary>Ends pods, agents, server and namespaces, in this order.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        while (_undo.TryPop(out var undo))
            await undo();
        _poller.Dispose();
        _stop.Dispose();
        _lock.Dispose();
    }

    private async Task BuildAsync(CancellationToken cancel)
    {
        if (StaleChildren.End(_lock.Directory) is var stale and > 0)
            _options.Say($"ended {stale} process{(stale == 1 ? "" : "es")} that a killed `up` had left");
        _network = await LabNetwork.CreateAsync(_options.Nodes, _options.Cni, cancel);
        _undo.Push(_network.DisposeAsync);
        var listeners = _network.Nodes.Select(node => new NodeListener(node)).ToList();
        _undo.Push(() =>
        {
            listeners.ForEach(listener => listener.Dispose());
            return ValueTask.CompletedTask;
        });
        _connect = new ConnectService(_network, () => _pods!, () => _services!.View, CatchUpAsync);
        string SocketOf(string node) => Path.Combine(RunDirectoryOf(node), FlowSocket.Name);
        var flows = new FlowService(() => Nodes, SocketOf, _options.Time);
        var names = new NameService(() => Nodes, SocketOf);
        _server = await StartServerAsync(
            listeners,
            routes =>
            {
                _connect.Map(routes);
                flows.Map(routes);
                names.Map(routes);
            },
            cancel);
        _undo.Push(_server.DisposeAsync);
        var now = Now();
        NodeObjects.RemoveSurplus(_server.Store, _network, _options.Say);
        NodeObjects.Register(_server.Store, _network, "1.35", now);
        _lock.Write("kubeconfig", _server.KubeconfigText);
        _lock.Write("kubeconfig-viewer", _server.ViewerKubeconfigText);
        _services = new ClusterServices(_server, _network, _options.Say);
        _undo.Push(_services.DisposeAsync);
        DnsObjects.Create(_server.Store, _network.Plan);
        StartPods();
        StartAgents();
    }

    private async Task<EmbeddedApiServer> StartServerAsync(
        List<NodeListener> listeners, Action<IEndpointRouteBuilder> map, CancellationToken cancel)
    {
        try
        {
            return await EmbeddedApiServer.StartAsync(
                new ApiServerOptions
                {
                    DataDirectory = _lock.Directory,
                    Port = _options.Port,
                    ListenHandles = [.. listeners.Select(listener => listener.Handle)],
                    MapExtra = map,
                    PodWarning = PodWarnings.For,
                    Admission = _options.Effects == PolicyEffect.Ignored
                        ? null
                        : new PolicyAdmission(() => _server!.Store, _options.Effects == PolicyEffect.Refused).Plugin,
                    PodStreams = new PodStreams(() => _pods!, new PodLogs(LogDirectory), _options.Time, CatchUpAsync),
                    ServiceRanges = [.. Network.Plan.ServiceRanges],
                    RunsControllers = true,
                    EndsPodsGracefully = true,
                    Time = _options.Time,
                },
                cancel);
        }
        catch (Exception refusal) when (refusal is IOException or InvalidDataException)
        {
            throw new LabException(refusal.Message, refusal);
        }
    }

    private void StartPods()
    {
        Directory.CreateDirectory(LogDirectory);
        var settings = new ContainerSettings(
            _options.ShimProgram ?? Programs.Shim(), new PodLogs(LogDirectory), _lock.Directory, Now, () => { })
        {
            Poller = _poller,
            Time = _options.Time,
            Names = question => _services!.Answer(question, address => _pods!.Find(address)?.Pod.Namespace),
            ResolverFile = WriteResolverFile,
        };
        _pods = new PodController(_server!.Store, Network, _enforcement.Pods, settings, _options.Say);
        var running = _pods.RunAsync(_stop.Token);
        _undo.Push(async () =>
        {
            await running;
            _pods.Dispose();
        });
    }

    private void StartAgents()
    {
        var program = _options.AgentProgram ?? Programs.Agent();
        foreach (var node in Network.Nodes)
        {
            var kubeconfig = _server!.AgentKubeconfigFor(NodeListener.Url, node.Name);
            var file = _lock.Write(Path.Combine("run", $"{node.Name}.kubeconfig"), kubeconfig);
            var start = new AgentStart(
                node.Namespace, node.Name, program, file, Path.Combine(LogDirectory, $"agent-{node.Name}.log"),
                RunDirectoryOf(node.Name), Network.Plan.Dns, _lock.Directory);
            var agent = new AgentProcess(start, _options.Say, _pods!.Wake, _stop.Token);
            _enforcement.Add(node, agent);
            _undo.Push(agent.DisposeAsync);
        }
    }

    private string RunDirectoryOf(string node) => Path.Combine(_lock.Directory, "run", node);

    private string? WriteResolverFile(PodObject pod) =>
        ResolverFile.Text(pod.Spec, pod.Namespace, Network.Plan.Dns.V4) is { } text
            ? _lock.Write(Path.Combine("run", $"resolv-{pod.Uid}.conf"), text) : null;

    private async Task<bool> CatchUpAsync(CancellationToken cancel)
    {
        var caughtUp = await Task.WhenAll(
            _services!.CatchUpAsync(Patience, cancel), _enforcement.CatchUpAsync(Server.Store, Patience, cancel));
        return caughtUp.All(one => one);
    }

    private string Now() =>
        _options.Time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
