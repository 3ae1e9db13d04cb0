using Xunit;
using static Palisade.Policy.Tests.Evaluate.TruthTable;

namespace Palisade.Policy.Tests.Evaluate;

/// <summary>Which ports a rule means (semantics §1.5), as truth tables.</summary>
public sealed class PortTableTests
{
    private const string Pods = """
        ---
        kind: Pod
        metadata: { namespace: x, name: web, labels: { app: web } }
        spec:
          nodeName: n1
          containers:
          - ports: [ { name: http, containerPort: 8080 }, { name: dns, containerPort: 53, protocol: UDP } ]
          - ports: [ { name: http, containerPort: 9090 } ]
          initContainers:
          - { restartPolicy: Always, ports: [ { name: metrics, containerPort: 9100 } ] }
          - { ports: [ { name: setup, containerPort: 9200 } ] }
        status: { podIPs: [ { ip: 10.244.1.20 } ] }
        ---
        kind: Pod
        metadata: { namespace: y, name: web, labels: { app: web } }
        spec: { nodeName: n1,
          containers: [ { ports: [ { name: http, containerPort: 80 }, { containerPort: 1000 } ] } ] }
        status: { podIPs: [ { ip: 10.244.2.20 } ] }
        """;

    [Fact]   // protocol absent: TCP; port absent: every port of the protocol
    public void Protocol_defaults_to_TCP_and_no_port_means_all_of_it() => Given("""
        metadata: { namespace: x, name: tcp }
        spec: { podSelector: {}, ingress: [ { ports: [ { port: 80 }, { protocol: UDP } ] } ] }
        """)
        .Expect("TCP/80", One("."))
        .Expect("TCP/81", One("X"))
        .Expect("UDP/80", One("."))
        .Expect("UDP/65535", One("."))
        .Expect("SCTP/80", One("X"));

    [Fact]   // both ends of a range belong to it
    public void Ranges_are_inclusive() => Given("""
        metadata: { namespace: x, name: range }
        spec: { podSelector: {},
          ingress: [ { ports: [ { port: 8000, endPort: 8010 }, { port: 65530, endPort: 65535 } ] } ] }
        """)
        .Expect("TCP/7999", One("X"))
        .Expect("TCP/8000", One("."))
        .Expect("TCP/8005", One("."))
        .Expect("TCP/8010", One("."))
        .Expect("TCP/8011", One("X"))
        .Expect("TCP/65535", One("."));

    [Fact]   // ingress: the subject's names; all its containers and sidecars, with the rule's protocol
    public void Ingress_names_are_the_subjects() => Given("""
        metadata: { namespace: x, name: http }
        spec: { podSelector: {}, ingress: [ { ports: [ { port: http } ] } ] }
        """ + "\n" + Pods)
        .Expect("TCP/8080", From("x/web .", "x/a X"))
        .Expect("TCP/9090", From("x/web .", "x/a X"))
        .Expect("UDP/8080", From("x/web X", "x/a X"))
        .Expect("TCP/80", From("x/web X", "x/a X"))
        .Expect("TCP/0", From("x/web X", "x/a X"));

    [Fact]   // a name that stands for nothing allows nothing: not every port, not port 0
    public void Unknown_names_match_nothing() => Given("""
        metadata: { namespace: x, name: unknown }
        spec: { podSelector: {},
          ingress: [ { ports: [ { port: setup }, { port: dns }, { port: nothing, protocol: UDP } ] } ] }
        """ + "\n" + Pods)
        .Expect("TCP/9200", From("x/web X"))
        .Expect("TCP/53", From("x/web X"))
        .Expect("UDP/53", From("x/web X"))
        .Expect("TCP/0", From("x/web X"))
        .Expect("UDP/0", From("x/web X"))
        .Expect("ICMP", From("x/web X"));

    [Fact]   // sidecars' names count, and UDP names are UDP's
    public void Sidecar_and_UDP_names_count() => Given("""
        metadata: { namespace: x, name: more }
        spec: { podSelector: {}, ingress: [ { ports: [ { port: metrics }, { port: dns, protocol: UDP } ] } ] }
        """ + "\n" + Pods)
        .Expect("TCP/9100", From("x/web ."))
        .Expect("UDP/53", From("x/web ."))
        .Expect("TCP/53", From("x/web X"))
        .Expect("UDP/9100", From("x/web X"));

    [Theory]   // egress: each destination pod's own names, under every kind of peer
    [InlineData("")]
    [InlineData("to: [ { namespaceSelector: {}, podSelector: { matchLabels: { app: web } } } ], ")]
    [InlineData("to: [ { ipBlock: { cidr: 0.0.0.0/0 } } ], ")]
    public void Egress_names_are_each_destinations(string to) => Given($$"""
        metadata: { namespace: z, name: http }
        spec: { podSelector: {}, policyTypes: [ Egress ], egress: [ { {{to}}ports: [ { port: http } ] } ] }
        """ + "\n" + Pods)
        .Expect("TCP/8080", To("x/web y/web x/a 203.0.113.9 192.168.50.2", ". X X X X"))
        .Expect("TCP/9090", To("x/web y/web x/a 203.0.113.9 192.168.50.2", ". X X X X"))
        .Expect("TCP/80", To("x/web y/web x/a 203.0.113.9 192.168.50.2", "X . X X X"))
        .Expect("TCP/0", To("x/web y/web x/a 203.0.113.9 192.168.50.2", "X X X X X"))
        .Expect("UDP/8080", To("x/web y/web x/a 203.0.113.9 192.168.50.2", "X X X X X"));

    [Fact]   // a named egress port under ipBlock: only pods whose address is in the block
    public void Egress_names_under_a_block_need_the_address() => Given("""
        metadata: { namespace: z, name: http }
        spec:
          podSelector: {}
          policyTypes: [ Egress ]
          egress: [ { to: [ { ipBlock: { cidr: 10.244.0.0/16, except: [ 10.244.2.0/24 ] } } ],
            ports: [ { port: http } ] } ]
        """ + "\n" + Pods)
        .Expect("TCP/8080", To("x/web y/web", ". X"))
        .Expect("TCP/80", To("x/web y/web", "X X"));

    [Fact]   // the sender's names do not matter
    public void Names_are_never_the_senders() => Given("""
        metadata: { namespace: x, name: http-in }
        spec: { podSelector: { matchLabels: { pod: a } }, ingress: [ { ports: [ { port: http } ] } ] }
        ---
        metadata: { namespace: y, name: http-out }
        spec: { podSelector: { matchLabels: { app: web } }, policyTypes: [ Egress ],
          egress: [ { ports: [ { port: http } ] } ] }
        """ + "\n" + Pods)
        .Expect("TCP/80", """
                x/a x/b z/a
        y/web    X   X   X
        z/a      X   .   .
        """)
        .Expect("TCP/8080", """
                x/a x/web
        x/web    X    .
        y/web    X    .
        """);

    private static string One(string cell) => $"x/a\ny/a {cell}";

    private static string From(params string[] columns)
    {
        var split = columns.Select(c => c.Split(' ')).ToList();
        return $"{string.Join(' ', split.Select(c => c[0]))}\ny/a {string.Join(' ', split.Select(c => c[1]))}";
    }

    private static string To(string columns, string cells) => $"{columns}\nz/a {cells}";
}
