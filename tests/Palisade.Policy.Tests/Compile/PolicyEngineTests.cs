using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;
using Xunit;
using static Palisade.Policy.Tests.Compile.WebCluster;

namespace Palisade.Policy.Tests.Compile;

/// <summary>What single changes of a cluster do, and nothing else.</summary>
public sealed class PolicyEngineTests
{
    [Fact]
    public void A_pod_like_others_changes_its_class_only()
    {
        var engine = Engine(Pod("x", "a", "app=web"), Pod("x", "b", "app=front"));
        var delta = engine.Apply(ClusterChange.Put(Pod("x", "c", "app=web")));
        var added = Assert.Single(delta.Endpoints);
        Assert.Equal((2, null, "x/c"), (added.Id, added.Before?.ToString(), added.After?.ToString()));
        Assert.Equal([0, 2], Assert.Single(delta.ChangedClasses).Endpoints);
        Assert.Equal((0, 0, 0, 0), (delta.AppearedClasses.Length, delta.VanishedClasses.Length, delta.Gates.Length,
            delta.ClassGates.Length));
    }

    [Fact]
    public void A_relabelled_pod_takes_its_gate_along()
    {
        var engine = Engine(Pod("x", "a", "app=web"));
        var delta = engine.Apply(ClusterChange.Put(Pod("x", "a", "app=front")));
        Assert.Equal("app=web", Assert.Single(delta.VanishedClasses).Labels.ToString());
        Assert.Equal("app=front", Assert.Single(delta.AppearedClasses).Labels.ToString());
        Assert.Null(Assert.Single(delta.Gates).After);
        Assert.Null(engine.Policy.GateOf(engine.Policy.ClassOf(0), Direction.Ingress));
    }

    [Fact]
    public void Ids_stay_while_pods_live_and_are_given_again()
    {
        var engine = Engine(Pod("x", "a", "app=web"), Pod("x", "b", "app=web"));
        engine.Apply(ClusterChange.RemoveEndpoint("x", "a"));
        Assert.Equal((null, "x/b"), (engine.Policy.EndpointAt(0), engine.Policy.EndpointAt(1)?.ToString()));
        engine.Apply(ClusterChange.Put(Pod("a", "first", "app=web")));
        Assert.Equal("a/first", engine.Policy.EndpointAt(0)?.ToString());
    }

    [Fact]
    public void What_changes_nothing_is_an_empty_delta()
    {
        var engine = Engine(Pod("x", "a", "app=web"));
        Assert.True(engine.Apply(ClusterChange.Put(Pod("x", "a", "app=web"))).IsEmpty);
        Assert.True(engine.Apply(ClusterChange.Put(Web with { Name = "web" })).IsEmpty);
        Assert.True(engine.Apply(ClusterChange.RemoveNode("nowhere")).IsEmpty);
        Assert.True(engine.Apply(
            [ClusterChange.RemoveEndpoint("x", "a"), ClusterChange.Put(Pod("x", "a", "app=web"))]).IsEmpty);
    }

    [Fact]
    public void A_value_that_a_policy_begins_to_mention_moves_only_the_pods_that_have_it()
    {
        var engine = Engine(Pod("x", "a", "app=db"), Pod("x", "b", "app=cache"), Pod("x", "c"));
        var other = Web with { Name = "db", Subject = Has("app", "db") };
        var delta = engine.Apply(ClusterChange.Put(other));
        Assert.Equal("x/a", Assert.Single(delta.Endpoints).After!.ToString());
        Assert.Equal("app=db", Assert.Single(delta.AppearedClasses).Labels.ToString());
        Assert.Equal("app=*", Assert.Single(delta.ChangedClasses).Labels.ToString());
        var back = engine.Apply(ClusterChange.RemoveNetworkPolicy("x", "db"));
        Assert.Equal("app=db", Assert.Single(back.VanishedClasses).Labels.ToString());
        Assert.Equal([0, 1], Assert.Single(back.ChangedClasses).Endpoints);
    }

    [Fact]
    public void An_edited_policy_changes_what_its_gates_say_and_no_class()
    {
        var engine = Engine(Pod("x", "a", "app=web"), Pod("x", "b", "app=front"));
        var rule = new PolicyRule([new PodPeer(null, Has("app", "front"))], [PolicyPort.Range(Protocol.Tcp, 80, 80)]);
        var delta = engine.Apply(ClusterChange.Put(Web with { Ingress = [rule] }));
        var gate = Assert.Single(delta.Gates);
        Assert.Equal(gate.Before!.Id, gate.After!.Id);
        Assert.Empty(gate.Before.Entries);
        Assert.Equal("TCP 80 of x/{app=front}", Assert.Single(gate.After.Entries).ToString());
        Assert.True((delta with { Gates = [] }).IsEmpty);
    }

    [Fact]
    public void Priorities_that_change_places_change_steps_under_the_same_id()
    {
        var engine = Engine(Pod("x", "a"));
        ClusterNetworkPolicy Policy(string name, ClusterAction action, int priority) => new()
        {
            Name = name,
            Tier = ClusterTier.Admin,
            Priority = priority,
            Subject = new(LabelSelector.Everything, LabelSelector.Everything),
            Ingress =
            [
                new()
                {
                    Action = action,
                    Peers = [new ClusterPodPeer(new(LabelSelector.Everything, LabelSelector.Everything))],
                },
            ],
        };
        engine.Apply([
            ClusterChange.Put(Policy("a", ClusterAction.Accept, 1)),
            ClusterChange.Put(Policy("b", ClusterAction.Deny, 2)),
        ]);
        var delta = engine.Apply(ClusterChange.Put(Policy("b", ClusterAction.Deny, 0)));
        var gate = Assert.Single(delta.Gates);
        Assert.Equal(ClusterAction.Accept, gate.Before!.Steps[0].Action);
        Assert.Equal(ClusterAction.Deny, gate.After!.Steps[0].Action);
        Assert.Empty(delta.ClassGates);
    }

    [Fact]
    public void Nodes_names_and_hostNetwork_pods_change_members_of_address_sets()
    {
        var engine = Engine();
        engine.Apply(ClusterChange.Put(new ClusterNetworkPolicy
        {
            Name = "a",
            Tier = ClusterTier.Admin,
            Priority = 1,
            Subject = new(LabelSelector.Everything, LabelSelector.Everything),
            Egress =
            [
                new()
                {
                    Action = ClusterAction.Accept,
                    Peers = [new NodesPeer(Has("role", "edge")), new DomainNamesPeer(["*.example.com"])],
                },
            ],
        }));
        var labels = LabelSet.Empty.With("role", "edge");
        var (one, two) = (Address.Parse("10.0.0.1"), Address.Parse("10.0.0.2"));
        var node = engine.Apply(ClusterChange.Put(new Node("n1", labels, [one])));
        Assert.Equal([one], Assert.Single(node.Addresses).Added);
        var host = Pod("x", "h") with { HostNetwork = true, Node = "n1", Addresses = [one, two] };
        Assert.Equal([two], Assert.Single(engine.Apply(ClusterChange.Put(host)).Addresses).Added);
        var flipped = engine.Apply(ClusterChange.Put(host with { HostNetwork = false }));
        Assert.Equal([two], Assert.Single(flipped.Addresses).Removed);
        Assert.Null(Assert.Single(flipped.Endpoints).ClassBefore);
        Assert.NotNull(flipped.Endpoints[0].ClassAfter);
        var name = engine.Apply(ClusterChange.Put(new DomainName("A.example.com.", [two])));
        Assert.Equal("*.example.com", Assert.Single(name.Addresses).Set.ToString());
    }

    [Fact]
    public void After_a_change_that_failed_half_way_there_are_no_others()
    {
        var engine = Engine(Pod("x", "a", "app=web"));
        var strange = Web with { Ingress = [new([new StrangePeer()], [])] };
        Assert.Throws<ArgumentException>(() => engine.Apply(ClusterChange.Put(strange)));
        Assert.Throws<InvalidOperationException>(() => engine.Apply(ClusterChange.Put(Pod("x", "b"))));
    }

    private sealed record StrangePeer() : PolicyPeer(default(SourceLocation));

    private static PolicyEngine Engine(params Endpoint[] pods) => new(WebCluster.Of(pods));
}
