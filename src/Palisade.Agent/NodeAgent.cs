using System.Collections.Immutable;
using Palisade.Dataplane.Cut;
using Palisade.Dataplane.Lower;
using Palisade.Dataplane.Network;
using Palisade.Dataplane.Proof;
using Palisade.Dataplane.Reconcile;
using Palisade.Kubernetes.Client;
using Palisade.Nftables;
using Palisade.Nftables.Kernel;
using Palisade.Nftables.Rtnetlink;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;

namespace Palisade.Agent;

/// <summary>
/// The node agent: whenever the cluster or the node's interfaces change, it looks at all of both and makes the kernel's
/// table mean it.
/// </summary>
/// <remarks>
/// It writes one line to standard output after every pass that ended with the kernel up to date:
/// <c>enforced RESOURCEVERSION networkpolicies=N pods=N namespaces=N nodes=N clusternetworkpolicies=N</c>. The first
/// number is the newest resourceVersion seen over the five resources (0: none yet); an object whose resourceVersion is
/// not above its own resource's number is in force. Whoever starts pods waits for the pod's before it brings the pod's
/// link up. Also see <see cref="ReadyCondition"/>.
/// </remarks>
internal sealed class NodeAgent : IAsyncDisposable
{
    private readonly AgentOptions _options;
    private readonly AgentLog _log;
    private readonly TextWriter _output;
    private readonly ChangeSignal _changed = new();
    private readonly KubeClient _client;
    private readonly ClusterWatch _watch;
    private readonly ReadyCondition _ready;
    private readonly AgentFlows _flows;
    private readonly RtSocket _routing;
    private readonly RtMonitor _monitor;
    private readonly NftSocket _nft;
    private readonly Reconciler _reconciler = new();
    private readonly ProofRounds _proofs;
    private readonly Cutting _cutting;
    private (CompiledPolicy Policy, NodeNetwork Network, NodeSettings Settings)? _applied;
    private volatile bool _differs;
    private readonly NodeSettings _settings;
    private ImmutableHashSet<string> _reported = [];

    /// <summary>How often the table is looked for without a change: one request of 20 bytes each time.</summary>
    private static readonly TimeSpan Vigilance = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How often the table may be read back where others change theirs: some ms for thousands of elements.
    /// </summary>
    private static readonly TimeSpan ClosenessEvery = TimeSpan.FromSeconds(20);

    private readonly TimeProvider _time;
    private long _lookedAt;

    /// <summary>Opens the kernel's sockets and begins to follow the cluster.</summary>
    /// <exception cref="KernelException">The kernel refused.</exception>
    public NodeAgent(AgentOptions options, KubeClient client, AgentLog log, TextWriter output, TimeProvider time)
    {
        (_options, _client, _log, _output, _time) = (options, client, log, output, time);
        _settings = new() { Uplinks = options.Uplinks, Mode = options.Mode, LogGroup = options.LogGroup };
        _nft = new();
        _monitor = new();
        _routing = new();
        _cutting = new(options.Node, time, Cutting.UsualGrace);
        _ready = new(client, options.Node, log, time);
        _proofs = new(client, options, log, time);
        _watch = new(client, _changed, log, time);
        _flows = new(options, client, _watch.UidOf, log, time);
    }

    /// <summary>Enforces until cancelled. The table stays.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        // None of these ends by itself but by a defect or a kernel that refuses; then the agent ends, and the table
        // stays.
        Task[] own = [LoopAsync(stop.Token), WatchInterfacesAsync(stop.Token), _ready.RunAsync(stop.Token),
            _flows.RunAsync(stop.Token)];
        try
        {
            await (await Task.WhenAny([.. own, _watch.Running]).ConfigureAwait(false)).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            _log.Inform("stopped", ("table", "stays in force"));
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            // A commit under way ends before its socket is closed.
            await Task.WhenAll([.. own, _proofs.Running]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>One pass over everything: read, compile, lower, apply, tell.</summary>
    /// <exception cref="KernelException">The kernel refused; its table is the last one.</exception>
    public async Task SyncOnceAsync(CancellationToken cancel)
    {
        if (!_watch.HasSynced)
            return;
        var (snapshot, diagnostics, progress) = _watch.Read();
        Report(diagnostics.Select(d => d.ToString()), snapshot);
        var policy = PolicyCompiler.Compile(snapshot);
        var network = NodeNetwork.Read(_routing);
        _applied = null;
        if (_reconciler.Current is null)
            _cutting.Installing(_nft);
        var settings = _cutting.For(_settings);
        var applied = _reconciler.Apply(_nft, Lowering.Lower(policy, _options.Node, network, settings));
        _applied = (policy, network, settings);
        _flows.Enforced(snapshot, network, progress.NewestBesideNodes, applied.Messages > 0);
        if (applied.Messages > 0)
        {
            _log.Inform(
                "applied", ("version", progress.Newest), ("messages", applied.Messages),
                ("transactions", applied.Transactions), ("whole", applied.Replaced));
        }

        var scope = applied.Messages > 0 ? CutScope.Everything : CutScope.Nothing;
        Tell(_cutting.Changed(policy, network, _settings.Mode, scope));
        await _output.WriteLineAsync(progress.ToString()).ConfigureAwait(false);
        await _output.FlushAsync(cancel).ConfigureAwait(false);
        _ready.Enforced(progress.NewestBesideNodes);
    }

    public async ValueTask DisposeAsync()
    {
        await _watch.DisposeAsync().ConfigureAwait(false);
        _flows.Dispose();
        _ready.Dispose();
        _cutting.Dispose();
        _nft.Dispose();
        _monitor.Dispose();
        _routing.Dispose();
        _changed.Dispose();
    }

    private async Task LoopAsync(CancellationToken cancel)
    {
        var failures = 0;
        var wait = Vigilance;
        while (true)
        {
            var due = _cutting.Due ?? wait;
            var changed = await _changed.WaitAsync(due < wait ? due : wait, cancel).ConfigureAwait(false);
            wait = Vigilance;
            try
            {
                if (_differs)
                {
                    // Others changed the table: the next pass writes it whole. Where nobody did, the writer is wrong.
                    _differs = false;
                    _ = _reconciler.IsUnchanged(_nft);
                }

                Tell(_cutting.Again());
                if (changed || failures > 0 || _cutting.MustApply || !IsIntact())
                    await SyncOnceAsync(cancel).ConfigureAwait(false);
                failures = 0;
                Prove(cancel);
            }
            catch (KernelException e)
            {
                wait = PauseAfter(failures++);
                _log.Fail(
                    "apply-failed", ("reason", e.Message), ("table", "last one stays"),
                    ("retryMs", (int)wait.TotalMilliseconds));
            }
        }
    }

    /// <summary>Begins a proof when one is due: nothing is changed between the last pass and the reading.</summary>
    private void Prove(CancellationToken cancel)
    {
        var request = _watch.NoteOn(_options.Node, ProofRounds.RequestAnnotation);
        if (_applied is not { } applied || !_proofs.IsDue(request))
            return;
        _proofs.Begin(
            Prover.Read(_nft), applied.Policy, applied.Network, applied.Settings, request,
            differs: () =>
            {
                _differs = true;
                _changed.Raise();
            },
            cancel);
    }

    /// <summary>
    /// Established connections that were stopped or released; and those that cannot be, so that the node is not ready.
    /// </summary>
    private void Tell(CutPass? looked)
    {
        if (looked is not { } pass)
            return;
        if (pass.Cut + pass.Lifted + pass.Offloaded + pass.Refused > 0)
        {
            _log.Inform(
                "cut", ("connections", pass.Cut), ("released", pass.Lifted), ("offloaded", pass.Offloaded),
                ("refused", pass.Refused), ("of", pass.Seen), ("ms", (int)pass.Took.TotalMilliseconds));
        }

        if (pass.IsWhole || !pass.IsComplete)
            _ready.Uncut(pass.Offloaded, pass.Refused);
    }

    /// <summary>
    /// Whether the table still stands; somebody's `nft flush ruleset` takes it away, and ours must come back. Now and
    /// then it is looked at more closely: after `nft flush table` or an old copy restored it is there, and wrong.
    /// </summary>
    private bool IsIntact()
    {
        if (_reconciler.Current is null)
            return true;   // there has been none yet
        var closely = _time.GetElapsedTime(_lookedAt) >= ClosenessEvery;
        if (closely)
            _lookedAt = _time.GetTimestamp();
        if (closely ? _reconciler.IsUnchanged(_nft) : _reconciler.IsIntact(_nft))
            return true;
        _log.Warn("table-gone", ("or", "changed by others"), ("doing", "writing it again"));
        return false;
    }

    /// <summary>
    /// 0.1 s doubling to 10 s, half of it random: many agents fail alike when a cluster's policy is what fails.
    /// </summary>
    private static TimeSpan PauseAfter(int failures)
    {
        var full = Math.Min(10_000, 100 * Math.Pow(2, Math.Min(failures, 10)));
        return TimeSpan.FromMilliseconds(full / 2 + Random.Shared.NextDouble() * full / 2);
    }

    private async Task WatchInterfacesAsync(CancellationToken cancel)
    {
        await foreach (var _ in _monitor.ReadAllAsync(cancel).ConfigureAwait(false))
            _changed.Raise();
    }

    /// <summary>
    /// Each thing that is wrong with the cluster's objects is said once, and again after it was gone.
    /// </summary>
    private void Report(IEnumerable<string> diagnostics, ClusterSnapshot snapshot)
    {
        var now = diagnostics.ToImmutableHashSet(StringComparer.Ordinal);
        if (snapshot.Nodes.All(node => node.Name != _options.Node))
            now = now.Add($"there is no Node {_options.Node}: its addresses are not known, its pods have no gates");
        foreach (var text in now.Except(_reported).Order(StringComparer.Ordinal))
            _log.Warn("object-ignored-or-odd", ("reason", text));
        _reported = now;
    }
}
