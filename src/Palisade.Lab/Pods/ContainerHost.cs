using System.Net;
using System.Net.Sockets;
using System.Text;
using Palisade.ApiServer;
using Palisade.Lab.Connect;
using Palisade.Lab.Dns;
using Palisade.Lab.Network;
using Palisade.Lab.Pods.Streams;
using Palisade.Lab.Servers;
using Palisade.Nftables.Kernel;

namespace Palisade.Lab.Pods;

/// <summary>What all pods' containers are started with.</summary>
/// <param name="Shim">See <see cref="PodCommand"/>.</param>
/// <param name="Logs">Where containers' output is kept.</param>
/// <param name="Mark">Identifies the lab in children's environments.</param>
/// <param name="Now">The time for status, RFC 3339.</param>
/// <param name="Changed">Is called when a container's state changed.</param>
internal sealed record ContainerSettings(
    IReadOnlyList<string> Shim, PodLogs Logs, string Mark, Func<string> Now, Action Changed)
{
    /// <summary>Waits for containers' output.</summary>
    public required Poller Poller { get; init; }

    /// <summary>The clock of logs.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>The names of the cluster, which a pod that serves DNS answers with.</summary>
    public Func<DnsQuestion, DnsAnswer> Names { get; init; } = _ => DnsAnswer.Only(DnsCode.Refused);

    /// <summary>Writes the resolv.conf of a pod; answers its file, or null where the machine's own counts.</summary>
    public Func<PodObject, string?> ResolverFile { get; init; } = _ => null;
}

/// <summary>A pod's containers while they run: built-in servers, and host programs where a command is given.</summary>
internal sealed class ContainerHost : IAsyncDisposable
{
    /// <summary>What a pod listens on that declares no port and has no command: what most images do.</summary>
    public static readonly LabPort Usual = new(ProbeProtocol.Tcp, 80);

    private readonly ContainerSettings _settings;
    private readonly List<IAsyncDisposable> _servers = [];
    private readonly Dictionary<string, HostCommand> _commands = [];
    private readonly Dictionary<string, ContainerLog> _logs = [];
    private readonly Dictionary<string, PodCommand> _runs = [];
    private readonly HashSet<ExecProcess> _execs = [];
    private readonly Dictionary<string, Readiness> _readiness = [];
    private readonly List<string> _notes = [];
    private readonly string _begun;

    private ContainerHost(ContainerSettings settings)
    {
        _settings = settings;
        _begun = settings.Now();
    }

    /// <summary>
    /// What a reader of the pod's status should know, such as a port that could not be opened; empty for nothing.
    /// </summary>
    public string Note => string.Join("; ", _notes);

    /// <summary>Starts everything.</summary>
    public static ContainerHost Start(
        PodObject pod, LabNode node, NetworkNamespace where, AddressPair addresses, ContainerSettings settings)
    {
        var host = new ContainerHost(settings);
        foreach (var container in pod.LongRunning)
        {
            var log = host._logs[container.Name] = new ContainerLog(
                settings.Logs.DirectoryOf(pod.Namespace, pod.Name, pod.Uid), container.Name, settings.Time);
            host._runs[container.Name] = host.CommandOf(pod, container, node, where, addresses);
            if (container.Command.IsEmpty)
                log.BeginRun();
        }

        host.OpenServers(pod, where);
        foreach (var container in pod.LongRunning)
        {
            if (!container.Command.IsEmpty)
                host._commands[container.Name] = host.StartCommand(pod, container);
            if (container.Readiness is { } probe)
                host._readiness[container.Name] = new Readiness(probe, node, addresses.V4, settings.Changed);
        }

        return host;
    }

    /// <summary>What a container does.</summary>
    public ContainerReport Report(PodObject pod, PodContainer container) =>
        Running(pod, container) with { IsAnswering = !_readiness.TryGetValue(container.Name, out var r) || r.IsReady };

    /// <summary>Ends the containers' commands: asks them, and makes them when it has taken too long.</summary>
    public Task StopCommandsAsync(TimeSpan grace, CancellationToken hurry) =>
        Task.WhenAll(_commands.Values.Select(command => command.StopAsync(grace, hurry)));

    /// <summary>The log of a container, or null where it has none.</summary>
    public ContainerLog? LogOf(string container) => _logs.GetValueOrDefault(container);

    /// <summary>Where and as what the programs of a container run; null where it runs none.</summary>
    public PodCommand? CommandOf(string container) => _runs.GetValueOrDefault(container);

    /// <summary>Joins a container's command, or null where it has none.</summary>
    public IContainerProcess? Attach(string container, CommandRequest request) =>
        _commands.GetValueOrDefault(container)?.Attach(request);

    /// <summary>Starts a command beside the containers' own.</summary>
    public IContainerProcess Exec(PodCommand command, CommandRequest request)
    {
        var process = PodProcess.Start(command, request.Terminal, _settings.Poller);
        lock (_execs)
        {
            var exec = new ExecProcess(process, request, Forget);
            _execs.Add(exec);
            return exec;
        }
    }

    private void Forget(ExecProcess exec)
    {
        lock (_execs)
            _execs.Remove(exec);
    }

    private ContainerReport Running(PodObject pod, PodContainer container)
    {
        if (_commands.TryGetValue(container.Name, out var command))
            return command.Report;
        // Init containers prepare an image's volumes; there are neither here, so they are over as soon as they begin.
        if (pod.InitContainers.Contains(container) && !pod.Sidecars.Contains(container))
            return new ContainerReport(new ContainerState.Terminated(0, _begun, _begun), null, 0);
        return new ContainerReport(new ContainerState.Running(_begun), null, 0);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_readiness.Values.Select(readiness => readiness.DisposeAsync().AsTask()));
        List<ExecProcess> execs;
        lock (_execs)
            execs = [.. _execs];
        await Task.WhenAll(
            _commands.Values.Select(command => command.DisposeAsync().AsTask())
                .Concat(execs.Select(exec => exec.EndAsync())));
        foreach (var server in _servers)
            await server.DisposeAsync();
        foreach (var log in _logs.Values)
            log.EndRun();
    }

    private void OpenServers(PodObject pod, NetworkNamespace where)
    {
        var ports = PortsOf(pod);
        var bind = LabNamespaces.HasIPv6 ? IPAddress.IPv6Any : IPAddress.Any;
        if (pod.IsDns)
        {
            OpenDns(bind, where);
            return;
        }

        foreach (var port in ports.Where(port => port.Protocol != ProbeProtocol.Sctp))
        {
            try
            {
                _servers.Add(where.Run(() => BuiltInServer.Open(bind, port, pod.Name, LogOf(pod, port))));
            }
            catch (SocketException refusal)
            {
                _notes.Add($"port {port} is not open: {refusal.Message}");
            }
        }

        var sctp = ports.Where(port => port.Protocol == ProbeProtocol.Sctp).Select(port => port.Number).ToList();
        if (sctp.Count > 0)
            OpenSctp(sctp, where);
    }

    /// <summary>The log of the container that a built-in server stands in for.</summary>
    private Action<string>? LogOf(PodObject pod, LabPort port)
    {
        var silent = pod.LongRunning.Where(container => container.Command.IsEmpty).ToList();
        var owner = silent.Find(container => container.Ports.Contains(port)) ?? silent.FirstOrDefault();
        return owner is null
            ? null
            : text => _logs[owner.Name].Append(false, Encoding.UTF8.GetBytes(text + "\n"));
    }

    private void OpenDns(IPAddress bind, NetworkNamespace where)
    {
        try
        {
            _servers.Add(where.Run(() => DnsServer.Open(bind, _settings.Names)));
        }
        catch (SocketException refusal)
        {
            _notes.Add($"DNS is not answered: {refusal.Message}");
        }
    }

    private void OpenSctp(List<ushort> ports, NetworkNamespace where)
    {
        try
        {
            _servers.Add(where.Run(() => new SctpResponder(ports, LabNamespaces.HasIPv6)));
        }
        catch (KernelException refusal)
        {
            _notes.Add($"SCTP ports are not answered: {refusal.Message}");
        }
    }

    /// <summary>The ports that built-in servers open. A container with a command opens its own.</summary>
    internal static IReadOnlyList<LabPort> PortsOf(PodObject pod)
    {
        var isSilent = pod.LongRunning.All(container => container.Ports.IsEmpty && container.Command.IsEmpty);
        return isSilent
            ? [Usual]
            : [.. pod.LongRunning.Where(container => container.Command.IsEmpty)
                .SelectMany(container => container.Ports).Where(port => port.Number != 0).Distinct()];
    }

    private HostCommand StartCommand(PodObject pod, PodContainer container) => new(
        new HostCommandStart(
            _runs[container.Name], pod.Sidecars.Contains(container) ? "Always" : pod.RestartPolicy, container.Input,
            container.HasTerminal, _logs[container.Name], _settings.Poller),
        _settings.Now, _settings.Changed);

    private PodCommand CommandOf(
        PodObject pod, PodContainer container, LabNode node, NetworkNamespace where, AddressPair addresses)
    {
        var known = new Dictionary<string, string>
        {
            ["metadata.name"] = pod.Name,
            ["metadata.namespace"] = pod.Namespace,
            ["metadata.uid"] = pod.Uid,
            ["spec.nodeName"] = node.Name,
            ["status.podIP"] = addresses.V4.ToString(),
            ["status.podIPs"] = string.Join(',', addresses.All),
            ["status.hostIP"] = node.Addresses.V4.ToString(),
        };
        List<KeyValuePair<string, string>> environment =
        [
            new("HOSTNAME", pod.Name), new("POD_NAME", pod.Name), new("POD_NAMESPACE", pod.Namespace),
            new("POD_IP", addresses.V4.ToString()), new("NODE_NAME", node.Name),
            .. container.Environment.Select(variable => new KeyValuePair<string, string>(
                variable.Name, variable.Value ?? known.GetValueOrDefault(variable.FieldPath ?? "") ?? "")),
            new(LabOptions.Marker, _settings.Mark),
        ];
        return new PodCommand(
            where, _settings.Shim, container.Command, environment, container.WorkingDirectory,
            _settings.ResolverFile(pod), pod.IsHostNetwork ? node.Name : pod.HostName);
    }
}
