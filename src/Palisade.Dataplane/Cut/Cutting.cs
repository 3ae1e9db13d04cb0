using System.Collections.Immutable;
using Palisade.Dataplane.Lower;
using Palisade.Dataplane.Network;
using Palisade.Nftables;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Cut;

/// <summary>
/// Sees to it that connections which are no more allowed carry nothing more: after each change the connections it may
/// concern are looked at, once more shortly after, and again and again while a first install lets TCP in that was
/// under way. Looks are taken by whoever calls, between two changes of the policy. Not for several threads at once.
/// </summary>
public sealed class Cutting : IDisposable
{
    /// <summary>
    /// How long after a first install TCP is let in that conntrack has not seen begin. It begins to follow connections
    /// when the first rule asks for it, so until they have sent something all that were there before look like that;
    /// keep-alives come every 15 s (Go) or 75 s (nginx, Java clients), Linux's own only after two hours.
    /// </summary>
    public static readonly TimeSpan UsualGrace = TimeSpan.FromSeconds(120);

    /// <summary>
    /// A connection that was judged just before a change is confirmed within microseconds, and a reading of the table
    /// may miss one when it grows meanwhile: so each change has a second look.
    /// </summary>
    private static readonly TimeSpan SecondLook = TimeSpan.FromMilliseconds(50);

    /// <summary>Between looks while TCP under way is let in; more when a look takes long: a fifth of one CPU.</summary>
    private static readonly TimeSpan GraceLook = TimeSpan.FromMilliseconds(100);

    /// <summary>Between looks while there are connections that cannot be cut.</summary>
    private static readonly TimeSpan FailureLook = TimeSpan.FromSeconds(5);
    private const byte Tcp = 6;

    private readonly string _node;
    private readonly TimeProvider _time;
    private readonly TimeSpan _grace;
    private readonly FlowCutter _cutter = new();
    private readonly long _origin;
    private CutScope _pending = CutScope.Everything;
    private CutScope _second = CutScope.Nothing;
    private CutScope _later = CutScope.Nothing;
    private TimeSpan? _graceEnd;
    private TimeSpan _secondAt;
    private TimeSpan _graceAt;
    private bool _admitted;
    private (CompiledPolicy Policy, NodeNetwork Network, EnforcementMode Mode)? _last;
    private (FlowJudge? Judge, long Generation) _judge;

    /// <summary>Opens sockets in the calling thread's namespace.</summary>
    /// <param name="node">The node whose pods' connections are meant.</param>
    /// <param name="time">What measures.</param>
    /// <param name="grace">See <see cref="UsualGrace"/>.</param>
    public Cutting(string node, TimeProvider time, TimeSpan grace)
    {
        (_node, _time, _grace) = (node, time, grace);
        _origin = time.GetTimestamp();
    }

    /// <summary>Addresses that domain names had and have no more: connections to them are kept.</summary>
    public Func<ImmutableArray<DomainName>> FormerNames { get; init; } = static () => [];

    /// <summary>When <see cref="Again"/> has something to do; null: not before the next change.</summary>
    public TimeSpan? Due
    {
        get
        {
            TimeSpan? due = _second.IsNothing ? null : _secondAt;
            if (IsGrace && (due is null || _graceAt < due))
                due = _graceAt;
            return due is { } at ? at > Now ? at - Now : TimeSpan.Zero : null;
        }
    }

    /// <summary>The table must be applied again, with <see cref="For"/>: the grace of the install is over.</summary>
    public bool MustApply => _admitted && !Admits;

    private TimeSpan Now => _time.GetElapsedTime(_origin);

    /// <summary>Whether the table that was applied lets TCP in that was under way; not one that only was to be.
    /// </summary>
    private bool IsGrace => _admitted && _last is not null;

    private bool Admits => _graceEnd is { } end && Now < end;

    /// <summary>
    /// Before a table is written of which nothing is known: where there is none, connections may not have been followed
    /// until now, and the grace begins.
    /// </summary>
    /// <exception cref="Nftables.Kernel.KernelException">The kernel refused to answer.</exception>
    public void Installing(NftSocket socket)
    {
        var ours = Names.Table();
        if (!socket.Tables().Any(table => table.Family == ours.Family && table.Name == ours.Name))
            _graceEnd = Now + _grace;
    }

    /// <summary>The settings to lower with, as of now.</summary>
    public NodeSettings For(NodeSettings settings)
    {
        _admitted = Admits;
        return settings with { AdmitsMidstream = _admitted };
    }

    /// <summary>
    /// After a table was applied: what its policy no more allows is cut, what it allows again is released. The first
    /// time, and after a failure, everything is looked at.
    /// </summary>
    /// <param name="policy">What holds now. It may change before the next call; then it is asked anew.</param>
    /// <param name="network">What the node's network stack says.</param>
    /// <param name="mode">When only observing, nothing is cut.</param>
    /// <param name="scope">What the change may concern; nothing, when the table is the same.</param>
    /// <returns>Null when nothing had to be looked at.</returns>
    /// <exception cref="Nftables.Kernel.KernelException">The kernel refused; the next call looks again.</exception>
    public CutPass? Changed(CompiledPolicy policy, NodeNetwork network, EnforcementMode mode, CutScope scope)
    {
        (_last, _judge) = ((policy, network, mode), (null, -1));
        _pending = _pending.With(scope);
        if (_pending is { Opens: true, Addresses: not null } && !_cutter.Holds)
            _pending = _pending with { Opens = false };   // nothing is cut that could be released
        if (_pending.IsNothing)
            return null;
        var pass = Look(_pending, null);
        Repeat(_pending with { Opens = false });   // what is allowed from now on needs no second look
        (_pending, _graceAt) = (CutScope.Nothing, Now + GraceLook);
        AfterFailure(pass);
        return pass;
    }

    /// <summary>The looks that are due between changes; null when none is.</summary>
    /// <exception cref="Nftables.Kernel.KernelException">The kernel refused; the next call looks again.</exception>
    public CutPass? Again()
    {
        CutPass? pass = null;
        if (!_second.IsNothing && Now >= _secondAt)
        {
            pass = Look(_second, null);
            (_second, _later, _secondAt) = (_later, CutScope.Nothing, Now + SecondLook);
            AfterFailure(pass.Value);
        }

        if (IsGrace && Now >= _graceAt)
        {
            var look = Look(CutScope.Everything, Tcp);
            pass ??= look;
            var pause = TimeSpan.FromTicks(Math.Max(GraceLook.Ticks, 4 * look.Took.Ticks));
            _graceAt = Now + pause;
        }

        return pass;
    }

    /// <inheritdoc/>
    public void Dispose() => _cutter.Dispose();

    /// <summary>
    /// Notes a second look. One that is due soon is not put off by changes that go on coming: theirs is the one after.
    /// </summary>
    private void Repeat(CutScope scope)
    {
        if (_second.IsNothing || _secondAt > Now + SecondLook)
            (_second, _secondAt) = (_second.With(scope), Now + SecondLook);
        else
            _later = _later.With(scope);
    }

    /// <summary>What could not be cut may end by itself: then the node is ready again.</summary>
    private void AfterFailure(in CutPass pass)
    {
        if (pass.IsComplete)
            return;
        (_second, _later, _secondAt) = (CutScope.Everything, CutScope.Nothing, Now + FailureLook);
    }

    private CutPass Look(CutScope scope, byte? protocol)
    {
        var (policy, network, mode) = _last ?? throw new InvalidOperationException("nothing has been applied yet");
        if (mode == EnforcementMode.Enforce && (_judge.Judge is null || _judge.Generation != policy.Generation))
        {
            Address[] own = [.. network.OwnAddresses.Select(own => own.Address)];
            _judge = (new(policy, _node, own, FormerNames()), policy.Generation);
        }

        return _cutter.Run(mode == EnforcementMode.Enforce ? _judge.Judge : null, scope, protocol, _time);
    }
}
