using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;
using Xunit;

namespace Palisade.Policy.Tests.Compile;

/// <summary>What single changes of a cluster do, and nothing else.</summary>
public sealed class PolicyEngineTests
{
    private static readonly NetworkPolicy Web = new()
    {
        Namespace = "x",
        Name = "web",
        IsolatesIngress = true,
        Subject = Has("app", "web"),
        Ingress = [new([new PodPeer(null, Has("app", "front"))], [PolicyPort.Named(Protocol.Tcp, "http")])],
    };

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

    private static PolicyEngine Engine(params Endpoint[] pods) =>
        new(ClusterSnapshot.Of(endpoints: pods, networkPolicies: [Web]));

    private static Endpoint Pod(string ns, string name, params string[] labels) => new()
    {
        Namespace = ns,
        Name = name,
        Labels = LabelSet.Of(labels.Select(l => KeyValuePair.Create(l.Split('=')[0], l.Split('=')[1]))),
    };

    private static LabelSelector Has(string key, string value) =>
        LabelSelector.Of([new(key, SelectorOperator.In, [value])]);
}
