using System.Collections.Immutable;
using Palisade.Dataplane.FlowLog;
using Palisade.Dataplane.Network;
using Palisade.Kubernetes.Client;
using Palisade.Policy.Model;

namespace Palisade.Agent;

/// <summary>
/// All that the agent does about flows: records them, offers them on a socket, and makes Events of denials. Beside the
/// enforcement: what fails here is said, and enforces on.
/// </summary>
internal sealed class AgentFlows : IDisposable
{
    private readonly FlowRecorder _recorder;
    private readonly FlowServer _server;
    private readonly DenyEvents _events;
    private long _suppressed;

    public AgentFlows(
        AgentOptions options, KubeClient client, Func<string, string, string?> uidOf,
        Func<ImmutableArray<DomainName>> names, AgentLog log, TimeProvider time)
    {
        _events = new(client, options.Node, uidOf, log, time);
        _recorder = new(
            new()
            {
                Node = options.Node,
                LogGroup = options.LogGroup,
                Say = (what, reason) => log.Warn(what, ("reason", reason)),
                Record = record =>
                {
                    if (record.Kind == FlowKind.Suppressed && record.Reason != FlowRecorder.Connections)
                        Interlocked.Add(ref _suppressed, record.Count);
                    _events.Offer(record);
                },
            },
            time);
        _server = new(_recorder.Ring, names, options.Node, options.RunDirectory, log, time);
    }

    /// <summary>Denied packets that were counted and not logged.</summary>
    public long Suppressed => Interlocked.Read(ref _suppressed);

    /// <summary>The kernel has this now.</summary>
    public void Enforced(ClusterSnapshot snapshot, NodeNetwork network, ulong generation, bool changed) =>
        _recorder.Enforced(snapshot, network, generation, changed);

    /// <summary>Until cancelled.</summary>
    public Task RunAsync(CancellationToken cancel) =>
        Task.WhenAll(_server.RunAsync(cancel), _events.RunAsync(cancel));

    public void Dispose() => _recorder.Dispose();
}
