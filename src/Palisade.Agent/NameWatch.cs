using Palisade.Dataplane.Dns;
using Palisade.Dataplane.Network;
using Palisade.Kubernetes.Client;
using Palisade.Nftables.Kernel;
using Palisade.Nftables.Packets;

namespace Palisade.Agent;

/// <summary>
/// Listens to what pods ask the configured resolvers and what these answer, and wakes the agent when a name that some
/// policy mentions has other addresses. Without resolvers nothing is listened to.
/// </summary>
internal sealed class NameWatch(AgentOptions options, ChangeSignal changed, AgentLog log, TimeProvider time)
{
    /// <summary>Another listener has the group: perhaps an agent that is about to end.</summary>
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(2);

    /// <summary>How often it is looked for the end, and whether something was lost.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    /// <summary>Packets that were not read: a pod may ask more than is listened to.</summary>
    public long PacketsLost { get; private set; }

    /// <summary>What is learned.</summary>
    public NameLearner Learner { get; } = new(options.Resolvers, time);

    /// <summary>Takes in what an agent before this one learned. Before anything is enforced.</summary>
    public void Load()
    {
        if (!options.Resolvers.IsEmpty)
            Store.Load();
    }

    /// <summary>When a pass has something to do; null: not before another answer. Without a listener it ends too.
    /// </summary>
    public TimeSpan? Due => Learner.Due;

    /// <summary>Whether names are mentioned and nobody can tell their addresses.</summary>
    public bool LacksResolver => options.Resolvers.IsEmpty && Learner.HasMentions;

    /// <summary>Listens until cancelled, on a thread of its own.</summary>
    public Task RunAsync(CancellationToken cancel) => options.Resolvers.IsEmpty
        ? Task.Delay(Timeout.InfiniteTimeSpan, cancel)
        : Task.WhenAll(
            Task.Factory.StartNew(
                () => Run(cancel), cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default),
            Store.RunAsync(cancel));

    private NameStore Store => field ??= new(Learner, options.RunDirectory, log, time);

    private void Run(CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                // Whole packets, each at once: the pod connects as soon as it has the answer.
                using var socket = new NflogSocket(
                    new NodeSettings().NamesGroup, new() { CopyLength = 65_000, QueueThreshold = 1 });
                Listen(socket, cancel);
            }
            catch (KernelException e)
            {
                log.Warn("names-not-heard", ("reason", e.Message), ("retryMs", (int)Retry.TotalMilliseconds));
                cancel.WaitHandle.WaitOne(Retry);
            }
        }
    }

    private void Listen(NflogSocket socket, CancellationToken cancel)
    {
        long told = 0;
        while (!cancel.IsCancellationRequested)
        {
            if (socket.Read(Look) is { } packet)
            {
                if (Learner.Take(packet))
                    changed.Raise();
            }
            else if (socket.Lost + socket.Overruns > told)
            {
                PacketsLost += socket.Lost + socket.Overruns - told;
                told = socket.Lost + socket.Overruns;
                log.Warn("answers-lost", ("packets", socket.Lost), ("overruns", socket.Overruns));
            }
        }
    }
}
