using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;
using Xunit;
using static Palisade.Policy.Tests.Compile.WebCluster;

namespace Palisade.Policy.Tests.Compile;

/// <summary>Classes: pods that no policy can tell apart, by what policies mention and nothing else.</summary>
public sealed class ClassTests
{
    [Fact]
    public void Addresses_names_and_labels_nobody_mentions_make_no_class() => Assert.Equal(
        ["x app=web [a b]"],
        Classes(
            Pod("x", "a", "app=web", "hash=1") with { Addresses = [Address.Parse("10.0.0.1")] },
            Pod("x", "b", "app=web", "hash=2")));

    [Fact]
    public void Values_nobody_compares_with_are_all_alike() => Assert.Equal(
        ["x  [c]", "x app=* [a b]", "x app=front [d]"],
        Classes(Pod("x", "a", "app=db"), Pod("x", "b", "app=cache"), Pod("x", "c"), Pod("x", "d", "app=front")));

    [Fact]
    public void Namespaces_nobody_mentions_are_all_alike() => Assert.Equal(
        ["? app=web [a b]", "x app=web [a]"],
        Classes(Pod("y", "a", "app=web"), Pod("z", "b", "app=web"), Pod("x", "a", "app=web")));

    [Fact]
    public void Only_port_names_that_a_rule_mentions_with_their_protocol_make_classes() => Assert.Equal(
        ["x app=web [a c]", "x app=web http/TCP=80 [b]", "x app=web http/TCP=81 [d]"],
        Classes(
            Pod("x", "a", "app=web") with { NamedPorts = [new("metrics", Protocol.Tcp, 80)] },
            Pod("x", "b", "app=web") with { NamedPorts = [new("http", Protocol.Tcp, 80)] },
            Pod("x", "c", "app=web") with { NamedPorts = [new("http", Protocol.Udp, 80)] },
            Pod("x", "d", "app=web") with { NamedPorts = [new("http", Protocol.Tcp, 81)] }));

    [Fact]
    public void Pods_of_the_hosts_network_have_no_class()
    {
        var policy = Compile(Pod("x", "a", "app=web") with { HostNetwork = true }, Pod("x", "b", "app=web"));
        Assert.Equal([-1, 0], [policy.ClassOf(0), policy.ClassOf(1)]);
        Assert.Equal([1], policy.Members(PodSet.Every));
    }

    [Fact]
    public void Ten_thousand_pods_of_three_kinds_are_three_classes()
    {
        var pods = Enumerable.Range(0, 10_000)
            .Select(i => Pod("x", $"p{i}", $"app={(i % 3) switch { 0 => "web", 1 => "front", _ => $"o{i}" }}"));
        var policy = Compile([.. pods]);
        Assert.Equal(3, policy.Classes.Length);
        Assert.Equal(10_000, policy.Classes.Sum(c => c.Endpoints.Length));
    }

    [Fact]
    public void A_marker_in_a_selector_is_no_marker()
    {
        var policy = PolicyCompiler.Compile(ClusterSnapshot.Of(
            endpoints: [Pod("x", "a", "app=db"), Pod("x", "b", "app=*")],
            networkPolicies: [Web with { Subject = Has("app", "*") }]));
        Assert.Null(policy.GateOf(policy.ClassOf(0), Direction.Ingress));
        Assert.NotNull(policy.GateOf(policy.ClassOf(1), Direction.Ingress));
    }

    [Fact]
    public void Members_of_a_set_no_rule_mentions_are_refused()
    {
        var policy = Compile(Pod("x", "a"));
        Assert.Throws<ArgumentException>(() => policy.Members(new(NamespaceScope.One("x"), Has("never", "said"))));
    }

    [Fact]
    public void Scopes_that_only_name_one_namespace_are_that_namespace()
    {
        Assert.Equal(NamespaceScope.One("x"), NamespaceScope.Matching(Has(ClusterSnapshot.NameLabel, "x")));
        Assert.Equal("*", NamespaceScope.Matching(LabelSelector.Everything).ToString());
        Assert.Equal("{team=a}", NamespaceScope.Matching(Has("team", "a")).ToString());
    }

    private static CompiledPolicy Compile(params Endpoint[] pods) => PolicyCompiler.Compile(WebCluster.Of(pods));

    private static List<string> Classes(params Endpoint[] pods)
    {
        var policy = Compile(pods);
        return
        [
            .. policy.Classes.Select(c =>
            {
                var ports = string.Concat(c.NamedPorts.Select(p => $" {p.Name}/{p.Protocol.Spelling()}={p.Number}"));
                var names = c.Endpoints.Select(i => policy.Snapshot.Endpoints[i].Name);
                return $"{c.Namespace ?? "?"} {c.Labels}{ports} [{string.Join(' ', names)}]";
            }).Order(StringComparer.Ordinal),
        ];
    }
}
