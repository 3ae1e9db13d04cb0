using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using Palisade.ApiServer;
using Palisade.Nftables.Kernel;

namespace Palisade.Lab.Pods.Streams;

/// <summary>kubectl logs, exec, attach, cp and port-forward for the lab's pods.</summary>
/// <param name="pods">The pods; they come after the server.</param>
/// <param name="logs">Where logs are.</param>
/// <param name="time">The clock of logs.</param>
/// <param name="catchUp">Waits until the nodes enforce what the API has acknowledged.</param>
internal sealed class PodStreams(
    Func<PodController> pods, PodLogs logs, TimeProvider time, Func<CancellationToken, Task> catchUp) : IPodStreams
{
    // What people try first, and where Debian and its kin have it.
    private static readonly Dictionary<string, string> _packages = new(StringComparer.Ordinal)
    {
        ["curl"] = "curl",
        ["wget"] = "wget",
        ["nc"] = "netcat-openbsd",
        ["ping"] = "iputils-ping",
        ["dig"] = "dnsutils",
        ["nslookup"] = "dnsutils",
        ["tar"] = "tar",
    };

    public Task WriteLogAsync(ContainerTarget container, LogRequest request, Stream to, CancellationToken cancel)
    {
        var runtime = pods().Find(container.Uid);
        var report = runtime?.Report(container.Container);
        var log = runtime?.LogOf(container.Container) ?? new ContainerLog(
            logs.DirectoryOf(container.Namespace, container.Pod, container.Uid), container.Container, time);
        // Between two runs, the one that has just ended is the previous one too.
        var isBetween = report is { IsRunning: false, Last: not null };
        var previous = request.Previous && !isBetween;
        if (previous && !log.Has(previous: true))
        {
            throw BadRequest(
                $"previous terminated container \"{container.Container}\" in pod \"{container.Pod}\" not found");
        }

        if (!log.Has(previous) && report?.State is ContainerState.Waiting waiting)
        {
            throw BadRequest(
                $"container \"{container.Container}\" in pod \"{container.Pod}\" is waiting to start: "
                + waiting.Reason);
        }

        return LogReader.WriteAsync(log, previous, request, to, cancel);
    }

    public async Task<IContainerProcess> ExecAsync(
        ContainerTarget container, CommandRequest request, CancellationToken cancel)
    {
        // Who has just applied a policy expects it to be in force.
        await catchUp(cancel);
        var runtime = Running(container);
        var command = runtime.CommandOf(container.Container)! with { Command = request.Command };
        var path = command.Environment.LastOrDefault(variable => variable.Key == "PATH").Value
            ?? Environment.GetEnvironmentVariable("PATH");
        if (PodCommandShim.Find(request.Command[0], path) is null)
            throw Internal($"exec: \"{request.Command[0]}\": executable file not found in $PATH{Advice(request)}");
        try
        {
            return runtime.Exec(command, request);
        }
        catch (Exception refusal) when (refusal is Win32Exception or KernelException)
        {
            throw Internal(refusal.Message);
        }
    }

    public Task<IContainerProcess> AttachAsync(
        ContainerTarget container, CommandRequest request, CancellationToken cancel) =>
        Task.FromResult(
            Running(container).Attach(container.Container, request)
                ?? throw BadRequest(
                    $"container {container.Container} has no command of its own: a built-in server stands in for its " +
                    "image; see kubectl logs"));

    public async Task<Socket> DialAsync(string ns, string pod, int port, CancellationToken cancel)
    {
        if (pods().Find(ns, pod) is not { IsOpen: true } runtime)
            throw BadRequest($"pod {ns}/{pod} does not run");
        try
        {
            return await DialAsync(runtime, IPAddress.Loopback, port, cancel);
        }
        catch (SocketException)
        {
            // Servers may listen on one family only.
        }

        try
        {
            return await DialAsync(runtime, IPAddress.IPv6Loopback, port, cancel);
        }
        catch (SocketException refusal)
        {
            throw new StatusException(
                500, "InternalError",
                $"failed to connect to localhost:{port} inside pod {ns}/{pod}: {refusal.Message}");
        }
    }

    private static async Task<Socket> DialAsync(
        PodRuntime runtime, IPAddress address, int port, CancellationToken cancel)
    {
        // A socket belongs to the namespace it was made in.
        var socket = runtime.Namespace.Run(
            () => new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
        try
        {
            await socket.ConnectAsync(new IPEndPoint(address, port), cancel);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private PodRuntime Running(ContainerTarget container) =>
        pods().Find(container.Uid) is { IsOpen: true } runtime
        && runtime.Report(container.Container) is { IsRunning: true }
            ? runtime
            : throw new StatusException(
                500, "InternalError", $"unable to upgrade connection: container not found (\"{container.Container}\")");

    private static string Advice(CommandRequest request)
    {
        var name = request.Command[0];
        return "; pods run the programs of this machine, which has none of that name"
            + (_packages.TryGetValue(name, out var package) ? $": install it here (apt-get install {package})" : "");
    }

    private static StatusException BadRequest(string message) => new(400, "BadRequest", message);

    private static StatusException Internal(string message) => new(
        500, "InternalError", $"Internal error occurred: error executing command in container: {message}");
}
