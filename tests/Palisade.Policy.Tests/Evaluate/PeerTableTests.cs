using Xunit;
using static Palisade.Policy.Tests.Evaluate.TruthTable;

namespace Palisade.Policy.Tests.Evaluate;

/// <summary>Who is a peer (semantics §1.4), as truth tables.</summary>
public sealed class PeerTableTests
{
    [Fact]   // a namespaceSelector peer without podSelector means every pod there; a pod always reaches itself
    public void Ingress_from_selected_namespaces() => Given("""
        metadata: { namespace: x, name: from-y }
        spec: { podSelector: { matchLabels: { pod: a } },
          ingress: [ { from: [ { namespaceSelector: { matchLabels: { ns: y } } } ] } ] }
        """).Expect("TCP/80", """
              x/a x/b y/a
        x/a    .   .   .
        x/b    X   .   .
        y/a    .   .   .
        """);

    [Fact]   // a podSelector peer alone: the policy's own namespace only
    public void A_pod_selector_without_a_namespace_selector_means_the_own_namespace() => Given("""
        metadata: { namespace: x, name: from-b }
        spec: { podSelector: {}, ingress: [ { from: [ { podSelector: { matchLabels: { pod: b } } } ] } ] }
        """).Expect("TCP/80", """
                    x/a x/b x/c y/a
        x/a          .   X   X   .
        x/b          .   .   .   .
        y/b          X   X   X   .
        203.0.113.9  X   X   X   .
        """);

    [Fact]   // namespaceSelector {} is every namespace, but pods only: no external address, no other node
    public void An_empty_namespace_selector_means_every_pod_and_nothing_else() => Given("""
        metadata: { namespace: x, name: any-pod }
        spec: { podSelector: {}, ingress: [ { from: [ { namespaceSelector: {} } ] } ] }
        """).Expect("TCP/80", """
                     x/a x/b
        x/a           .   .
        y/a           .   .
        z/c           .   .
        203.0.113.9   X   X
        192.168.50.2  X   X
        """);

    [Fact]   // one peer with both selectors: AND
    public void Selectors_of_one_peer_must_both_match() => Given("""
        metadata: { namespace: x, name: and }
        spec:
          podSelector: {}
          ingress: [ { from: [ { namespaceSelector: { matchLabels: { ns: y } },
            podSelector: { matchLabels: { pod: a } } } ] } ]
        """).Expect("TCP/80", """
             x/a x/b
        x/a   .   X
        y/a   .   .
        y/b   X   X
        z/a   X   X
        """);

    [Fact]   // two peers: OR, and the podSelector peer is about the own namespace
    public void Peers_of_one_rule_add_up() => Given("""
        metadata: { namespace: x, name: or }
        spec:
          podSelector: {}
          ingress: [ { from: [ { namespaceSelector: { matchLabels: { ns: y } } },
            { podSelector: { matchLabels: { pod: a } } } ] } ]
        """).Expect("TCP/80", """
             x/a x/b
        x/a   .   .
        x/c   X   X
        y/a   .   .
        y/b   .   .
        z/a   X   X
        """);

    [Fact]   // NotIn and DoesNotExist hold where the key is absent; Exists holds for the empty value; k: "" needs k
    public void Selector_operators_and_absent_keys()
    {
        const string pods = """
            ---
            { kind: Pod, metadata: { namespace: y, name: empty, labels: { k: "" } },
              status: { podIPs: [ { ip: 10.244.2.20 } ] } }
            ---
            { kind: Pod, metadata: { namespace: y, name: one, labels: { k: "1" } },
              status: { podIPs: [ { ip: 10.244.2.21 } ] } }
            ---
            { kind: Pod, metadata: { namespace: y, name: two, labels: { k: "2" } },
              status: { podIPs: [ { ip: 10.244.2.22 } ] } }
            ---
            { kind: Pod, metadata: { namespace: y, name: none, labels: {} },
              status: { podIPs: [ { ip: 10.244.2.23 } ] } }
            """;
        Given(Rule("{ matchExpressions: [ { key: k, operator: NotIn, values: [ '1' ] } ] }") + pods)
            .Expect("TCP/80", From(". X . ."));
        Given(Rule("{ matchExpressions: [ { key: k, operator: In, values: [ '1', '' ] } ] }") + pods)
            .Expect("TCP/80", From(". . X X"));
        Given(Rule("{ matchExpressions: [ { key: k, operator: Exists } ] }") + pods)
            .Expect("TCP/80", From(". . . X"));
        Given(Rule("{ matchExpressions: [ { key: k, operator: DoesNotExist } ] }") + pods)
            .Expect("TCP/80", From("X X X ."));
        Given(Rule("{ matchLabels: { k: '' } }") + pods)
            .Expect("TCP/80", From(". X X X"));
        Given(Rule("{ matchLabels: { k: '2' }, matchExpressions: [ { key: k, operator: NotIn, values: [ '2' ] } ] }")
            + pods)
            .Expect("TCP/80", From("X X X X"));
    }

    [Fact]   // ipBlock reads pods' and nodes' addresses too; except belongs to its own peer, another may allow it again
    public void Blocks_match_addresses_of_pods_and_nodes_and_exceptions_stay_with_their_peer() => Given("""
        metadata: { namespace: x, name: blocks }
        spec:
          podSelector: {}
          ingress:
          - from:
            - { ipBlock: { cidr: 10.244.0.0/16, except: [ 10.244.2.10/31 ] } }
            - { ipBlock: { cidr: 10.244.2.11/32 } }
            - { ipBlock: { cidr: 192.168.50.2/32 } }
        """).Expect("TCP/80", """
                      x/a
        x/b            .
        y/a            X
        y/b            .
        y/c            .
        192.168.50.2   .
        192.168.50.3   X
        10.245.0.0     X
        10.243.255.255 X
        10.244.0.0     .
        10.244.255.255 .
        """);

    [Fact]   // an exception of one peer takes nothing from another peer, wherever it stands
    public void An_exception_takes_nothing_from_another_peer() => Given("""
        metadata: { namespace: x, name: overlap }
        spec:
          podSelector: {}
          ingress:
          - from:
            - { ipBlock: { cidr: 203.0.113.0/24, except: [ 203.0.113.0/25 ] } }
            - { ipBlock: { cidr: 203.0.113.0/26, except: [ 203.0.113.4/30 ] } }
        """).Expect("TCP/80", """
                      x/a
        203.0.113.3    .
        203.0.113.4    X
        203.0.113.7    X
        203.0.113.8    .
        203.0.113.64   X
        203.0.113.128  .
        """);

    [Fact]   // every exception counts, nested ones too
    public void A_block_may_have_several_exceptions() => Given("""
        metadata: { namespace: x, name: holes }
        spec:
          podSelector: {}
          ingress:
          - from: [ { ipBlock: { cidr: 203.0.113.0/24,
              except: [ 203.0.113.64/26, 203.0.113.4/30, 203.0.113.5/32, 203.0.113.255/32 ] } } ]
        """).Expect("TCP/80", """
                      x/a
        203.0.113.3    .
        203.0.113.4    X
        203.0.113.5    X
        203.0.113.7    X
        203.0.113.8    .
        203.0.113.63   .
        203.0.113.64   X
        203.0.113.127  X
        203.0.113.128  .
        203.0.113.254  .
        203.0.113.255  X
        """);

    [Fact]   // families are apart: 0.0.0.0/0 is not everybody
    public void Blocks_of_one_family_never_match_the_other() => Given("""
        metadata: { namespace: x, name: v4-only }
        spec: { podSelector: {}, policyTypes: [ Ingress, Egress ],
          ingress: [ { from: [ { ipBlock: { cidr: 0.0.0.0/0 } } ] } ],
          egress: [ { to: [ { ipBlock: { cidr: "::/0" } } ] } ] }
        """).Expect("TCP/80", """
                    x/a y/a 203.0.113.9
        x/a          .   X       X
        y/a          .   .       .
        203.0.113.9  .   .       .
        """).OverIPv6().Expect("TCP/80", """
                    x/a y/a 2001:db8::1
        x/a          .   .       .
        y/a          X   .       .
        2001:db8::1  X   .       .
        """);

    [Fact]   // from absent, null or empty: everyone, external included
    public void Rules_without_peers_allow_everyone()
    {
        foreach (var from in (string[])["", "from: [],", "from: null,"])
        {
            Given($$"""
                metadata: { namespace: x, name: port-only }
                spec: { podSelector: {}, ingress: [ { {{from}} ports: [ { port: 80 } ] } ] }
                """).Expect("TCP/80", """
                             x/a y/a
                x/b           .   .
                y/a           .   .
                203.0.113.9   .   .
                192.168.50.2  .   .
                """).Expect("TCP/81", """
                             x/a y/a
                x/b           X   .
                203.0.113.9   X   .
                """);
        }
    }

    private static string Rule(string podSelector) => $$"""
        metadata: { namespace: x, name: p }
        spec: { podSelector: {}, ingress: [ { from: [ { namespaceSelector: {}, podSelector: {{podSelector}} } ] } ] }

        """;

    private static string From(string cells)
    {
        var rows =
            ((string[])["y/empty", "y/one", "y/two", "y/none"]).Zip(cells.Split(' '), (row, cell) => $"{row} {cell}");
        return $"x/a\n{string.Join('\n', rows)}";
    }
}
