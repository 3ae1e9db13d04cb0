using System.Collections.Immutable;
using System.Diagnostics;
using Palisade.Agent.Metrics;
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
/// The node agent: whenever the cluster, the node's interfaces or the kernel's table change, it makes the table mean
/// what the policies say. It wakes once for any number of changes and applies all of them together.
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
    private readonly SnapshotPace _pace;
    private readonly RtSocket _routing;
    private readonly RtMonitor _monitor;
    private readonly NftSocket _nft;
    private readonly NftMonitor _tables;
    private readonly Enforcer _enforcer;
    private readonly Cutting _cutting;
    private readonly NameWatch _names;
    private readonly ProofRounds _proofs;
    private readonly IdleCollector _memory;
    private readonly PassMetrics _metrics = new();
    private readonly MetricServer? _metricServer;
    private volatile bool _differs;
    private long _differsSince;
    private long? _driftSince;
    private bool _drifted;
    private long? _changedSince;
    private readonly NodeSettings _settings;
    private ImmutableHashSet<string> _reported = [];

    /// <summary>How often it looks without being told to: for proofs that are due, and at the table.</summary>
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
        var flags = options.SharesTable ? TableFlags.None : TableOwnership.Supported(_nft);
        _tables = new();
        _monitor = new();
        _routing = new();
        _names = new(options, _changed, log, time);
        _names.Load();
        _cutting = new(options.Node, time, Cutting.UsualGrace) { FormerNames = () => _names.Learner.Former };
        _ready = new(client, options.Node, log, time);
        _proofs = new(client, options, log, time);
        _watch = new(client, options.Node, _changed, _names.Learner, log, time);
        _enforcer = new(options.Node, _watch, _nft, _routing, flags, time);
        log.Inform("table", ("owned", flags != TableFlags.None));
        _flows = new(options, client, _watch.UidOf, () => _names.Learner.Known, log, time);
        _pace = new(_flows, time);
        _memory = IdleCollector.OfProcess(time);
        if (options.Metrics is { } address)
        {
            var page = new MetricPage(_metrics, _watch, _proofs, _names, _flows, _ready, time);
            _metricServer = new(address, page.Write, log, time);
        }
    }

    /// <summary>Enforces until cancelled. The table stays.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        // None of these ends by itself but by a defect or a kernel that refuses; then the agent ends, and the table
        // stays.
        Task[] own =
        [
            LoopAsync(stop.Token), _ready.RunAsync(stop.Token), _flows.RunAsync(stop.Token),
            _names.RunAsync(stop.Token), _metricServer?.RunAsync(stop.Token) ?? Task.Delay(-1, stop.Token),
            Listen(_monitor.Read, Heard, stop.Token), Listen(_tables.Read, Heard, stop.Token),
        ];
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

    /// <summary>One pass: what changed is read, compiled, lowered, applied and told.</summary>
    /// <exception cref="KernelException">The kernel refused; its table is the last one.</exception>
    public async Task SyncOnceAsync(CancellationToken cancel)
    {
        if (!_watch.HasSynced)
            return;
        if (_enforcer.MustRead)
            _cutting.Installing(_nft);
        var (applied, progress, policy, network, scope) = _enforcer.Pass(_cutting.For(_settings));
        Report(_watch.Odd.Select(d => d.ToString()));
        if (applied.Messages > 0)
        {
            _log.Inform(
                "applied", ("version", progress.Newest), ("messages", applied.Messages),
                ("transactions", applied.Transactions), ("whole", applied.Replaced));
        }

        Count(applied, progress);
        Tell(_cutting.Changed(policy, network, _settings.Mode, scope));
        _pace.Enforced(progress.NewestBesideNodes, applied.Messages > 0);
        await _output.WriteLineAsync(progress.ToString()).ConfigureAwait(false);
        await _output.FlushAsync(cancel).ConfigureAwait(false);
        TellOfBridges();   // before it is said to be ready
        _ready.Enforced(progress.NewestBesideNodes);
    }

    private void Count(Applied applied, Progress progress)
    {
        _metrics.Enforced(applied, progress, Since(_changedSince));
        if (applied.Messages > 0 && _driftSince is not null)
            _metrics.Repaired(Since(_driftSince));
        else if (applied.Messages > 0)
            _drifted = false;
        (_changedSince, _driftSince) = (null, null);

        static TimeSpan Since(long? began) => began is { } at ? Stopwatch.GetElapsedTime(at) : TimeSpan.Zero;
    }

    public async ValueTask DisposeAsync()
    {
        await _watch.DisposeAsync().ConfigureAwait(false);
        _flows.Dispose();
        _ready.Dispose();
        _cutting.Dispose();
        _nft.Dispose();
        _monitor.Dispose();
        _tables.Dispose();
        _routing.Dispose();
        _changed.Dispose();
    }

    private async Task LoopAsync(CancellationToken cancel)
    {
        var failures = 0;
        var wait = Vigilance;
        while (true)
        {
            // What is due after a failure waits with the next attempt: it may be what fails, or due until one succeeds.
            var due = failures > 0 ? null : Earlier(
                Earlier(_cutting.Due, _pace.Due), Earlier(_names.Due, _enforcer.Due));
            var changed = await _changed.WaitAsync(Earlier(due, wait)!.Value, cancel).ConfigureAwait(false);
            wait = Vigilance;
            if (changed)
                _changedSince ??= _changed.FirstRaised;
            try
            {
                var differs = Doubts();
                if (!differs)   // a long look does not keep the repair waiting
                    Tell(_cutting.Again());
                if (changed || differs || failures > 0 || _cutting.MustApply || _names.Due == TimeSpan.Zero
                    || _enforcer.Due == TimeSpan.Zero)
                    await SyncOnceAsync(cancel).ConfigureAwait(false);
                failures = 0;
                TellOfBridges();
                _pace.CatchUp(_enforcer);
                Prove(cancel);
                _memory.Turned(changed);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // A kernel that refuses, or a defect in what is computed: the table stays, and all is made anew.
                _enforcer.StartOver();
                _metrics.Failed();
                wait = PauseAfter(failures++);
                var what = e is KernelException ? "apply-failed" : "defect";
                _log.Fail(
                    what, ("reason", e is KernelException ? Explain(e) : e.ToString()), ("table", "last one stays"),
                    ("retryMs", (int)wait.TotalMilliseconds));
                _ready.Failed(e is KernelException ? "KernelRefused" : "Defect", e.Message);
            }
        }
    }

    /// <summary>Whether others may have changed the table: then it is read before anything else is done.</summary>
    private bool Doubts()
    {
        var told = _differs;
        if (!told && !IsSuspicious())
            return false;
        (_differs, _drifted) = (false, true);
        _driftSince ??= told ? Interlocked.Read(ref _differsSince) : Stopwatch.GetTimestamp();
        _enforcer.Distrust();
        return true;
    }

    private void Differs()
    {
        if (!_differs)
            Interlocked.Exchange(ref _differsSince, Stopwatch.GetTimestamp());
        _differs = true;
        _changed.Raise();
    }

    private static TimeSpan? Earlier(TimeSpan? one, TimeSpan? other) =>
        one is { } a && other is { } b ? (a < b ? a : b) : one ?? other;

    private static string Explain(Exception e) => e is KernelException { Errno: Errno.EPERM }
        ? $"{e.Message}. Another program owns table inet palisade, or CAP_NET_ADMIN is missing"
        : e.Message;

    /// <summary>Begins a proof when one is due: nothing is changed between the last pass and the reading.</summary>
    private void Prove(CancellationToken cancel)
    {
        var request = _watch.NoteOn(_options.Node, ProofRounds.RequestAnnotation);
        if (!_proofs.IsDue(request) || _enforcer.InForce is not { } applied)
            return;
        _proofs.Begin(
            Prover.Read(_nft), applied.Cluster, applied.Network, applied.Settings, request,
            Differs, cancel);
    }

    /// <summary>
    /// Established connections that were stopped or released; and those that cannot be, so that the node is not ready.
    /// </summary>
    private void Tell(CutPass? looked)
    {
        if (looked is not { } pass)
            return;
        _metrics.Looked(pass, _drifted);
        if (pass.Cut + pass.Lifted + pass.Offloaded + pass.Refused > 0)
        {
            _log.Inform(
                "cut", ("connections", pass.Cut), ("released", pass.Lifted), ("offloaded", pass.Offloaded),
                ("refused", pass.Refused), ("of", pass.Seen), ("ms", (int)pass.Took.TotalMilliseconds));
        }

        if (pass.IsWhole || !pass.IsComplete)
            _ready.Uncut(pass.Offloaded, pass.Refused);
    }

    /// <summary>Settings of the kernel bear no notification: they are looked at now and then.</summary>
    private void TellOfBridges()
    {
        var problem = _enforcer.BridgeProblem;
        if (!_ready.Bridged(problem))
            return;
        if (problem is null)
            _log.Inform("bridges-filtered");
        else
            _log.Fail("bridges-not-filtered", ("reason", problem));
    }

    /// <summary>
    /// Whether somebody changed some table and it is time to look whether it was ours: notifications tell that at once,
    /// but what is not notified at all (a table that lost its owner) or was lost is seen by this.
    /// </summary>
    private bool IsSuspicious()
    {
        if (!_enforcer.HasStarted || _time.GetElapsedTime(_lookedAt) < ClosenessEvery)
            return false;
        _lookedAt = _time.GetTimestamp();
        return !_enforcer.IsUntouched();
    }

    /// <summary>What others commit is told by the kernel; whatever touches our table is looked at.</summary>
    private void Heard(NftCommit commit)
    {
        if (commit.Port == _nft.Port || !(commit.Touches(Lowering.OurTable) || commit.Touches(BridgeTable.OurTable)))
            return;
        if (!commit.IsLost)
        {
            _log.Warn(
                "table-changed-by-others", ("process", commit.ProcessName), ("id", commit.ProcessId),
                ("doing", "reading it, and writing what is missing"));
        }

        Differs();
    }

    private void Heard(RtNotification change)
    {
        _enforcer.NetworkChanged();
        _changed.Raise();
    }

    /// <summary>
    /// Hands on what a socket says, on a thread of its own: one that waits in the pool is missed there, where there are
    /// as few as processors, and all others wait for half a second.
    /// </summary>
    private static Task Listen<T>(Func<TimeSpan, T?> read, Action<T> heard, CancellationToken cancel)
        where T : class =>
        Task.Factory.StartNew(
            () =>
            {
                while (!cancel.IsCancellationRequested)
                {
                    if (read(TimeSpan.FromMilliseconds(100)) is { } news)
                        heard(news);
                }
            },
            cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>
    /// 0.1 s doubling to 10 s, half of it random: many agents fail alike when a cluster's policy is what fails.
    /// </summary>
    private static TimeSpan PauseAfter(int failures)
    {
        var full = Math.Min(10_000, 100 * Math.Pow(2, Math.Min(failures, 10)));
        return TimeSpan.FromMilliseconds(full / 2 + Random.Shared.NextDouble() * full / 2);
    }

    /// <summary>
    /// Each thing that is wrong with the cluster's objects is said once, and again after it was gone.
    /// </summary>
    private void Report(IEnumerable<string> diagnostics)
    {
        var now = diagnostics.ToImmutableHashSet(StringComparer.Ordinal);
        if (_watch.Node(_options.Node) is null)
            now = now.Add($"there is no Node {_options.Node}: its addresses are not known, its pods have no gates");
        if (_names.LacksResolver)
            now = now.Add("policies mention domainNames, but no --resolver says whose answers to learn them from");
        foreach (var text in now.Except(_reported).Order(StringComparer.Ordinal))
            _log.Warn("object-ignored-or-odd", ("reason", text));
        _reported = now;
    }
}
