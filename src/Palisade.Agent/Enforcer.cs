using Palisade.Dataplane.Cut;
using Palisade.Dataplane.Network;
using Palisade.Dataplane.Reconcile;
using Palisade.Nftables;
using Palisade.Nftables.Rtnetlink;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;

namespace Palisade.Agent;

/// <summary>What a pass did, and which connections it may have made allowed or denied.</summary>
internal sealed record Enforced(
    Applied Applied, Progress Progress, CompiledPolicy Policy, NodeNetwork Network, CutScope Scope);

/// <summary>
/// What is enforced: the compiled policy, the table it makes, and what the kernel has of it. A pass applies what
/// changed since the last one. After a failure or a defect everything is made anew from all there is, and of that the
/// difference to the kernel's own state is written.
/// </summary>
internal sealed class Enforcer(string node, ClusterWatch watch, NftSocket nft, RtSocket routing, TableFlags flags)
{
    private readonly Reconciler _reconciler = new(flags);
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

    /// <summary>The node's interfaces, addresses or routes changed: the next pass reads them. Any thread.</summary>
    public void NetworkChanged() => _isNetworkOld = true;

    /// <summary>Nothing that was computed before is believed: the next pass begins with all there is.</summary>
    public void StartOver() => (_engine, _network) = (null, null);

    /// <summary>Others changed the table: the next pass reads it, and writes what is missing.</summary>
    public void Distrust() => _reconciler.Forget();

    /// <summary>Whether nobody else changed any table since the last pass.</summary>
    public bool IsUntouched() => _reconciler.IsUntouched(nft);

    /// <summary>One pass.</summary>
    /// <exception cref="Nftables.Kernel.KernelException">The kernel refused; its table is the last one.</exception>
    public Enforced Pass(NodeSettings settings)
    {
        var isNew = _isNetworkOld || _network is null;
        if (isNew)
        {
            _isNetworkOld = false;
            _network = NodeNetwork.Read(routing);
        }

        var result = _engine is null || _live is null ? Start(settings) : GoOn(_engine, _live, isNew, settings);
        HasStarted = true;
        return result;
    }

    private Enforced Start(NodeSettings settings)
    {
        var (cluster, progress) = watch.ReadAll();
        _settings = settings = watch.For(settings);
        var engine = new PolicyEngine(cluster);
        var live = new LiveTable(engine.Policy, node, _network!, settings);
        var applied = _reconciler.Converge(nft, live.Ruleset());
        (_engine, _live) = (engine, live);
        return new(applied, progress, engine.Policy, _network!, CutScope.Everything);
    }

    private Enforced GoOn(PolicyEngine engine, LiveTable live, bool isNetworkNew, NodeSettings settings)
    {
        var (changes, progress) = watch.ReadChanges();
        _settings = settings = watch.For(settings);
        _engine = null;   // until all of it has succeeded
        var delta = engine.Apply(changes);
        var change = live.Update(delta, watch.Node(node), _network!, settings);
        _engine = engine;
        var scope = CutScope.Of(delta, engine.Policy, node);
        if (isNetworkNew || !_reconciler.IsKnown)
            scope = CutScope.Everything;
        var applied = change is not null && _reconciler.IsKnown
            ? _reconciler.Apply(nft, change)
            : _reconciler.Converge(nft, live.Ruleset());
        return new(applied, progress, engine.Policy, _network!, scope);
    }
}
