using System.Collections.Immutable;
using System.Diagnostics;
using Palisade.Nftables;
using Palisade.Nftables.Kernel;
using Palisade.Policy.Sets;

namespace Palisade.Benchmarks.Drift;

/// <summary>What others do to a node's table: by netlink, and by nft as an administrator would.</summary>
internal sealed class Harms
{
    private readonly Table _table;
    private readonly NetworkNamespace _node;

    /// <param name="whole">The table, to find out what there is to harm.</param>
    /// <param name="pod">The pod whose gate is aimed at.</param>
    /// <param name="node">Where nft is run.</param>
    public Harms(Ruleset whole, Address pod, NetworkNamespace node)
    {
        (_table, _node) = (whole.Table with { Flags = TableFlags.None }, node);
        var gates = whole.Sets.Single(set => set.Name == "ingress4");
        var own = gates.Elements.Single(element => element.Key == new NftKey(pod.ToBytes()));
        var uplinks = whole.Sets.Single(set => set.Name == "uplinks").Definition;
        All =
        [
            ("accept put first", By(t => t.InsertRule("gates", Rule.Of(Statement.Accept)))),
            ("base chain flushed", By(t => t.FlushChain("gates"))),
            ("gate flushed", By(t => t.FlushChain(own.Verdict!.Chain!))),
            ("map of gates flushed", By(t => t.FlushSet(gates.Name))),
            ("element of the map deleted", By(t => t.DeleteElements(gates.Definition, [own]))),
            ("interface made an uplink", By(t => t.AddElements(uplinks, [new(NftKey.Interface("flood-to"))]))),
            ("table deleted", By(t => t.DeleteTable())),
            ("nft flush table", _ => Nft("flush", "table", "inet", "palisade")),
            ("nft delete table", _ => Nft("delete", "table", "inet", "palisade")),
            ("nft flush ruleset", _ => Nft("flush", "ruleset")),
        ];
    }

    public ImmutableArray<(string How, Action<NftSocket> Harm)> All { get; }

    /// <summary>
    /// What two states of the table differ in: chains, rules and elements, but for TCP without a beginning, which is
    /// let in for a while after a first install. Counters count on. Null: nothing.
    /// </summary>
    public static string? Difference(Ruleset one, Ruleset other) =>
        Lines(one).Except(Lines(other)).Concat(Lines(other).Except(Lines(one))).FirstOrDefault();

    private static string[] Lines(Ruleset ruleset) =>
    [
        .. ruleset.Chains.Where(chain => !chain.Name.EndsWith("midstream", StringComparison.Ordinal))
            .Select(chain => $"{chain.Name} {chain.Base}: {string.Join("; ", chain.Rules)}"),
        .. ruleset.Sets.Select(set => $"{set.Name}: {string.Join(", ", set.Elements.Select(e => $"{e}").Order())}"),
    ];

    private Action<NftSocket> By(Action<Transaction> what) => socket =>
    {
        var transaction = new Transaction(_table);
        what(transaction);
        socket.Commit(transaction);
    };

    private void Nft(params string[] arguments)
    {
        using var process = _node.Start(new ProcessStartInfo("nft", arguments) { RedirectStandardError = true });
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new KernelException(process.StandardError.ReadToEnd().Trim(), 1);
    }
}
