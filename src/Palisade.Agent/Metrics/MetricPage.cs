using Palisade.Dataplane.FlowLog;
using Palisade.Nftables;
using Palisade.Nftables.Kernel;

namespace Palisade.Agent.Metrics;

/// <summary>All of the agent's figures, as they are when asked for.</summary>
internal sealed class MetricPage(
    PassMetrics passes, ClusterWatch watch, ProofRounds proofs, NameWatch names, AgentFlows flows,
    ReadyCondition ready, TimeProvider time)
{
    public string Write()
    {
        var text = new MetricText();
        text.Gauge("ready", "1 while the Node's condition PalisadeReady is True.", ready.IsReady ? 1 : 0);
        passes.Write(text, watch);
        WriteWatch(text);
        WriteProof(text);
        WriteDenied(text);
        text.Counter("suppressed_logs_total", "Denied packets that were counted and not logged.", flows.Suppressed);
        var known = names.Learner.Known;
        text.Gauge("learned_names", "Domain names of which addresses are known.", known.Length)
            .Gauge("learned_addresses", "Their addresses.", known.Sum(name => name.Addresses.Length))
            .Counter("name_packets_lost_total", "Answers of resolvers that were not read.", names.PacketsLost);
        return text.ToString();
    }

    private void WriteWatch(MetricText text)
    {
        var states = watch.States.ToList();
        foreach (var each in states)
            text.Gauge("watch_synced", "1 once all objects were read.", each.Synced ? 1 : 0, Of(each));
        foreach (var each in states)
            text.Gauge("watch_failing", "1 while the API cannot be followed.", each.Failing ? 1 : 0, Of(each));
        foreach (var each in states)
            text.Counter("watch_failures_total", "Failed attempts to follow the API.", each.Failures, Of(each));
        foreach (var each in states)
            text.Gauge("watch_objects", "Objects known.", each.Objects, Of(each));

        static (string, string) Of(WatchState each) => ("resource", each.Resource);
    }

    private void WriteProof(MetricText text)
    {
        if (proofs.Latest is not var (proof, at))
            return;
        text.Gauge("proof_holds", "1 when the kernel decided every cell as the policies say.", proof.Holds ? 1 : 0)
            .Gauge("proof_age_seconds", "How old that answer is.", (time.GetUtcNow() - at).TotalSeconds)
            .Gauge("proof_seconds", "How long it took.", proof.Took.TotalSeconds)
            .Gauge("proof_cells", "Cells compared.", proof.Cells)
            .Gauge("proof_different_cells", "Cells that differed.", proof.DifferentCells)
            .Gauge("proof_not_compared", "What could not be compared.", proof.NotCompared.Length);
    }

    /// <summary>The kernel's own counters; they begin anew with a table that is made anew.</summary>
    private static void WriteDenied(MetricText text)
    {
        foreach (var drop in ReadDrops())
        {
            text.Counter(
                "denied_packets_total", "Packets dropped, or in observe mode counted.", drop.Packets,
                ("direction", drop.Direction?.ToString().ToLowerInvariant() ?? ""), ("reason", drop.Reason));
        }
    }

    private static IReadOnlyList<DropCount> ReadDrops()
    {
        try
        {
            using var socket = new NftSocket();
            return DropCount.Read(socket);
        }
        catch (KernelException)
        {
            return [];   // no table yet
        }
    }
}
