using System.Collections.Immutable;
using Palisade.Dataplane.Network;
using Palisade.Nftables;
using Palisade.Policy.Compile;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Lower;

/// <summary>What a gate became: the chain that is entered (null: it stops nothing), its chains and sets.</summary>
internal sealed record MadeGate(string? Entry, ImmutableArray<Chain> Chains, ImmutableArray<PeerSet> Sets);

/// <summary>How a gate is entered.</summary>
internal enum GateEntrance : byte
{
    /// <summary>By ordinary connections.</summary>
    Plain,

    /// <summary>As one of several that must all allow.</summary>
    Strict,

    /// <summary>By what NetworkPolicies exempt.</summary>
    Exempt,
}

/// <summary>
/// The chains that gates became, kept until a gate says something else, so that a change makes only those that it
/// concerns.
/// </summary>
internal sealed class ChainMemo
{
    private Dictionary<(string Gate, GateEntrance Entrance), MadeGate> _made = [];
    private Dictionary<(string Gate, GateEntrance Entrance), MadeGate> _used = [];
    private (EnforcementMode Mode, int Families)? _madeFor;

    public SetNames Names { get; } = new();

    /// <summary>A new pass begins; what was made for another mode or other families is of no use to it.</summary>
    public void Begin(EnforcementMode mode, ImmutableArray<AddressFamily> families)
    {
        var now = (mode, families.Sum(family => (int)family));
        if (_madeFor != now)
            _made = [];
        _madeFor = now;
        _used = [];
    }

    /// <summary>What a gate became, or becomes now.</summary>
    public MadeGate Of(Gate gate, GateEntrance entrance, Func<MadeGate> make)
    {
        if (!_used.TryGetValue((gate.Id, entrance), out var made))
        {
            made = _made.TryGetValue((gate.Id, entrance), out var known) ? known : make();
            _used[(gate.Id, entrance)] = made;
        }

        return made;
    }

    /// <summary>The pass is over: what it did not ask for is forgotten.</summary>
    public void End()
    {
        _made = _used;
        Names.Keep(_made.Values.SelectMany(made => made.Sets).Select(set => set.Definition.Name));
    }

    /// <summary>A gate says something else now.</summary>
    public void Forget(string gate)
    {
        foreach (var entrance in Enum.GetValues<GateEntrance>())
            _made.Remove((gate, entrance));
    }

    /// <summary>Whether anything was made of a gate.</summary>
    public bool Knows(string gate) =>
        Enum.GetValues<GateEntrance>().Any(entrance => _made.ContainsKey((gate, entrance)));
}
