using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Palisade.Dataplane.Network;
using Palisade.Nftables;
using Palisade.Nftables.Expressions;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Lower;

using Parts = ImmutableArray<Expression>;

/// <summary>
/// Gates as chains, made when first asked for. Entered by the verdict maps with packets that open a connection to
/// (ingress) or from (egress) a pod the gate judges. What may not pass is dropped in silence.
/// </summary>
/// <remarks>
/// A gate that NetworkPolicies isolate: the Admin tier in a chain that all gates of equal Admin steps share (Accept
/// leaves for the other direction, Deny drops, Pass and the end return), then what NetworkPolicies allow, then drop.
/// One that only cluster policies concern: the steps of Admin and Baseline, and the end is allowed. What
/// NetworkPolicies exempt enters by maps of its own: the same open gates, and for isolated ones the Admin tier alone.
/// </remarks>
internal sealed class GateChains(ChainMemo memo, ImmutableArray<AddressFamily> families, EnforcementMode mode)
{
    /// <summary>Bytes of the hash in a name: two of one name would take 2^32 tries on purpose.</summary>
    private const int HashLength = 8;

    private readonly SortedDictionary<string, Chain> _chains = new(StringComparer.Ordinal);
    private readonly AddressSets _sets = new(memo.Names);

    /// <summary>The chains asked for, by name.</summary>
    public IEnumerable<Chain> All => _chains.Values;

    /// <summary>The sets that they look peers up in, by name.</summary>
    public IReadOnlyDictionary<string, PeerSet> Sets => _sets.All;

    /// <summary>
    /// The chain that ordinary connections of an address enter; null when its gates stop nothing. An address that
    /// several pods claim is allowed what the gates of all of them allow.
    /// </summary>
    public string? EntryOf(ImmutableArray<Gate> gates) =>
        gates is [var only]
            ? Made(only, GateEntrance.Plain)
            : Both(gates[0].Direction, "both", gates.Select(gate => Made(gate, GateEntrance.Strict)));

    /// <summary>
    /// The chain of connections that NetworkPolicies exempt (of a pod with its own node, or with itself through a
    /// service): cluster policies alone judge them. Null when none stops anything.
    /// </summary>
    public string? ExemptOf(ImmutableArray<Gate> gates) =>
        gates is [var only]
            ? Made(only, GateEntrance.Exempt)
            : Both(gates[0].Direction, "exempt-both", gates.Select(gate => Made(gate, GateEntrance.Exempt)));

    /// <summary>What a gate became before, or by chains and sets of its own now.</summary>
    private string? Made(Gate gate, GateEntrance entrance)
    {
        var made = memo.Of(gate, entrance, () =>
        {
            var own = new GateChains(memo, families, mode);
            var entry = entrance switch
            {
                GateEntrance.Plain => own.Entry(gate),
                GateEntrance.Strict => own.Strict(gate),
                _ => own.Exempt(gate),
            };
            return new(entry, [.. own.All], [.. own.Sets.Values]);
        });
        foreach (var chain in made.Chains)
            Add(chain);
        _sets.Add(made.Sets);
        return made.Entry;
    }

    private string? Entry(Gate gate)
    {
        if (!gate.IsIsolated)
            return Open(gate);
        if (!_chains.ContainsKey(gate.Id))
        {
            var allow = gate.Direction == Direction.Ingress ? Statement.Accept : Statement.Return;
            var admin = AdminChain(gate);
            Parts[] first = admin is null ? [] : [Statement.Jump(admin)];
            Add(new(gate.Id)
            {
                Comment = NftComment.Fit(gate.Title),
                Rules = [Odd(gate.Direction), .. first.Select(jump => Rule.Of(jump)), .. Entries(gate, allow)],
            });
        }

        return gate.Id;
    }

    /// <summary>
    /// A gate among several that must all allow: it returns what it allows, and leaves it to nobody else.
    /// </summary>
    private string? Strict(Gate gate)
    {
        if (!gate.IsIsolated)
            return Open(gate);
        var name = gate.Id + Names.StrictSuffix;
        if (_chains.ContainsKey(name))
            return name;
        var admin = TierPart.Of(Steps(gate, ClusterTier.Admin), Meaning, TierEnd.Next);
        var (comment, entries) = (NftComment.Fit(gate.Title), Entries(gate, Statement.Return));
        if (admin.Any(part => part.End == TierEnd.Next))
        {
            var next = name + Names.NextSuffix;
            Add(new(next) { Comment = comment, Rules = [.. entries] });
            entries = [Rule.Of(Statement.Goto(next))];
        }

        Add(new(name)
        {
            Comment = comment,
            Rules =
            [
                Odd(gate.Direction),
                .. RulesOf(gate, admin, Statement.Return, Statement.Goto(name + Names.NextSuffix)), .. entries,
            ],
        });
        return name;
    }

    /// <summary>
    /// A gate that only cluster policies concern. It returns what it allows: an egress gate because ingress is still to
    /// be judged, an ingress gate because the end accepts anyway. What conntrack could not place is judged as any other
    /// packet: such a gate is open but for what it denies, and that it denies to every packet.
    /// </summary>
    private string? Open(Gate gate)
    {
        if (_chains.ContainsKey(gate.Id))
            return gate.Id;
        var last = TierPart.Of(Steps(gate, ClusterTier.Baseline), Final, TierEnd.Allow);
        var first = last.IsEmpty
            ? TierPart.Of(Steps(gate, ClusterTier.Admin), Final, TierEnd.Allow)
            : TierPart.Of(Steps(gate, ClusterTier.Admin), Meaning, TierEnd.Next);
        if (first.IsEmpty && last.IsEmpty)
            return null;
        var (comment, baseline) = (NftComment.Fit(gate.Title), RulesOf(gate, last, Statement.Return, Statement.Return));
        if (first.Any(part => part.End == TierEnd.Next))
        {
            var next = gate.Id + Names.NextSuffix;
            Add(new(next) { Comment = comment, Rules = [.. baseline] });
            baseline = [Rule.Of(Statement.Goto(next))];
        }

        var admin = RulesOf(gate, first, Statement.Return, Statement.Goto(gate.Id + Names.NextSuffix));
        Add(new(gate.Id) { Comment = comment, Rules = [.. admin, .. baseline] });
        return gate.Id;
    }

    /// <summary>The Admin tier before a gate that NetworkPolicies close; null when it decides nothing.</summary>
    private string? AdminChain(Gate gate)
    {
        var parts = TierPart.Of(Steps(gate, ClusterTier.Admin), Meaning, TierEnd.Next);
        if (parts.IsEmpty)
            return null;
        // Two chains deep a return would go on with NetworkPolicies: what Admin accepts goes on with ingress itself.
        var accept = gate.Direction == Direction.Ingress ? Statement.Accept : Statement.Goto(Names.ToIngress);
        if (gate.Direction == Direction.Egress)
            Add(BaseChains.ToIngress);
        return Shared("admin", gate, parts, accept);
    }

    private string? Exempt(Gate gate)
    {
        if (!gate.IsIsolated)
            return Open(gate);
        var parts = TierPart.Of(Steps(gate, ClusterTier.Admin), Final, TierEnd.Allow);
        return parts.IsEmpty ? null : Shared("exempt", gate, parts, Statement.Return);
    }

    /// <summary>A chain named by what it decides, so that gates that decide the same share it.</summary>
    private string Shared(string prefix, Gate gate, ImmutableArray<TierPart> parts, Parts accept)
    {
        var policies = parts.SelectMany(part => part.Rules).Select(rule => rule.Policy.Name).Distinct();
        var meaning = string.Join('\n', parts.Select(part =>
            $"{part.End} {part.Ports} of {part.Peers} as {string.Join(", ", part.Rules)}"));
        var name = Name(prefix, gate.Direction, meaning);
        if (!_chains.ContainsKey(name))
            Add(new(name)
            {
                Comment = NftComment.Fit($"Admin tier: {string.Join(", ", policies)}"),
                Rules = [.. RulesOf(gate, parts, accept, Statement.Return)],
            });
        return name;
    }

    /// <summary>The gates of several pods of one address, one after the other: each returns what it allows.</summary>
    private string? Both(Direction direction, string prefix, IEnumerable<string?> gates)
    {
        var chains = gates.OfType<string>().ToImmutableArray();
        if (chains.IsEmpty)
            return null;
        var name = Name(prefix, direction, string.Join('\n', chains));
        Add(new(name)
        {
            Comment = "an address that several pods claim: allowed what all of them are",
            Rules = [.. chains.Select(chain => Rule.Of(Statement.Jump(chain)))],
        });
        return name;
    }

    private void Add(Chain chain) => _chains[chain.Name] = chain;

    /// <summary>What conntrack could not place meets no rule of a closed direction.</summary>
    public static Rule Odd(Direction direction) => Rule.Of(
        Match.CtState(CtState.Invalid | CtState.Untracked),
        Statement.Goto(direction == Direction.Ingress ? Names.OddIngress : Names.OddEgress));

    private RuleMaker Maker => new(_sets, families);

    private IEnumerable<Rule> Entries(Gate gate, Parts allow)
    {
        var parts = UnionParts.Of(gate.Entries);
        for (var i = 0; i < gate.Entries.Length; i++)
        {
            var entry = gate.Entries[i];
            foreach (var rule in Maker.Of(gate.Direction, entry.Ports, entry.Peers, entry.Rules, allow, parts[i]))
                yield return rule;
        }

        var counter = gate.Direction == Direction.Ingress ? Names.DeniedIngress : Names.DeniedEgress;
        yield return Rule.Of(Statement.CountOn(counter), BaseChains.End(mode, allow));
    }

    private IEnumerable<Rule> RulesOf(Gate gate, IEnumerable<TierPart> parts, Parts accept, Parts next)
    {
        var counter = gate.Direction == Direction.Ingress ? Names.RefusedIngress : Names.RefusedEgress;
        Parts deny = [.. Statement.CountOn(counter), .. BaseChains.End(mode, accept)];
        return parts.SelectMany(part => Maker.Of(gate.Direction, part.Ports, part.Peers, part.Rules, part.End switch
        {
            TierEnd.Allow => accept,
            TierEnd.Deny => deny,
            _ => next,
        }));
    }

    private static IEnumerable<GateStep> Steps(Gate gate, ClusterTier tier) =>
        gate.Steps.Where(step => step.Tier == tier);

    /// <summary>What actions mean where another stage follows.</summary>
    private static TierEnd Meaning(ClusterAction action) => action switch
    {
        ClusterAction.Accept => TierEnd.Allow,
        ClusterAction.Deny => TierEnd.Deny,
        _ => TierEnd.Next,
    };

    /// <summary>What actions mean where nobody is asked any more and the end is allowed.</summary>
    private static TierEnd Final(ClusterAction action) =>
        action == ClusterAction.Deny ? TierEnd.Deny : TierEnd.Allow;

    private static string Name(string prefix, Direction direction, string meaning)
    {
        var word = direction == Direction.Ingress ? "ingress" : "egress";
        return $"{prefix}-{word}-{Hash(meaning)}";
    }

    /// <summary>What names say of a meaning.</summary>
    public static string Hash(string meaning) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(meaning)).AsSpan(0, HashLength));
}
