using Palisade.Dataplane.Lower;
using Palisade.Dataplane.Network;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;
using static Palisade.Dataplane.Tests.World.OneNode;

namespace Palisade.Dataplane.Tests.Lower;

/// <summary>Names of sets that somebody made to be one.</summary>
public sealed class SetNameTests
{
    private const string Key = "a-label-key-that-fills-the-readable-part-of-names";

    /// <summary>
    /// SHA-256 of x/{KEY=VALUE} begins with the same 48 bits for these two values: found among 40 million in a minute.
    /// </summary>
    private static readonly string[] Colliding = ["v2967854", "v19570269"];

    [Fact]
    public void Two_sets_whose_hashes_begin_alike_stay_two()
    {
        var cluster = Cluster([Isolate('a', Direction.Ingress, From(0)), Isolate('b', Direction.Ingress, From(1))]);
        cluster = cluster with { Endpoints = [.. cluster.Endpoints, Peer(0), Peer(1)] };
        var ruleset = Lowering.Lower(
            PolicyCompiler.Compile(cluster), "n1", NodeNetwork.Unknown, new NodeSettings());
        var sets = ruleset.Sets.Where(set => set.Name.StartsWith("pods4-", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, sets.Count);
        Assert.StartsWith(sets[0].Name, sets[1].Name, StringComparison.Ordinal);
        var members = sets.Select(set => Assert.Single(set.Elements).Key).Distinct();
        Assert.Equal(2, members.Count());
        // Each gate looks its own set up.
        var rules = ruleset.Chains.Where(c => c.Name.StartsWith("ingress-", StringComparison.Ordinal))
            .SelectMany(c => c.Rules).Select(rule => rule.ToString()).ToList();
        Assert.All(sets, set => Assert.Single(rules, rule => rule.Contains($"@{set.Name} ", StringComparison.Ordinal)));
    }

    private static PolicyRule From(int which) => new(
        [new PodPeer(null, LabelSelector.Of([new(Key, SelectorOperator.In, [Colliding[which]])]))], []);

    private static Endpoint Peer(int which) => new()
    {
        Namespace = "x",
        Name = $"peer{which}",
        Labels = LabelSet.Of([new(Key, Colliding[which])]),
        Node = "n2",
        Addresses = [Address.Parse($"10.244.2.{which + 2}")],
    };
}
