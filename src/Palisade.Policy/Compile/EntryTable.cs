using System.Collections.Immutable;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Compile;

/// <summary>Gathers what rules allow by port set: peers that are allowed the same ports are one entry.</summary>
internal sealed class EntryTable(PortSetPool pool)
{
    private readonly Dictionary<PortSet, Row> _rows = [];

    /// <summary>All peers of a rule, on these ports. Without ports nothing is allowed and nothing is added.</summary>
    public void Add(PortSet ports, CompiledRule rule)
    {
        if (!ports.IsEmpty)
            RowOf(ports).Parts.Add((rule, null));
    }

    /// <summary>These pods, on these ports.</summary>
    public void Add(PortSet ports, CompiledRule rule, PodSet pods)
    {
        var row = RowOf(ports);
        row.Parts.Add((rule, pods));
        row.IsWhole = false;
    }

    /// <summary>
    /// The entries in the order of their ports' texts, and of each the rules that make it (null: and other things).
    /// Those that the gate had before are taken over if the same rules made them.
    /// </summary>
    public (ImmutableArray<GateEntry> Entries, ImmutableArray<CompiledRule[]?> Rules) ToEntries(Gate? before)
    {
        var rows = _rows.Values.ToArray();
        Array.Sort(rows, (one, other) => string.CompareOrdinal(one.Ports.ToString(), other.Ports.ToString()));
        var entries = ImmutableArray.CreateBuilder<GateEntry>(rows.Length);
        var rules = ImmutableArray.CreateBuilder<CompiledRule[]?>(rows.Length);
        var at = 0;
        foreach (var row in rows)
        {
            while (before is not null && at < before.Entries.Length
                && string.CompareOrdinal(before.Entries[at].Ports.ToString(), row.Ports.ToString()) < 0)
                at++;
            if (before is not null && at < before.Entries.Length
                && before.Entries[at].Ports.Equals(row.Ports) && row.IsMadeOf(before.EntryRules[at]))
            {
                entries.Add(before.Entries[at]);
                rules.Add(before.EntryRules[at]);
                continue;
            }

            entries.Add(row.ToEntry());
            rules.Add(row.IsWhole ? [.. row.Parts.Select(part => part.Rule)] : null);
        }

        return (entries.MoveToImmutable(), rules.MoveToImmutable());
    }

    private Row RowOf(PortSet ports)
    {
        var interned = pool.Intern(ports);
        if (!_rows.TryGetValue(interned, out var row))
            _rows[interned] = row = new(interned);
        return row;
    }

    private sealed class Row(PortSet ports)
    {
        public PortSet Ports { get; } = ports;

        /// <summary>What it is made of, in the order of rules: all peers of a rule, or some pods.</summary>
        public List<(CompiledRule Rule, PodSet? Only)> Parts { get; } = [];

        /// <summary>Whether it is made of whole rules.</summary>
        public bool IsWhole { get; set; } = true;

        public bool IsMadeOf(CompiledRule[]? rules)
        {
            if (!IsWhole || rules is null || rules.Length != Parts.Count)
                return false;
            for (var i = 0; i < rules.Length; i++)
            {
                if (!ReferenceEquals(rules[i], Parts[i].Rule))
                    return false;
            }

            return true;
        }

        public GateEntry ToEntry()
        {
            if (IsWhole && Parts.Count == 1)
                return new(Ports, Parts[0].Rule.Union, [Parts[0].Rule.Ref]);
            var union = new UnionBuilder();
            var rules = ImmutableArray.CreateBuilder<RuleRef>(Parts.Count);
            var last = default(CompiledRule);
            foreach (var (rule, only) in Parts)
            {
                if (only is null)
                    union.Add(rule);
                else
                    union.Add(only);
                // With port names one rule is several parts, all in a row.
                if (!ReferenceEquals(rule, last))
                    rules.Add(rule.Ref);
                last = rule;
            }

            return new(Ports, union.ToUnion(), rules.DrainToImmutable());
        }
    }
}
