using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Palisade.Policy.Model;
using Palisade.Policy.Selectors;
using Palisade.Policy.Sets;
using Palisade.Policy.Tests.Reading;
using Palisade.Tests.Shared;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace Palisade.Policy.Tests.Evaluate;

/// <summary>
/// A small world and its truth: <c>Given(yaml).Expect("TCP/80", table)</c>. Rows connect to columns; '.' is allowed,
/// 'X' denied.
/// The world: namespaces x, y, z labelled ns=NAME; in each pods a, b, c labelled pod=NAME on node n1, addresses
/// 10.244.N.10 to .12 and
/// fd00:10:244:N::a to ::c with N = 1, 2, 3 for x, y, z; nodes n1 (192.168.50.1) and n2 (192.168.50.2). Pods,
/// Namespaces and NetworkPolicies
/// of the YAML are added, or replace what has their name; ClusterNetworkPolicies name their kind and version. Other
/// ends are written as addresses.
/// </summary>
internal sealed class TruthTable
{
    private readonly Judges _judges;
    private readonly AddressFamily _family;

    private TruthTable(Judges judges, AddressFamily family) => (_judges, _family) = (judges, family);

    public static TruthTable Given(string yaml)
    {
        var cluster = Cluster(yaml, out var policies);
        var tiers = policies.Where(ClusterPolicyReader.Reads);
        var plain = policies.Where(p => !ClusterPolicyReader.Reads(p));
        var converted = ClusterSnapshot.Of(
            cluster.Namespaces, cluster.Endpoints, Converted.Policies(plain), [], cluster.Nodes,
            Converted.ClusterPolicies(tiers));
        return new(new(converted, cluster), AddressFamily.V4);
    }


    public Judges Judges => _judges;

    /// <summary>The same world judged at its IPv6 addresses.</summary>
    public TruthTable OverIPv6() => new(_judges, AddressFamily.V6);

    /// <summary>
    /// Checks a table of a protocol and port (TCP/80, ICMP), by evaluator, naive evaluator and the gates' entries.
    /// </summary>
    public TruthTable Expect(string connection, string table)
    {
        var lines = table.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var columns = Words(lines[0]);
        var rows = lines[1..].Select(line => Words(line)[0]).ToList();
        var expected = Render(columns, rows, (row, column) => Words(lines[1 + row])[1 + column] == ".");
        AssertTable(expected, "evaluator", columns, rows, connection, probe => _judges.Allows(probe));
        AssertTable(expected, "naive evaluator", columns, rows, connection, probe => _judges.Naive.Allows(probe));
        AssertTable(expected, "entries of the gates", columns, rows, connection, probe =>
            _judges.EntriesAllow(probe, Direction.Egress) != false
                && _judges.EntriesAllow(probe, Direction.Ingress) != false);
        return this;
    }

    public Probe Probe(string from, string to, string connection)
    {
        var parts = connection.Split('/');
        var port = parts.Length == 1 ? (ushort)0 : ushort.Parse(parts[1], CultureInfo.InvariantCulture);
        return new(End(from), End(to), _family, ModelReader.Protocol(parts[0]), port);
    }

    private void AssertTable(
        string expected, string judge, string[] columns, List<string> rows, string connection, Func<Probe, bool> allows)
    {
        var actual = Render(columns, rows, (row, column) => allows(Probe(rows[row], columns[column], connection)));
        if (actual != expected)
        {
            var cluster = ClusterText.Of(_judges.Policy.Snapshot);
            Assert.Fail($"{judge}, {connection}, expected:\n{expected}\nbut:\n{actual}\n{cluster}");
        }
    }

    private static string Render(string[] columns, List<string> rows, Func<int, int, bool> cell)
    {
        var text = new StringBuilder($"{"",16}{string.Join(' ', columns)}\n");
        for (var row = 0; row < rows.Count; row++)
        {
            var cells = columns.Select((column, i) => (cell(row, i) ? "." : "X").PadRight(column.Length));
            text.Append(CultureInfo.InvariantCulture, $"{rows[row],-16}{string.Join(' ', cells)}\n");
        }

        return text.ToString();
    }

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static ProbeEnd End(string text) =>
        Address.TryParse(text, out var address)
            ? ProbeEnd.OfAddress(address)
            : ProbeEnd.OfPod(text.Split('/')[0], text.Split('/')[1]);

    private static ClusterSnapshot Cluster(string yaml, out List<YamlNode> policies)
    {
        var documents = YamlTree.Documents(yaml);
        policies = [.. Of("NetworkPolicy"), .. Of("ClusterNetworkPolicy")];
        string[] names = ["x", "y", "z"];
        return ClusterSnapshot.Of(
            names.Select(name => new Namespace(name, Label("ns", name)))
                .Concat(Of("Namespace").Select(ModelReader.Namespace)),
            names.SelectMany(Pods).Concat(Of("Pod").Select(ModelReader.Pod)),
            Of("NetworkPolicy").Select(ModelReader.Policy),
            [],
            [Node(1), Node(2)],
            Of("ClusterNetworkPolicy").Select(ClusterPolicyReader.Policy));

        // A document without a kind is a policy: most are.
        IEnumerable<YamlNode> Of(string kind) => documents.Where(d => d.At("kind").Text("NetworkPolicy") == kind);
    }

    private static IEnumerable<Endpoint> Pods(string ns) => ((string[])["a", "b", "c"]).Select((name, i) => new Endpoint
    {
        Namespace = ns,
        Name = name,
        Labels = Label("pod", name),
        Node = "n1",
        Addresses =
        [
            Address.Parse($"10.244.{ns[0] - 'x' + 1}.{10 + i}"),
            Address.Parse($"fd00:10:244:{ns[0] - 'x' + 1}::{10 + i:x}"),
        ],
    });

    private static Node Node(int number) => new(
        $"n{number}", LabelSet.Empty,
        ImmutableArray.Create(Address.Parse($"192.168.50.{number}"), Address.Parse($"fd00:50::{number}")));

    private static LabelSet Label(string key, string value) => LabelSet.Of([new(key, value)]);
}
