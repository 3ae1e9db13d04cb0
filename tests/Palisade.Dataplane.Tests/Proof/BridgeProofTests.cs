using Palisade.Dataplane.Network;
using Palisade.Dataplane.Proof;
using Palisade.Dataplane.Proof.Frames;
using Palisade.Dataplane.Proof.Kernel;
using Palisade.Dataplane.Tests.World;
using Palisade.Nftables;
using Palisade.Policy.Compile;

namespace Palisade.Dataplane.Tests.Proof;

/// <summary>Both tables of a node with a bridge are proved, and a damage of the bridge's is found.</summary>
public sealed class BridgeProofTests
{
    private static readonly Table Bridge = new(NftFamily.Bridge, "palisade");

    /// <summary>Rules without which no frame fares otherwise, and why.</summary>
    private static readonly (string Chain, string Rule, string Why)[] Redundant =
    [
        ("ports", "uplinks", "no port leads out"),
        ("delivery", "uplinks", "no port leads out"),
        ("delivery", "mld", "only not logged: what is for many ends below"),
        ("delivery", "igmp", "only not logged: what is for many ends below"),
        ("delivery", "oifname @ports", "counted otherwise: what reaches the end is dropped there"),
    ];

    [Fact]
    public void Every_part_of_a_bridges_table_is_missed()
    {
        using var node = new OneNode(bridged: true, []);
        node.Node.Routing.CreateBridge("other0");
        node.Node.Routing.SetMaster(node.Stranger.Link, "other0");   // a bridge that is nobody's
        node.Apply([]);
        var socket = node.World.SocketOf(node.Node);
        var whole = socket.Dump(Bridge.Family, Bridge.Name)!;
        var before = Prove(node);
        Assert.True(before.Holds, string.Join('\n', before.Differences.Take(5)));
        Assert.Empty(socket.Dump(Bridge.Family, Bridge.Name)!.Sets.Single(set => set.Name == "uplinks").Elements);
        var cluster = OneNode.Cluster([]);
        var bridges = PodInterfaces.Of(
            NodeNetwork.Read(node.Node.Routing), cluster.Endpoints, cluster.Nodes[0], new()).Bridged;
        var unseen = new List<string>();
        foreach (var (part, without) in Parts(whole))
        {
            Write(socket, without);
            var read = TableReader.Read(socket, Bridge.Family, Bridge.Name);
            if (PortProof.Compare(read, bridges, EnforcementMode.Enforce).Different == 0)
                unseen.Add(part);
        }

        Write(socket, whole);
        Assert.True(Prove(node).Holds);
        var unexplained = unseen.Where(part => !Redundant.Any(r =>
            part.StartsWith($"{r.Chain}: ", StringComparison.Ordinal) && part.Contains(r.Rule)));
        Assert.True(!unexplained.Any(), string.Join('\n', unexplained));

        var gone = new Transaction(Bridge);
        gone.DeleteTable();
        socket.Commit(gone);
        Assert.Contains(Prove(node).Differences, difference => difference.Kind == DifferenceKind.NoTable);
    }

    private static NodeProof Prove(OneNode node) => Prover.Read(node.World.SocketOf(node.Node)).Prove(
        PolicyCompiler.Compile(OneNode.Cluster([])), "n1", NodeNetwork.Read(node.Node.Routing), new());

    private static void Write(NftSocket socket, Ruleset table)
    {
        var transaction = new Transaction(Bridge);
        transaction.DeleteTable();
        transaction.AddRuleset(table);
        socket.Commit(transaction);
    }

    /// <summary>Each rule that decides, each base chain and each element taken away; an element too many in each set.
    /// </summary>
    private static IEnumerable<(string Part, Ruleset Without)> Parts(Ruleset table)
    {
        foreach (var chain in table.Chains.Where(chain => !chain.Name.StartsWith("drop-", StringComparison.Ordinal)))
        {
            if (chain.Base is not null)
                yield return ($"chain {chain.Name}", table with { Chains = table.Chains.Remove(chain) });
            for (var i = 0; i < chain.Rules.Length; i++)
            {
                var text = NftText.Print(new(table.Table) { Chains = [chain with { Rules = [chain.Rules[i]] }] });
                if (text.Contains(" log prefix ", StringComparison.Ordinal))
                    continue;
                yield return ($"{chain.Name}: {text}", table with
                {
                    Chains = table.Chains.Replace(chain, chain with { Rules = chain.Rules.RemoveAt(i) }),
                });
            }
        }

        foreach (var set in table.Sets)
        {
            foreach (var element in set.Elements)
            {
                yield return ($"{set.Name} {element.Key}", table with
                {
                    Sets = table.Sets.Replace(set, set with { Elements = set.Elements.Remove(element) }),
                });
            }
        }

        foreach (var name in (string[])["source4", "source6", "hardware"])
        {
            var set = table.Sets.Single(one => one.Name == name);
            // Not of the link: a port may have any of those that nobody else has.
            byte[] key = [.. set.Elements.First(element => element.Key.Bytes[16] != 0xfe).Key.Bytes];
            key[^(name == "hardware" ? 3 : 1)] ^= 0x55;
            yield return ($"{name} and another", table with
            {
                Sets = table.Sets.Replace(set, set with { Elements = set.Elements.Add(new(new(key))) }),
            });
        }
    }
}
