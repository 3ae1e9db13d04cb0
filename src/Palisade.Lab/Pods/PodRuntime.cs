using System.Text.Json.Nodes;
using Palisade.ApiServer;
using Palisade.Lab.Network;
using Palisade.Lab.Pods.Streams;
using Palisade.Nftables.Kernel;

namespace Palisade.Lab.Pods;

/// <summary>
/// A pod on its node: its namespace and its link, which stays down until the node's agent enforces a state that knows
/// the pod, and then its containers. A pod on the host's network has neither of its own.
/// </summary>
internal sealed class PodRuntime
{
    private readonly ContainerSettings _settings;
    private readonly NetworkNamespace? _own;
    private readonly IPodLink? _link;
    private readonly string _started;
    private string? _opened;
    private readonly CancellationTokenSource _hurry = new();
    private ContainerHost? _containers;
    private Task? _stopping;
    private volatile bool _hasStopped;
    private string _lastStatus = "";

    private PodRuntime(
        PodObject pod, LabNode node, AddressLease? lease, (NetworkNamespace Namespace, IPodLink Link)? own,
            ContainerSettings settings)
    {
        Pod = pod;
        Node = node;
        Lease = lease;
        _settings = settings;
        _own = own?.Namespace;
        _link = own?.Link;
        _started = settings.Now();
    }

    /// <summary>The newest form of the pod.</summary>
    public PodObject Pod { get; set; }

    /// <summary>Its node.</summary>
    public LabNode Node { get; }

    /// <summary>What it took from the node's range; null on the host's network.</summary>
    public AddressLease? Lease { get; }

    /// <summary>Its addresses.</summary>
    public AddressPair Addresses => Lease?.Addresses ?? Node.Addresses;

    /// <summary>The node's end of its link; null on the host's network.</summary>
    public string? LinkName => _link?.Name;

    /// <summary>Where its sockets live.</summary>
    public NetworkNamespace Namespace => _own ?? Node.Namespace;

    /// <summary>Whether its link is up and its containers run.</summary>
    public bool IsOpen => _opened is not null;

    /// <summary>The resource version that told the world its addresses; null until that is written.</summary>
    public ulong? GateVersion { get; set; }

    /// <summary>Whether the agent's state must include the pod before it may speak.</summary>
    public bool NeedsGate => _own is not null;

    /// <summary>Makes namespace and link.</summary>
    public static PodRuntime Create(
        PodObject pod, LabNode node, AddressLease lease, string link, ContainerSettings settings)
    {
        var own = LabNamespaces.CreateHost(pod.Key);
        try
        {
            return new PodRuntime(pod, node, lease, (own, node.Connect(link, own, lease.Addresses)), settings);
        }
        catch
        {
            own.Dispose();
            throw;
        }
    }

    /// <summary>A pod on its node's own network.</summary>
    public static PodRuntime OnHostNetwork(PodObject pod, LabNode node, ContainerSettings settings) =>
        new(pod, node, null, null, settings);

    /// <summary>Brings the link up and starts the containers.</summary>
    public void Open()
    {
        _link?.Open();
        _opened = _settings.Now();
        _containers = ContainerHost.Start(Pod, Node, Namespace, Addresses, _settings);
    }

    /// <summary>The status to write, or null when the last one written still holds.</summary>
    public JsonObject? NextStatus()
    {
        var note = _containers?.Note ?? "";
        var status = PodStatusWriter.Write(Pod, Node, Addresses, _started, _opened, Report, note);
        var text = status.ToJsonString();
        if (text == _lastStatus)
            return null;
        _lastStatus = text;
        return status;
    }

    /// <summary>
    /// Asks its programs to end, and makes them after the grace period. True: they have ended; else a change is told
    /// when they have.
    /// </summary>
    public bool Stop(TimeSpan grace)
    {
        if (_containers is null)
            return true;
        _stopping ??= StopAsync(_containers, grace);
        return _hasStopped;
    }

    private async Task StopAsync(ContainerHost containers, TimeSpan grace)
    {
        await containers.StopCommandsAsync(grace, _hurry.Token);
        _hasStopped = true;
        _settings.Changed();
    }

    /// <summary>Cuts the link at once; then ends the containers, and the namespace with them.</summary>
    /// <param name="withNode">
    /// The node ends too, and its links with it: each one cut by itself costs some 20 ms (the kernel waits for its
    /// readers).
    /// </param>
    public async Task EndAsync(bool withNode = false)
    {
        if (!withNode)
            _link?.Cut();
        await _hurry.CancelAsync();
        if (_stopping is not null)
            await _stopping;
        if (_containers is not null)
            await _containers.DisposeAsync();
        _hurry.Dispose();
        _own?.Dispose();
    }

    /// <summary>What a container does; null where there is none of that name.</summary>
    public ContainerReport? Report(string container) =>
        Pod.Containers.Concat(Pod.InitContainers).FirstOrDefault(one => one.Name == container) is { } found
            ? Report(found)
            : null;

    /// <summary>The log of a container; null before it begins, and where it has none.</summary>
    public ContainerLog? LogOf(string container) => _containers?.LogOf(container);

    /// <summary>Where and as what the programs of a container run; null before it begins.</summary>
    public PodCommand? CommandOf(string container) => _containers?.CommandOf(container);

    /// <summary>Starts a command beside the containers' own; only while <see cref="IsOpen"/>.</summary>
    public IContainerProcess Exec(PodCommand command, CommandRequest request) => _containers!.Exec(command, request);

    /// <summary>Joins a container's command, or null where it has none.</summary>
    public IContainerProcess? Attach(string container, CommandRequest request) =>
        _containers?.Attach(container, request);

    private ContainerReport Report(PodContainer container) => _containers?.Report(Pod, container)
        ?? new ContainerReport(
            new ContainerState.Waiting("ContainerCreating", $"{Node.Name} does not enforce its policies yet"), null, 0);
}
