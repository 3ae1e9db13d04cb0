using Palisade.Dataplane.Lower;
using Palisade.Dataplane.Proof;
using Palisade.Dataplane.Tests.World;
using Palisade.Nftables;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Tests.Proof;

/// <summary>Every rule, every element and every base chain of one table is taken away by itself.</summary>
public sealed class EveryPartTests
{
    /// <summary>Parts without which no packet fares otherwise, and why.</summary>
    private static readonly (string Part, string Why)[] Redundant =
    [
        ("gates: oifname \"lo\"", "what goes out by lo comes from the node, which is exempt by itself"),
        ("antispoof: iifname \"up0\" accept", "the set of uplinks is asked later"),
        ("unclaimed: iifname \"up0\" accept", "likewise"),
        ("gates: icmpv6 type { nd", "the node's own, which are exempt by themselves"),
        ($"pods4-x-pod-s-7b3ebdf6e366 {Key('s', 4)}", "an address that several pods claim is judged before"),
        ($"pods4-x-pod-t-8a09fcab0344 {Key('s', 4)}", "likewise"),
        ($"pods6-x-pod-s-7b3ebdf6e366 {Key('s', 6)}", "likewise"),
        ($"pods6-x-pod-t-8a09fcab0344 {Key('s', 6)}", "likewise"),
    ];

    [Fact]
    public void Every_part_of_a_table_is_missed()
    {
        var any = new PolicyRule(
            [new BlockPeer(Cidr.Parse("203.0.113.0/24"), []), new BlockPeer(Cidr.Parse("2001:db8::/64"), [])], []);
        // Two pods elsewhere have one address, and share no more than TCP 80; others of their classes have their own.
        PolicyRule[] shared =
        [
            new([new PodPeer(null, OneNode.Pod('s'))], []),
            new([new PodPeer(null, OneNode.Pod('t'))], [PolicyPort.Range(Protocol.Tcp, 80, 80)]),
        ];
        NetworkPolicy[] policies =
        [
            OneNode.Isolate('a', Direction.Ingress, [any, .. shared]), OneNode.Isolate('a', Direction.Egress, shared),
            OneNode.Isolate('b', Direction.Ingress, shared), OneNode.Isolate('b', Direction.Egress, [any, .. shared]),
            OneNode.Isolate('c', Direction.Ingress, [any, .. shared]), OneNode.Isolate('c', Direction.Egress, shared),
        ];
        var cluster = OneNode.Cluster(policies, "abcst");
        var (s, t) = (cluster.Endpoints[3] with { Node = "n2" }, cluster.Endpoints[4] with { Node = "n2" });
        cluster = cluster with
        {
            Endpoints =
            [
                .. cluster.Endpoints[..3], s, t,
                s with { Name = "s2", Addresses = [OneNode.Address4('u'), OneNode.Address6('u')] },
                t with { Name = "t2", Addresses = s.Addresses },
            ],
        };
        using var one = new OneNode();
        one.Apply(cluster);
        var reconciler = one.World.ReconcilerOf(one.Node);
        var socket = one.World.SocketOf(one.Node);
        var table = reconciler.Current!;
        var policy = PolicyCompiler.Compile(cluster);
        Assert.True(TrueTableTests.Prove(one.World, policy, "n1").Holds);
        var unseen = new List<string>();
        foreach (var (part, without) in Parts(table))
        {
            try
            {
                reconciler.Apply(socket, without);
            }
            catch (NftablesException)
            {
                reconciler.Apply(socket, table);
                continue;   // something refers to it: the kernel does not let it go
            }

            if (TrueTableTests.Prove(one.World, policy, "n1").Holds)
                unseen.Add(part);
            reconciler.Apply(socket, table);
        }

        Assert.True(TrueTableTests.Prove(one.World, policy, "n1").Holds);
        // Rules that only log decide nothing.
        var unexplained = unseen.Where(part => !part.Contains(" log prefix ", StringComparison.Ordinal)
            && !Redundant.Any(r => part.StartsWith(r.Part, StringComparison.Ordinal)));
        Assert.True(!unexplained.Any(), string.Join('\n', unexplained));
    }

    private static NftKey Key(char pod, int family) =>
        AddressSets.KeyOf(family == 4 ? OneNode.Address4(pod) : OneNode.Address6(pod));

    private static IEnumerable<(string Part, Ruleset Without)> Parts(Ruleset table)
    {
        foreach (var chain in table.Chains)
        {
            if (chain.Base is not null)
                yield return ($"chain {chain.Name}", table with { Chains = table.Chains.Remove(chain) });
            for (var i = 0; i < chain.Rules.Length; i++)
            {
                var without = chain with { Rules = chain.Rules.RemoveAt(i) };
                yield return (
                    $"{chain.Name}: {chain.Rules[i]}", table with { Chains = table.Chains.Replace(chain, without) });
            }
        }

        foreach (var set in table.Sets)
        {
            foreach (var element in set.Elements)
            {
                var without = set with { Elements = set.Elements.Remove(element) };
                yield return ($"{set.Name} {element.Key}", table with { Sets = table.Sets.Replace(set, without) });
            }
        }
    }
}
