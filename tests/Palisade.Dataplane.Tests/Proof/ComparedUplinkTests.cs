using Palisade.Dataplane.Lower;
using Palisade.Dataplane.Tests.World;
using Palisade.Nftables;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;

namespace Palisade.Dataplane.Tests.Proof;

/// <summary>
/// Rules that compare the one uplink are not missed when they are gone, since its set is asked as well; where another
/// interface stands in them, that is found.
/// </summary>
public sealed class ComparedUplinkTests
{
    [Theory]
    [InlineData(Names.AntiSpoof, "pod0", false)]
    [InlineData(Names.AntiSpoof, "up0", true)]
    [InlineData(Names.Unclaimed, "pod3", false)]
    [InlineData(Names.Unclaimed, "nobody0", false)]
    [InlineData(Names.Unclaimed, "up0", true)]
    [InlineData(Names.Unclaimed, "p*", false)]
    [InlineData(Names.Gates, "pod3", true)]
    [InlineData(Names.Gates, "nobody0", true)]
    [InlineData(Names.Gates, "up0", false)]
    public void Another_interface_in_its_place_is_found(string chain, string name, bool not)
    {
        NetworkPolicy[] policies = [OneNode.Isolate('a', Direction.Ingress)];
        using var one = new OneNode(policies);
        var policy = PolicyCompiler.Compile(OneNode.Cluster(policies));
        var (reconciler, socket) = (one.World.ReconcilerOf(one.Node), one.World.SocketOf(one.Node));
        var table = reconciler.Current!;
        var before = table.Chains.Single(c => c.Name == chain);
        var right = chain == Names.Gates ? Match.OutputInterface("up0", not: true) : Match.InputInterface("up0");
        var wrong = chain == Names.Gates ? Match.OutputInterface(name, not) : Match.InputInterface(name, not);
        var rules = before.Rules.Select(rule => rule.Expressions.AsSpan().StartsWith(right.AsSpan())
            ? rule with { Expressions = [.. wrong, .. rule.Expressions[right.Length..]] }
            : rule).ToList();
        Assert.Single(rules.Except(before.Rules));
        Assert.True(TrueTableTests.Prove(one.World, policy, "n1").Holds);
        var changed = table.Chains.Replace(before, before with { Rules = [.. rules] });
        reconciler.Apply(socket, table with { Chains = changed });
        var difference = TrueTableTests.Prove(one.World, policy, "n1").Differences.FirstOrDefault();
        Assert.True(difference?.Packet is not null || difference?.Kind == Dataplane.Proof.DifferenceKind.Unproved);
    }
}
