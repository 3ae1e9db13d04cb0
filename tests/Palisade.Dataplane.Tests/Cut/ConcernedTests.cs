using CsCheck;
using Palisade.Dataplane.Cut;
using Palisade.Dataplane.Reconcile;
using Palisade.Dataplane.Tests.Reconcile;
using Palisade.Nftables;
using Palisade.Nftables.Flows;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;
using Palisade.Tests.Shared;
using static Palisade.Dataplane.Tests.World.OneNode;

namespace Palisade.Dataplane.Tests.Cut;

/// <summary>Which connections a change is said to concern: all whose verdict is another, and few besides.</summary>
public sealed class ConcernedTests
{
    private static readonly PolicyRule FromA = new([new PodPeer(null, Pod('a'))], []);

    private static readonly Gen<(ClusterSnapshot Next, int Kind, int Dice)> Steps = Gen.Select(
        RandomClusters.Clusters(new() { MaxNodes = 2, MaxPods = 8, MaxPolicies = 6, MaxClusterPolicies = 3 }),
        Gen.Int[0, 9], Gen.Int[0, 1 << 20]);

    /// <summary>60 sequences of 2 to 10 steps (1,000 with PALISADE_NIGHTLY=1), every connection of two ports.</summary>
    [Fact]
    public void Whatever_a_change_allows_or_denies_is_looked_at()
    {
        var sequences = Environment.GetEnvironmentVariable("PALISADE_NIGHTLY") == "1" ? 1000 : 60;
        var (closed, opened, narrow) = (0, 0, 0);
        Steps.Array[2, 10].Sample(steps =>
        {
            var cluster = steps[0].Next;
            var network = ClusterSteps.NetworkOf(cluster, 1);
            var engine = new PolicyEngine(cluster);
            var live = new LiveTable(engine.Policy, "n1", network, new());
            foreach (var (next, kind, dice) in steps.Skip(1))
            {
                var before = cluster;
                cluster = ClusterSteps.Step(cluster, next, kind, dice);
                var delta = engine.Apply(ClusterSteps.Between(before, cluster));
                var node = cluster.Nodes.FirstOrDefault(node => node.Name == "n1");
                var scope = live.Concerned(delta, live.Update(delta, node, network, new()));
                var (was, now) = (Judge(before), Judge(cluster));
                foreach (var flow in Flows(before, cluster))
                {
                    if (Allows(was, flow) is var could && could == Allows(now, flow))
                    {
                        if (!Meets(scope, flow))
                            Interlocked.Increment(ref narrow);
                        continue;
                    }

                    Interlocked.Increment(ref could ? ref closed : ref opened);
                    Assert.True(
                        Meets(scope, flow) || (!could && scope.Opens),
                        $"{flow}: {could} before, and not looked at");
                }
            }
        }, iter: sequences);
        Assert.True(closed > 100 && opened > 100 && narrow > closed, $"{closed}, {opened}, {narrow}");
    }

    [Fact]
    public void A_policy_concerns_the_pods_it_closes_and_no_others_whatever_labels_it_mentions()
    {
        var scopes = new Scopes([Isolate('b', Direction.Ingress)]);
        // c is told apart from the others for the first time.
        Assert.Equal(Closed(false, 'c'), scopes.After(ClusterChange.Put(Isolate('c', Direction.Egress))));
        Assert.Equal(CutScope.Nothing, scopes.After(ClusterChange.Put(Isolate('c', Direction.Egress))));
        Assert.Equal(
            CutScope.Nothing with { Opens = true }, scopes.After(ClusterChange.RemoveNetworkPolicy("x", "egress-c")));
        // Another rule: b's gate says something else.
        Assert.Equal(Closed(true, 'b'), scopes.After(ClusterChange.Put(Isolate('b', Direction.Ingress, FromA))));
    }

    [Fact]
    public void A_peer_that_comes_only_opens_and_one_that_goes_closes_its_address()
    {
        var scopes = new Scopes([Isolate('b', Direction.Ingress, FromA)]);
        var other = new Endpoint
        {
            Namespace = "x",
            Name = "elsewhere",
            Labels = LabelSet.Of([new("pod", "a")]),
            Node = "n2",
            Addresses = [Beyond4],
        };
        Assert.Equal(CutScope.Nothing with { Opens = true }, scopes.After(ClusterChange.Put(other)));
        Assert.Equal(
            new([Beyond4]), scopes.After(ClusterChange.Put(other with { Labels = LabelSet.Of([new("pod", "q")]) })));
        // Of no set: nobody is concerned. But who was at an address of this node is not who comes there.
        Assert.Equal(CutScope.Nothing, scopes.After(ClusterChange.RemoveEndpoint("x", "elsewhere")));
        var here = other with { Labels = LabelSet.Empty, Node = "n1" };
        Assert.Equal(new([Beyond4]), scopes.After(ClusterChange.Put(here)));
        Assert.Equal(new([Beyond4]), scopes.After(ClusterChange.RemoveEndpoint("x", "elsewhere")));
    }

    [Fact]
    public void Two_scopes_together_are_both()
    {
        Assert.Null(CutScope.Everything.With(CutScope.Nothing).Addresses);
        Assert.True(CutScope.Nothing.With(CutScope.Nothing).IsNothing);
        var opens = CutScope.Nothing with { Opens = true };
        Assert.False(opens.IsNothing);
        Assert.Equal(
            new([Node4, Beyond4]) { Opens = true }, new CutScope([Beyond4]).With(opens).With(new([Node4])));
    }

    private static CutScope Closed(bool opens, char pod) =>
        new([Address4(pod), Address6(pod)]) { Opens = opens };

    private static FlowJudge Judge(ClusterSnapshot cluster) =>
        new(PolicyCompiler.Compile(cluster), "n1", [Node4, Node6]);

    private static bool Allows(FlowJudge judge, FlowTuple flow) => !judge.Concerns(flow, flow.Reversed)
        || judge.Allows(flow, flow.Reversed, takenUp: false);

    private static bool Meets(CutScope scope, FlowTuple flow) => scope.Addresses is not { } addresses
        || addresses.Any(address => Of(address) == flow.Source || Of(address) == flow.Destination);

    private static IEnumerable<FlowTuple> Flows(ClusterSnapshot before, ClusterSnapshot after)
    {
        Address[] ends =
        [
            .. before.Endpoints.Concat(after.Endpoints).SelectMany(pod => pod.Addresses), Beyond4, Beyond6, Node4,
        ];
        return
            from one in ends.Distinct()
            from other in ends.Distinct()
            where one.Family == other.Family
            from port in (ushort[])[80, 8080]
            select new FlowTuple(Of(one), Of(other), 6, 40_000, port);
    }

    private static PacketAddress Of(Address address) => new((byte)(address.Width == 32 ? 4 : 6), address.Bits);

    private sealed class Scopes
    {
        private readonly PolicyEngine _engine;
        private readonly LiveTable _live;

        public Scopes(IEnumerable<NetworkPolicy> policies)
        {
            _engine = new(Cluster(policies));
            _live = new(_engine.Policy, "n1", ClusterSteps.NetworkOf(_engine.Policy.Snapshot, 1), new());
        }

        public CutScope After(ClusterChange change)
        {
            var delta = _engine.Apply(change);
            var network = ClusterSteps.NetworkOf(Cluster([]), 1);
            return _live.Concerned(delta, _live.Update(delta, _engine.Policy.Nodes.Single(), network, new()));
        }
    }
}
