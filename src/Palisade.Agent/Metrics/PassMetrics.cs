using Palisade.Dataplane.Cut;
using Palisade.Dataplane.Reconcile;

namespace Palisade.Agent.Metrics;

/// <summary>What the agent's passes did so far. Noted by the loop that enforces, read by whoever asks.</summary>
internal sealed class PassMetrics
{
    private readonly Lock _lock = new();
    private readonly Histogram _latency =
        new(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30);

    private readonly Histogram _repair = new(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5, 30);
    private Progress? _enforced;
    private long _transactions, _messages, _failures, _repairs, _leakedConnections, _leakedPackets;
    private long _cut, _released;
    private (int Offloaded, int Refused) _uncut;

    /// <summary>A pass ended with the kernel up to date.</summary>
    /// <param name="applied">What was sent.</param>
    /// <param name="progress">What is in force.</param>
    /// <param name="since">How long ago the first of its changes was seen.</param>
    public void Enforced(Applied applied, Progress progress, TimeSpan since)
    {
        if (applied.Messages > 0)
            _latency.Note(since);
        lock (_lock)
        {
            _enforced = progress;
            _transactions += applied.Transactions;
            _messages += applied.Messages;
        }
    }

    /// <summary>The kernel refused, or something could not be computed.</summary>
    public void Failed()
    {
        lock (_lock)
            _failures++;
    }

    /// <summary>What others had done to the table was undone.</summary>
    /// <param name="since">How long ago it was noticed.</param>
    public void Repaired(TimeSpan since)
    {
        _repair.Note(since);
        lock (_lock)
            _repairs++;
    }

    /// <summary>A look at connections.</summary>
    /// <param name="pass">What it did.</param>
    /// <param name="afterRepair">Whether what it cut had begun while others' changes stood in the table.</param>
    public void Looked(in CutPass pass, bool afterRepair)
    {
        lock (_lock)
        {
            (_cut, _released) = (_cut + pass.Cut, _released + pass.Lifted);
            _leakedConnections += afterRepair ? pass.Cut : 0;
            _leakedPackets += afterRepair ? pass.CutPackets : 0;
            if (pass.IsWhole || !pass.IsComplete)
                _uncut = (pass.Offloaded, pass.Refused);
        }
    }

    public void Write(MetricText text, ClusterWatch watch)
    {
        lock (_lock)
        {
            foreach (var (resource, version) in _enforced?.Versions ?? [])
                text.Gauge("generation_enforced", "resourceVersion the table stands for.", version, Of(resource));
            foreach (var each in watch.States)
                text.Gauge("generation_wanted", "Newest resourceVersion seen.", each.Version, Of(each.Resource));
            text.Histogram("change_seconds", "From a change seen to the kernel's agreement.", _latency)
                .Counter("transactions_total", "Transactions the kernel took.", _transactions)
                .Counter("messages_total", "Netlink messages in them.", _messages)
                .Counter("apply_failures_total", "Passes that failed; the last table stayed.", _failures)
                .Counter("drift_repairs_total", "Foreign changes of the table undone.", _repairs)
                .Histogram("drift_repair_seconds", "From a foreign change noticed to its repair.", _repair)
                .Counter("drift_leaked_connections_total", "Denied connections begun before a repair, cut after it.",
                    _leakedConnections)
                .Counter("drift_leaked_packets_total",
                    "Their packets; one each where nf_conntrack_acct is 0.", _leakedPackets)
                .Counter("connections_cut_total", "Established connections stopped.", _cut)
                .Counter("connections_released_total", "Cut connections allowed again.", _released)
                .Gauge("connections_offloaded", "Denied connections that bypass the hooks.", _uncut.Offloaded)
                .Gauge("connections_not_cut", "Denied connections the kernel lets nobody stop.", _uncut.Refused);
        }
    }

    private static (string, string) Of(string resource) => ("resource", resource);
}
