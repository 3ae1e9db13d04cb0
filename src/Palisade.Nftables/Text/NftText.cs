using System.Text;
using Palisade.Nftables.Text;

namespace Palisade.Nftables;

/// <summary>Rulesets as text, exactly as `nft list table` of nftables 1.0.6 prints them.</summary>
public static class NftText
{
    private const string ElementIndent = "\t\t\t     ";

    // Names of priorities (nft(8)); dstnat and srcnat are known at their own hooks only.
    private static readonly (string Name, int Priority, NftHook? Hook)[] Priorities =
    [
        ("raw", -300, null), ("mangle", -150, null), ("dstnat", -100, NftHook.Prerouting), ("filter", 0, null),
        ("security", 50, null), ("srcnat", 100, NftHook.Postrouting),
    ];

    private static readonly (string Name, int Priority, NftHook? Hook)[] BridgePriorities =
    [
        ("dstnat", -300, NftHook.Prerouting), ("filter", -200, null), ("out", 100, NftHook.Output),
        ("srcnat", 300, NftHook.Postrouting),
    ];

    /// <summary>Prints a table, with a line end behind the last brace.</summary>
    public static string Print(Ruleset ruleset)
    {
        var blocks = new List<string>();
        blocks.AddRange(ruleset.Counters.Select(PrintCounter));
        blocks.AddRange(ruleset.Sets.Select(PrintSet));
        blocks.AddRange(ruleset.Chains.Select(chain => PrintChain(ruleset.Table.Family, chain)));
        var comment = ruleset.Table.Comment is null ? "" : $"\tcomment \"{ruleset.Table.Comment}\"\n";
        var flags = PrintFlags(ruleset.Table.Flags);
        var gap = flags.Length > 0 && blocks.Count > 0 ? "\n" : "";
        return $"table {ruleset.Table} {{\n{flags}{comment}{gap}{string.Join('\n', blocks)}}}\n";
    }

    /// <summary>
    /// nft 1.0.6 does not know persist: it prints nothing for it, but the line. Behind the brace of an owned table
    /// nft adds the owner's name as a comment, which is not printed here.
    /// </summary>
    private static string PrintFlags(TableFlags flags)
    {
        if (flags == TableFlags.None)
            return "";
        var known = new[] { TableFlags.Dormant, TableFlags.Owner }.Where(flag => flags.HasFlag(flag));
        return $"\tflags {string.Join(',', known).ToLowerInvariant()}\n";
    }

    /// <summary>Prints one rule without its indentation.</summary>
    public static string Print(Rule rule, NftFamily family = NftFamily.Inet)
    {
        var printer = new RulePrinter(family);
        foreach (var expression in rule.Expressions)
            expression.Print(printer);
        return rule.Comment is null ? printer.Text : $"{printer.Text} comment \"{rule.Comment}\"";
    }

    /// <summary>The keyword of a family.</summary>
    public static string FamilyName(NftFamily family) => family.ToString().ToLowerInvariant();

    private static string PrintCounter(NamedCounter counter)
    {
        var comment = counter.Comment is null ? "" : $"\t\tcomment \"{counter.Comment}\"\n";
        return $"\tcounter {counter.Name} {{\n{comment}\t\tpackets {counter.Packets} bytes {counter.Bytes}\n\t}}\n";
    }

    private static string PrintSet(NftSet set)
    {
        var definition = set.Definition;
        var text = new StringBuilder();
        text.Append($"\t{(definition.IsMap ? "map" : "set")} {definition.Name} {{\n");
        var data = definition.Data is { } type ? $" : {type}" : definition.IsVerdictMap ? " : verdict" : "";
        text.Append($"\t\ttype {definition.Key}{data}\n");
        if (definition.IsInterval)
            text.Append("\t\tflags interval\n");
        if (definition.Comment is not null)
            text.Append($"\t\tcomment \"{definition.Comment}\"\n");
        if (!set.Elements.IsEmpty)
            text.Append($"\t\telements = {{ {PrintElements(set)} }}\n");
        return text.Append("\t}\n").ToString();
    }

    private static string PrintElements(NftSet set)
    {
        var perLine = ElementText.PerLine(set.Definition.Key);
        var text = new StringBuilder();
        var count = 0;
        foreach (var element in ElementText.Ordered(set.Definition, set.Elements))
        {
            if (count > 0)
                text.Append(count % perLine == 0 ? $",\n{ElementIndent}" : ", ");
            text.Append(ElementText.Print(set.Definition, element));
            count++;
        }

        return text.ToString();
    }

    private static string PrintChain(NftFamily family, Chain chain)
    {
        var text = new StringBuilder($"\tchain {chain.Name} {{\n");
        if (chain.Comment is not null)
            text.Append($"\t\tcomment \"{chain.Comment}\"\n");
        if (chain.Base is { } at)
        {
            var hook = at.Hook.ToString().ToLowerInvariant();
            var policy = at.Policy.ToString().ToLowerInvariant();
            text.Append($"\t\ttype {at.Type} hook {hook} priority {PriorityName(family, at)}; policy {policy};\n");
        }

        foreach (var rule in chain.Rules)
            text.Append($"\t\t{Print(rule, family)}\n");
        return text.Append("\t}\n").ToString();
    }

    private static string PriorityName(NftFamily family, BaseChain chain)
    {
        const int Reach = 10;   // how far from a name nft still uses it
        foreach (var (name, priority, hook) in family == NftFamily.Bridge ? BridgePriorities : Priorities)
        {
            var distance = chain.Priority - priority;
            if (Math.Abs(distance) > Reach || (hook is not null && hook != chain.Hook))
                continue;
            return distance == 0 ? name : $"{name} {(distance < 0 ? "-" : "+")} {Math.Abs(distance)}";
        }

        return $"{chain.Priority}";
    }
}
