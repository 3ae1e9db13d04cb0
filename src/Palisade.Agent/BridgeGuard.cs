using Palisade.Dataplane.Lower;
using Palisade.Dataplane.Network;
using Palisade.Dataplane.Reconcile;
using Palisade.Nftables;
using Palisade.Nftables.Kernel;

namespace Palisade.Agent;

/// <summary>
/// The table bridge palisade, on nodes whose pods are ports of bridges. A pass narrows it first, then the gates of
/// table inet palisade are written, then it is widened: a port speaks only while its pod's gates are in force.
/// </summary>
internal sealed class BridgeGuard(NftSocket nft, TableFlags flags)
{
    private readonly Reconciler _reconciler = new(flags);
    private Ruleset? _desired;
    private bool _isGone;
    private string? _refusal;

    /// <summary>Whether the next pass reads what the kernel has, because that is not known.</summary>
    public bool MustRead => !_isGone && !_reconciler.IsKnown && _refusal is null;

    /// <summary>Bridges whose pods are not held to the policies as they should be, and the way out; null: none are.
    /// </summary>
    public string? Problem(PodBridges bridges)
    {
        if (bridges.Names.IsEmpty || (_refusal ?? BridgeFilter.Problem()) is not { } problem)
            return null;
        return $"pods of this node are ports of {string.Join(", ", bridges.Names)}, and {problem}";
    }

    /// <summary>Others changed the table: the next pass reads it, and writes what is missing.</summary>
    public void Distrust()
    {
        _reconciler.Forget();
        _isGone = false;
    }

    /// <summary>Whether nobody else changed any table since the last pass.</summary>
    public bool IsUntouched() => _isGone || _refusal is not null || _reconciler.IsUntouched(nft);

    /// <summary>Writes both tables: this one as it should be, and the other by <paramref name="gates"/>.</summary>
    public Applied Around(Reconciler gates, PodBridges bridges, NodeSettings settings, Func<Applied> write)
    {
        _desired = BridgeTable.Of(bridges, settings);
        if (_desired is null && _isGone)
            return write();
        var before = Excused(gates, Narrow);
        var written = Excused(_reconciler, write);
        return before + written + Excused(gates, Widen);
    }

    private Applied Excused(Reconciler other, Func<Applied> write)
    {
        var began = nft.Generation();
        var applied = write();
        other.Excuse(began, applied, nft.Generation());
        return applied;
    }

    private Applied Narrow()
    {
        if (_desired is not { } desired)
            return default;
        _isGone = false;
        try
        {
            var before = _reconciler.Current ?? nft.Dump(desired.Table.Family, desired.Table.Name);
            var applied = _reconciler.Apply(nft, BridgeTable.Narrowed(desired, before));
            _refusal = null;
            return applied;
        }
        catch (NftablesException e) when (e.Errno == Errno.EOPNOTSUPP)
        {
            _refusal = "this kernel has no nf_tables for bridges, so that they may send from any address: it needs"
                + $" CONFIG_NF_TABLES_BRIDGE ({e.Message})";
            return default;
        }
    }

    private Applied Widen()
    {
        if (_desired is { } desired)
            return _refusal is null ? _reconciler.Apply(nft, desired) : default;
        var removed = _reconciler.Remove(nft, BridgeTable.OurTable);
        _isGone = true;
        return removed;
    }
}
