using System.Collections.Immutable;
using CsCheck;
using Palisade.Dataplane.Lower;
using Palisade.Dataplane.Network;
using Palisade.Dataplane.Reconcile;
using Palisade.Nftables;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Tests.Shared;

namespace Palisade.Dataplane.Tests.Reconcile;

/// <summary>The table that goes on change by change is the one that a fresh start would make.</summary>
public sealed class LiveTableTests
{
    private static readonly ClusterShape Shape =
        new() { MaxNodes = 2, MaxPods = 8, MaxPolicies = 6, MaxClusterPolicies = 3 };

    private static readonly Gen<(ClusterSnapshot Next, int Kind, int Dice)> Steps =
        Gen.Select(RandomClusters.Clusters(Shape), Gen.Int[0, 9], Gen.Int[0, 1 << 20]);

    /// <summary>300 sequences of 1 to 12 steps (3,000 with PALISADE_NIGHTLY=1), each a batch of events.</summary>
    [Fact]
    public void After_any_sequence_of_events_the_table_is_the_lowered_one()
    {
        var sequences = Environment.GetEnvironmentVariable("PALISADE_NIGHTLY") == "1" ? 3000 : 300;
        var (played, inPlace, elementsOnly) = (0, 0, 0);
        Steps.Array[1, 12].Sample(steps =>
        {
            var cluster = steps[0].Next;
            var network = ClusterSteps.NetworkOf(cluster, steps[0].Dice);
            var settings = new NodeSettings
            {
                Mode = steps[0].Dice % 7 == 0 ? EnforcementMode.Observe : EnforcementMode.Enforce,
                LogGroup = (ushort)(steps[0].Dice % 2),
            };
            var engine = new PolicyEngine(cluster);
            var live = new LiveTable(engine.Policy, "n1", network, settings);
            var table = TableModel.Sorted(live.Ruleset());
            AssertSame(Lower(cluster, network, settings), table);
            foreach (var (next, kind, dice) in steps.Skip(1))
            {
                var before = cluster;
                cluster = ClusterSteps.Step(cluster, next, kind, dice);
                if (dice % 13 == 0)
                    settings = settings with { Uplinks = ["wan0"], Mode = EnforcementMode.Enforce };
                if (dice % 4 == 0)
                    network = ClusterSteps.NetworkOf(cluster, dice);
                var delta = engine.Apply(ClusterSteps.Between(before, cluster));
                var node = cluster.Nodes.FirstOrDefault(node => node.Name == "n1");
                var change = live.Update(delta, node, network, settings);
                Interlocked.Increment(ref played);
                if (change is { IsEmpty: false })
                {
                    Interlocked.Increment(ref inPlace);
                    if (change is { ElementCount: > 0, AddedSets: [], AddedChains: [], ChangedChains: [] })
                        Interlocked.Increment(ref elementsOnly);
                }

                table = change is null ? TableModel.Sorted(live.Ruleset()) : TableModel.Apply(table, change);
                AssertSame(Lower(cluster, network, settings), table);
            }
        }, iter: sequences);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{played} steps, {inPlace} with a change in place, {elementsOnly} of elements only");
        Assert.True(inPlace > played / 3 && elementsOnly > played / 30, $"{played}, {inPlace}, {elementsOnly}");
    }

    private static Ruleset Lower(ClusterSnapshot cluster, NodeNetwork network, NodeSettings settings) =>
        TableModel.Sorted(Lowering.Lower(PolicyCompiler.Compile(cluster), "n1", network, settings));

    private static void AssertSame(Ruleset expected, Ruleset actual)
    {
        if (expected != actual)
            Assert.Equal(Text(expected), Text(actual));
        Assert.Equal(expected, actual);
    }

    private static string Text(Ruleset ruleset) => NftText.Print(ruleset with
    {
        Sets =
        [
            .. ruleset.Sets.Select(set => set with
            {
                Elements = [.. set.Elements.OrderBy(e => e.ToString(), StringComparer.Ordinal)],
            }),
        ],
    });
}
