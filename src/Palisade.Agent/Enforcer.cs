using Palisade.Dataplane.Cut;
using Palisade.Dataplane.Network;
using Palisade.Dataplane.Reconcile;
using Palisade.Nftables;
using Palisade.Nftables.Rtnetlink;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Agent;

/// <summary>What a pass did, and which connections it may have made allowed or denied.</summary>
internal sealed record Enforced(
    Applied Applied, Progress Progress, CompiledPolicy Policy, NodeNetwork Network, CutScope Scope);

/// <summary>
/// What is enforced: the compiled policy, the table it makes, and what the kernel has of it. A pass applies what
/// changed since the last one. After a failure or a defect everything is made anew from all there is, and of that the
/// difference to the kernel's own state is written.
/// </summary>
internal sealed class Enforcer(
    string node, ClusterWatch watch, NftSocket nft, RtSocket routing, TableFlags flags, TimeProvider time)
{
    // A pod's network may come after the API has told its addresses, and the kernel tells nothing of what happens in
    // other namespaces: it is looked for soon, then less often.
    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    private readonly Reconciler _reconciler = new(flags);
    private readonly BridgeGuard _bridges = new(nft, flags);
    private (long At, TimeSpan Pause)? _looked;
    private bool _isNetworkNew;
    private PolicyEngine? _engine;
    private LiveTable? _live;
    private NodeNetwork? _network;
    private NodeSettings? _settings;
    private volatile bool _isNetworkOld = true;

    /// <summary>Whether a table was in force once.</summary>
    public bool HasStarted { get; private set; }

    /// <summary>
    /// The cluster that the kernel's table stands for, with the network and the settings; null where that is not known.
    /// </summary>
    public (ClusterSnapshot Cluster, NodeNetwork Network, NodeSettings Settings)? InForce =>
        _engine is { } engine && _reconciler.IsKnown ? (engine.Policy.Snapshot, _network!, _settings!) : null;

    /// <summary>Whether the next pass reads what the kernel has, because that is not known.</summary>
    public bool MustRead => _engine is null || !_reconciler.IsKnown;

    /// <summary>
    /// When the network should be read again though nothing tells of changes, because it is not known which ports of
    /// bridges are whose; zero: now; null: it is known.
    /// </summary>
    public TimeSpan? Due => _looked is not { } looked ? null
        : time.GetElapsedTime(looked.At) is var passed && passed < looked.Pause ? looked.Pause - passed
        : TimeSpan.Zero;

    /// <summary>Why pods that are ports of bridges are not held to all policies; null: they are, or there are none.
    /// </summary>
    public string? BridgeProblem => _live is { } live ? _bridges.Problem(live.Interfaces.Bridged) : null;

    /// <summary>The node's interfaces, addresses or routes changed: the next pass reads them. Any thread.</summary>
    public void NetworkChanged() => _isNetworkOld = true;

    /// <summary>Nothing that was computed before is believed: the next pass begins with all there is.</summary>
    public void StartOver() => (_engine, _network) = (null, null);

    /// <summary>Others changed the table: the next pass reads it, and writes what is missing.</summary>
    public void Distrust()
    {
        _reconciler.Forget();
        _bridges.Distrust();
    }

    /// <summary>Whether nobody else changed any table since the last pass.</summary>
    public bool IsUntouched() => _reconciler.IsUntouched(nft) && _bridges.IsUntouched();

    /// <summary>One pass.</summary>
    /// <exception cref="Nftables.Kernel.KernelException">The kernel refused; its table is the last one.</exception>
    public Enforced Pass(NodeSettings settings)
    {
        _isNetworkNew = false;
        if (_isNetworkOld || _network is null || Due == TimeSpan.Zero)
            ReadNetwork();
        var result = _engine is null || _live is null ? Start(settings) : GoOn(_engine, _live, settings);
        HasStarted = true;
        LookAgain(_live!);
        return result;
    }

    private void ReadNetwork()
    {
        _isNetworkOld = false;
        var now = NodeNetwork.Read(routing);
        if (_network is not null && _network.IsSame(now))
            return;
        (_network, _isNetworkNew) = (now, true);
    }

    private void LookAgain(LiveTable live)
    {
        if (_network!.Bridges.IsEmpty || !live.LacksInterfaces)
            _looked = null;
        else if (_looked is not { } looked)
            _looked = (time.GetTimestamp(), FirstLook);
        else if (Due == TimeSpan.Zero)
            _looked = (time.GetTimestamp(), looked.Pause * 2 < LongestPause ? looked.Pause * 2 : LongestPause);
    }

    /// <summary>
    /// Whether a pod of the node has an address of which the network, as it was last read, does not say where it is.
    /// </summary>
    private bool HasNew(PolicyDelta delta)
    {
        Address[] addresses =
        [
            .. delta.Endpoints.Where(change => change.After is { HostNetwork: false } pod && pod.Node == node)
                .SelectMany(change => change.After!.Addresses),
        ];
        return addresses.Length > 0 && addresses.Except(_network!.Attached.Select(route => route.Address)).Any();
    }

    private Applied Write(LiveTable live, NodeSettings settings, Func<Applied> gates) =>
        _bridges.Around(_reconciler, live.Interfaces.Bridged, settings, gates);

    private Enforced Start(NodeSettings settings)
    {
        var (cluster, progress) = watch.ReadAll();
        _settings = settings = watch.For(settings);
        var engine = new PolicyEngine(cluster);
        if (!_network!.Bridges.IsEmpty)
            ReadNetwork();   // not older than the cluster: a port may have got its address unheard
        var live = new LiveTable(engine.Policy, node, _network, settings);
        var applied = Write(live, settings, () => _reconciler.Converge(nft, live.Ruleset()));
        (_engine, _live) = (engine, live);
        return new(applied, progress, engine.Policy, _network!, CutScope.Everything);
    }

    private Enforced GoOn(PolicyEngine engine, LiveTable live, NodeSettings settings)
    {
        var (changes, progress) = watch.ReadChanges();
        _settings = settings = watch.For(settings);
        _engine = null;   // until all of it has succeeded
        var delta = engine.Apply(changes);
        if (!_network!.Bridges.IsEmpty && HasNew(delta))
            ReadNetwork();
        var change = live.Update(delta, watch.Node(node), _network!, settings);
        _engine = engine;
        var scope = _isNetworkNew || !_reconciler.IsKnown ? CutScope.Everything : live.Concerned(delta, change);
        var applied = Write(live, settings, () => change is not null && _reconciler.IsKnown
            ? _reconciler.Apply(nft, change)
            : _reconciler.Converge(nft, live.Ruleset()));
        return new(applied, progress, engine.Policy, _network!, scope);
    }
}
