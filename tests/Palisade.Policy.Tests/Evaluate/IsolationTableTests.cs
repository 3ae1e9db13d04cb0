using Xunit;
using static Palisade.Policy.Tests.Evaluate.TruthTable;

namespace Palisade.Policy.Tests.Evaluate;

/// <summary>Who is isolated, and who is exempt (semantics §1.2, §1.3, §1.7), as truth tables.</summary>
public sealed class IsolationTableTests
{
    [Theory]   // no rules, absent or [] alike: isolated and nothing allowed; egress stays open
    [InlineData("{}")]
    [InlineData("{ podSelector: {} }")]
    [InlineData("{ podSelector: {}, ingress: [] }")]
    [InlineData("{ podSelector: {}, egress: [] }")]
    [InlineData("{ podSelector: {}, policyTypes: [] }")]
    [InlineData("{ podSelector: {}, policyTypes: [ Ingress ] }")]
    [InlineData("{ podSelector: {}, policyTypes: [ Ingress ], egress: [ { ports: [ { port: 1 } ] } ] }")]
    [InlineData("{ podSelector: {}, policyTypes: [ Ingress, Ingress ] }")]
    public void Ingress_is_denied_and_egress_open(string spec) => Given($$"""
        metadata: { namespace: x, name: deny }
        spec: {{spec}}
        """).Expect("TCP/80", """
                    x/a x/b y/a 203.0.113.9
        x/a          .   X   .       .
        y/a          X   X   .       .
        203.0.113.9  X   X   .       .
        """);

    [Theory]   // only policyTypes [Egress] leaves ingress alone
    [InlineData("{ podSelector: {}, policyTypes: [ Egress ] }")]
    [InlineData("{ podSelector: {}, policyTypes: [ Egress ], egress: [] }")]
    [InlineData("{ podSelector: {}, policyTypes: [ Egress ], ingress: [ { from: [ { podSelector: {} } ] } ] }")]
    public void Egress_is_denied_and_ingress_open(string spec) => Given($$"""
        metadata: { namespace: x, name: deny }
        spec: {{spec}}
        """).Expect("TCP/80", """
                    x/a x/b y/a 203.0.113.9
        x/a          .   X   X       X
        y/a          .   .   .       .
        203.0.113.9  .   .   .       .
        """);

    [Fact]   // egress rules without policyTypes: both directions are isolated, and ingress has no rule
    public void Egress_rules_without_policy_types_deny_ingress_too() => Given("""
        metadata: { namespace: x, name: egress }
        spec: { podSelector: {}, egress: [ { to: [ { namespaceSelector: { matchLabels: { ns: y } } } ] } ] }
        """).Expect("TCP/80", """
             x/a y/a z/a
        x/a   .   .   X
        y/a   X   .   .
        z/a   X   .   .
        """);

    [Fact]   // a policy speaks only for pods of its own namespace that it selects
    public void Only_selected_pods_of_the_own_namespace_are_isolated() => Given("""
        metadata: { namespace: x, name: deny-a }
        spec: { podSelector: { matchLabels: { pod: a } } }
        """).Expect("TCP/80", """
             x/a x/b y/a
        x/b   X   .   .
        y/b   X   .   .
        """);

    [Fact]   // policies add up; neither ports nor peers cross from one rule to another
    public void Rules_add_up_and_do_not_mix() => Given("""
        metadata: { namespace: x, name: one }
        spec:
          podSelector: {}
          ingress:
          - { from: [ { podSelector: { matchLabels: { pod: a } } } ], ports: [ { port: 80 } ] }
          - { from: [ { podSelector: { matchLabels: { pod: b } } } ], ports: [ { port: 81 } ] }
        ---
        metadata: { namespace: x, name: two }
        spec: { podSelector: { matchLabels: { pod: c } },
          ingress: [ { from: [ { namespaceSelector: { matchLabels: { ns: y } } } ] } ] }
        """).Expect("TCP/80", """
             x/a x/b x/c
        x/a   .   .   .
        x/b   X   .   X
        y/a   X   X   .
        """).Expect("TCP/81", """
             x/a x/b x/c
        x/a   .   X   X
        x/b   .   .   .
        y/a   X   X   .
        """);

    [Fact]   // a connection needs the sender's egress and the receiver's ingress
    public void Both_sides_must_allow() => Given("""
        metadata: { namespace: x, name: out-to-y }
        spec: { podSelector: {}, policyTypes: [ Egress ],
          egress: [ { to: [ { namespaceSelector: { matchLabels: { ns: y } } } ] } ] }
        ---
        metadata: { namespace: y, name: in-from-x-a }
        spec:
          podSelector: {}
          ingress: [ { from: [ { namespaceSelector: { matchLabels: { ns: x } },
            podSelector: { matchLabels: { pod: a } } } ] } ]
        """).Expect("TCP/80", """
             x/a y/a z/a
        x/a   .   .   X
        x/b   X   X   X
        y/b   .   X   .
        z/a   .   X   .
        """);

    [Fact]   // hostNetwork pods are neither subjects nor pod peers; they are their node, by address and by exemption
    public void Host_network_pods_are_their_node() => Given("""
        metadata: { namespace: x, name: from-y }
        spec: { podSelector: {}, policyTypes: [ Ingress, Egress ],
          ingress: [ { from: [ { namespaceSelector: { matchLabels: { ns: y } } } ] } ] }
        ---
        metadata: { namespace: y, name: deny }
        spec: { podSelector: { matchLabels: { host: "yes" } }, policyTypes: [ Ingress, Egress ] }
        ---
        { kind: Pod, metadata: { namespace: y, name: here, labels: { host: "yes" } },
          spec: { nodeName: n1, hostNetwork: true },
          status: { podIPs: [ { ip: 192.168.50.1 } ] } }
        ---
        { kind: Pod, metadata: { namespace: y, name: there, labels: { host: "yes" } },
          spec: { nodeName: n2, hostNetwork: true },
          status: { podIPs: [ { ip: 192.168.50.2 } ] } }
        """).Expect("TCP/80", """
                     x/a y/a y/here y/there 192.168.50.1 192.168.50.2
        x/a           .   X    .       X         .            X
        y/a           .   .    .       .         .            .
        y/here        .   .    .       .         .            .
        y/there       X   .    .       .         .            .
        192.168.50.1  .   .    .       .         .            .
        192.168.50.2  X   .    .       .         .            .
        """);

    [Fact]   // the own node is exempt whatever its address and whatever a block excepts; other nodes are addresses
    public void The_own_node_is_exempt_and_other_nodes_are_not() => Given("""
        metadata: { namespace: x, name: not-nodes }
        spec:
          podSelector: {}
          policyTypes: [ Ingress, Egress ]
          ingress: [ { from: [ { ipBlock: { cidr: 192.168.0.0/16, except: [ 192.168.50.1/32 ] } } ] } ]
        """).Expect("TCP/80", """
                     x/a 192.168.50.1 192.168.50.2
        x/a           .       .            X
        192.168.50.1  .       .            .
        192.168.50.2  .       .            .
        """).OverIPv6().Expect("TCP/80", """
                     x/a fd00:50::1 fd00:50::2
        x/a           .       .          X
        fd00:50::1    .       .          .
        fd00:50::2    X       .          .
        """);

    [Fact]   // pods that no node runs yet are exempt from nothing
    public void Pods_without_a_node_have_no_own_node() => Given("""
        metadata: { namespace: x, name: deny }
        spec: { podSelector: {} }
        ---
        { kind: Pod, metadata: { namespace: x, name: new }, status: { podIPs: [ { ip: 10.244.1.99 } ] } }
        ---
        { kind: Pod, metadata: { namespace: y, name: host }, spec: { hostNetwork: true },
          status: { podIPs: [ { ip: 192.168.50.9 } ] } }
        """).Expect("TCP/80", """
                x/a x/new
        x/new    X    .
        y/host   X    X
        """);

    [Fact]   // ICMP and the rest: only rules without ports
    public void Other_protocols_need_a_rule_without_ports() => Given("""
        metadata: { namespace: x, name: some }
        spec:
          podSelector: {}
          ingress:
          - { from: [ { podSelector: { matchLabels: { pod: a } } } ] }
          - { from: [ { podSelector: { matchLabels: { pod: b } } } ],
            ports: [ { protocol: TCP }, { protocol: UDP }, { protocol: SCTP } ] }
        """).Expect("ICMP", """
             x/a x/b x/c
        x/a   .   .   .
        x/b   X   .   X
        x/c   X   X   .
        """).Expect("SCTP/7", """
             x/a x/b x/c
        x/a   .   .   .
        x/b   .   .   .
        x/c   X   X   .
        """);
}
