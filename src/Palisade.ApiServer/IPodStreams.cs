using System.Collections.Immutable;
using System.Net.Sockets;

namespace Palisade.ApiServer;

/// <summary>
/// What runs the pods, as far as clients look into them: the server speaks kubectl's protocols, and knows nothing of
/// how a pod is made. Refusals are <see cref="StatusException"/>s; a cancelled token means that the client has gone or
/// the server ends.
/// </summary>
public interface IPodStreams
{
    /// <summary>
    /// Writes a container's log. Flushes before it waits for more; refuses before the first byte or not at all.
    /// </summary>
    Task WriteLogAsync(ContainerTarget container, LogRequest request, Stream to, CancellationToken cancel);

    /// <summary>Starts a command beside a container's own.</summary>
    Task<IContainerProcess> ExecAsync(ContainerTarget container, CommandRequest request, CancellationToken cancel);

    /// <summary>Joins the command that the container runs.</summary>
    Task<IContainerProcess> AttachAsync(ContainerTarget container, CommandRequest request, CancellationToken cancel);

    /// <summary>Connects to a TCP port as the pod itself sees it, on its loopback.</summary>
    Task<Socket> DialAsync(string ns, string pod, int port, CancellationToken cancel);
}

/// <summary>A container of a pod that exists; whether it runs is for its runner to say.</summary>
public sealed record ContainerTarget(string Namespace, string Pod, string Uid, string Container);

/// <summary>v1.PodLogOptions.</summary>
public sealed record LogRequest
{
    /// <summary>Go on until the container ends.</summary>
    public bool Follow { get; init; }

    /// <summary>The run before the one that goes on.</summary>
    public bool Previous { get; init; }

    /// <summary>Put the time before each line.</summary>
    public bool Timestamps { get; init; }

    /// <summary>So many lines from the end; null: all.</summary>
    public long? TailLines { get; init; }

    /// <summary>Lines of this time and later; null: all.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>So many bytes at most; null: all.</summary>
    public long? LimitBytes { get; init; }

    /// <summary>Stdout or Stderr; null: both.</summary>
    public string? Stream { get; init; }
}

/// <summary>v1.PodExecOptions and v1.PodAttachOptions.</summary>
/// <param name="Command">The program and its arguments; empty to attach.</param>
/// <param name="Input">The client has standard input.</param>
/// <param name="Output">The client wants standard output.</param>
/// <param name="Errors">The client wants standard error.</param>
/// <param name="Terminal">Standard input and output are a terminal.</param>
public sealed record CommandRequest(
    ImmutableArray<string> Command, bool Input, bool Output, bool Errors, bool Terminal);

/// <summary>
/// A command of a container while a client looks at it. Disposal ends a command that was started for the client, and
/// leaves one that was joined.
/// </summary>
public interface IContainerProcess : IAsyncDisposable
{
    /// <summary>Its standard input; null where it reads none.</summary>
    Stream? Input { get; }

    /// <summary>Its standard output, or its terminal; ends when it has ended. Null where nobody asked for it.</summary>
    Stream? Output { get; }

    /// <summary>Its standard error; null with a terminal, and where nobody asked for it.</summary>
    Stream? Errors { get; }

    /// <summary>The client has nothing more to type.</summary>
    void EndInput();

    /// <summary>Says how large the client's terminal is; does nothing without one.</summary>
    void Resize(int columns, int rows);

    /// <summary>Waits for its end; answers the exit code.</summary>
    Task<int> WaitAsync(CancellationToken cancel);
}
