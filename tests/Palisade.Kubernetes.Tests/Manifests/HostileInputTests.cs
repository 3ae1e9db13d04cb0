using System.Text;
using CsCheck;
using Palisade.Kubernetes.Convert;
using Palisade.Manifests;
using Xunit;

namespace Palisade.Kubernetes.Tests.Manifests;

/// <summary>
/// Whatever a file holds, reading it gives a diagnostic with a place and a way out, and the other documents still
/// count.
/// </summary>
public sealed class HostileInputTests
{
    private const string Good = """
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: good, namespace: shop }
        spec:
          podSelector: { matchLabels: { app: web } }
          ingress:
          - from: [ { podSelector: {} }, { ipBlock: { cidr: 10.0.0.0/8, except: [ 10.1.0.0/16 ] } } ]
            ports: [ { port: 80 }, { port: dns, protocol: UDP }, { port: 1000, endPort: 2000 } ]
          egress: [ { } ]
        """;

    [Theory]
    [InlineData("apiVersion: v1\nkind: [", "PL-D004")]
    [InlineData("a: b: c", "PL-D004")]
    [InlineData("a:\n\t- b", "PL-D004")]
    [InlineData("a: \"unterminated", "PL-D004")]
    [InlineData("a: *nowhere", "PL-D004")]
    [InlineData("just text", "PL-D008")]
    [InlineData("- a\n- b", "PL-D008")]
    [InlineData("kind: Pod", "PL-D009")]
    [InlineData("apiVersion: v1\nmetadata: {name: x}", "PL-D009")]
    [InlineData("apiVersion: v7\nkind: Nothing\nmetadata: {name: x}", "PL-D010")]
    [InlineData("apiVersion: v1\nkind: Pod\nmetadata: {name: x, labels: {app: yes}}", "PL-D011")]
    [InlineData("apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: 3}", "PL-D011")]
    [InlineData("apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspek: {}", "PL-D011")]
    [InlineData("apiVersion: v1\nkind: Namespace\nmetadata: {name: A_b}", "PL-D012")]
    [InlineData("apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {}", "PL-D012")]
    [InlineData(
        "apiVersion: policy.networking.k8s.io/v1beta1\nkind: ClusterNetworkPolicy\nmetadata: {name: x}",
        "PL-D017")]
    [InlineData(
        "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: x}",
        "PL-D012")]
    [InlineData("{\"apiVersion\": \"v1\", \"kind\": }", "PL-D009")]
    public void A_bad_document_is_told_and_hides_no_other(string bad, string id)
    {
        var set = ManifestSet.Parse($"{bad}\n{Good}", "f.yaml");
        var told = Assert.Single(set.Diagnostics, diagnostic => diagnostic.Id == id);
        // an end that comes too soon is told at the line after
        Assert.InRange(told.At.Line, 1, bad.Count(c => c == '\n') + 2);
        Assert.True(told.At.Column >= 1);
        Assert.Equal("f.yaml", told.At.File);
        Assert.NotEmpty(told.WayOut);
        Assert.Equal("shop/good", Assert.Single(set.Snapshot.NetworkPolicies).ToString());
    }

    [Fact]
    public void Invalid_utf8_is_refused_with_its_place()
    {
        byte[] text = [.. "a: b\nc: "u8, 0xc3, 0x28, .. Encoding.UTF8.GetBytes("\n" + Good)];
        var set = ManifestSet.Parse(text);
        var told = Assert.Single(set.Diagnostics);
        Assert.Equal(("PL-D002", 2, 4), (told.Id, told.At.Line, told.At.Column));
        Assert.Single(set.Snapshot.NetworkPolicies);
    }

    [Fact]
    public void An_alias_bomb_is_refused_quickly()
    {
        var bomb = new StringBuilder("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
        for (var i = 1; i < 30; i++)
            bomb.Append($"a{i}: &a{i} [{string.Join(',', Enumerable.Repeat($"*a{i - 1}", 9))}]\n");
        var set = ManifestSet.Parse(bomb + Good);
        Assert.Equal("document contains excessive aliasing", Assert.Single(set.Diagnostics).Text);
        Assert.Single(set.Snapshot.NetworkPolicies);
    }

    [Fact]
    public void Aliases_of_long_text_are_bounded_too()
    {
        var text = new string('x', 100_000);
        var uses = string.Join(',', Enumerable.Repeat("*a", 10_000));
        var set = ManifestSet.Parse($"a: &a '{text}'\nb: [{uses}]\n" + Good);
        Assert.Equal("PL-D006", Assert.Single(set.Diagnostics).Id);
    }

    [Fact]
    public void What_is_no_policy_counts_as_far_as_it_can_be_read()
    {
        var set =
            ManifestSet.Parse(
                "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{ports: [{name: x, containerPort: 7}]}], new: 1}}");
        Assert.False(set.HasErrors);
        Assert.Equal("BadRequest", Assert.Single(set.Documents[0].Causes).Reason);
        Assert.Equal("x", Assert.Single(Assert.Single(set.Snapshot.Endpoints).NamedPorts).Name);
        var policy =
            ManifestSet.Parse(
                "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p}, spec: {new: 1}}");
        Assert.True(policy.HasErrors);
        Assert.Empty(policy.Snapshot.NetworkPolicies);
        Assert.Single(policy.Refused);
    }

    [Fact]
    public void Deep_nesting_is_refused()
    {
        var flow = ManifestSet.Parse("a: " + new string('[', 50_000) + "\n" + Good);
        Assert.Equal("PL-D006", Assert.Single(flow.Diagnostics).Id);
        var json = ManifestSet.Parse(new string('[', 500_000), "x.json");
        Assert.Equal("PL-D006", Assert.Single(json.Diagnostics).Id);
        Assert.Single(flow.Snapshot.NetworkPolicies);
    }

    [Fact]
    public void Ten_megabytes_are_refused_as_the_API_server_refuses_them()
    {
        var large = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  a: '"
            + new string('x', 4_000_000) + "'\n";
        Assert.Equal("PL-D003", Assert.Single(ManifestSet.Parse(large + Good).Diagnostics).Id);
        var larger = "a: '" + new string('x', 11_000_000) + "'\n";
        var set = ManifestSet.Parse(larger + Good);
        Assert.Equal("PL-D003", Assert.Single(set.Diagnostics).Id);
        Assert.Single(set.Snapshot.NetworkPolicies);
    }

    [Fact]
    public void Repeated_keys_count_last_and_are_told()
    {
        var set = ManifestSet.Parse("""
            apiVersion: v1
            kind: Namespace
            metadata:
              name: a
              name: b
            """);
        var told = Assert.Single(set.Diagnostics);
        Assert.Equal(("PL-D007", Severity.Warning, 5, 3), (told.Id, told.Severity, told.At.Line, told.At.Column));
        Assert.Equal("b", Assert.Single(set.Snapshot.Namespaces).Name);
    }

    [Fact]
    public void A_null_rule_allows_everyone_and_is_told()
    {
        var set = ManifestSet.Parse("""
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: { name: p }
            spec:
              podSelector:
              ingress:
              -
            """);
        Assert.Equal(("PL-D015", 7), (set.Diagnostics[0].Id, set.Diagnostics[0].At.Line));
        Assert.True(Assert.Single(Assert.Single(set.Snapshot.NetworkPolicies).Ingress)
            is { AnyPeer: true, AnyPort: true });
    }

    [Fact]
    public void A_bare_letter_is_a_boolean_to_the_API_server_and_text_to_the_answers()
    {
        var set =
            ManifestSet.Parse(
                "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {ns: y}}\nspec: {containers: [{name: c, image: i}]}");
        var told = Assert.Single(set.Diagnostics);
        Assert.Equal(("PL-D019", Severity.Warning), (told.Id, told.Severity));
        Assert.Equal(
            "Pod in version \"v1\" cannot be handled as a Pod: json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string",
            Assert.Single(set.Documents[0].Causes).Message);
        Assert.Equal("y", Assert.Single(set.Snapshot.Endpoints).Labels.ValueOf("ns"));
    }

    [Theory]
    [InlineData("-----", "--")]
    [InlineData("---x", "x")]
    public void A_line_that_separates_nothing_hides_neither_document(string line, string shown)
    {
        var set = ManifestSet.Parse(
            $"apiVersion: v1\nkind: Namespace\nmetadata: {{name: a}}\n{line}\n{Good}", "f.yaml");
        var told = Assert.Single(set.Diagnostics);
        Assert.Equal(
            ("PL-D004", $"invalid Yaml document separator: {shown}", 4), (told.Id, told.Text, told.At.Line));
        Assert.Equal(["a", "shop"], set.Snapshot.Namespaces.Select(ns => ns.Name));
        Assert.Single(set.Snapshot.NetworkPolicies);
    }

    [Fact]
    public void Bare_letters_as_names_are_names()
    {
        static string Pod(string ns, string name) => "---\napiVersion: v1\nkind: Pod\n"
            + $"metadata: {{name: {name}, namespace: {ns}}}\nspec: {{containers: [{{name: c, image: i}}]}}\n";
        var set = ManifestSet.Parse(Pod("y", "a") + Pod("n", "a") + Pod("default", "a") + Pod("y", "y"));
        Assert.Equal(["default/a", "n/a", "y/a", "y/y"], set.Snapshot.Endpoints.Select(pod => pod.ToString()));
        Assert.Equal(["Pod y/a", "Pod n/a", "Pod y/y"], set.Diagnostics.Select(told => told.Object));
    }

    [Fact]
    public void Missing_files_and_empty_directories_are_told()
    {
        var empty = Directory.CreateTempSubdirectory("palisade-test");
        try
        {
            var set = ManifestSet.Load(["/nowhere/at/all.yaml", empty.FullName]);
            Assert.Equal(["PL-D001", "PL-D018"], set.Diagnostics.Select(d => d.Id));
        }
        finally
        {
            empty.Delete();
        }
    }

    [Theory]
    [InlineData("extensions/v1beta1", "NetworkPolicy")]
    [InlineData("networking.k8s.io/v1beta1", "NetworkPolicy")]
    [InlineData("networking.k8s.io/v1", "networkPolicy")]
    public void A_policy_of_a_version_that_is_gone_is_an_error_for_answers_depend_on_it(string version, string kind)
    {
        var set = ManifestSet.Parse(
            $"apiVersion: {version}\nkind: {kind}\nmetadata: {{ name: p, namespace: shop }}\nspec: {{}}\n" + Good);
        var told = Assert.Single(set.Diagnostics);
        Assert.Equal(("PL-D010", Severity.Error), (told.Id, told.Severity));
        Assert.Equal($"no matches for kind \"{kind}\" in version \"{version}\"", told.Text);
        Assert.Equal($"{kind} shop/p", Assert.Single(set.Refused).Title);
        Assert.Equal("shop/good", Assert.Single(set.Snapshot.NetworkPolicies).ToString());
    }

    [Theory]
    [InlineData("cilium.io/v2", "CiliumNetworkPolicy")]
    [InlineData("projectcalico.org/v3", "GlobalNetworkPolicy")]
    [InlineData("projectcalico.org/v3", "NetworkPolicy")]
    public void The_policy_of_a_network_plugin_is_said_not_to_be_judged(string version, string kind)
    {
        var set = ManifestSet.Parse($"apiVersion: {version}\nkind: {kind}\nmetadata: {{ name: p }}\n" + Good);
        var told = Assert.Single(set.Diagnostics);
        Assert.Equal(("PL-D017", Severity.Warning), (told.Id, told.Severity));
        Assert.Single(set.Snapshot.NetworkPolicies);
    }

    [Theory]
    [InlineData("---\na: 1\nspec:\n\tpodSelector: {}", "found character that cannot start any token", 4, 1)]
    [InlineData("a:\n\t- b", "found character that cannot start any token", 2, 1)]
    [InlineData("a: |\n  x\n  \ty\nb:\n  \tc: 1", "found character that cannot start any token", 5, 3)]
    [InlineData("a:\n-\tb: 1", "found character that cannot start any token", 2, 2)]
    [InlineData("a:\n  b: 1\n\tc: 2", "found a tab character that violates indentation", 3, 1)]
    [InlineData("a:\n\t\n  b: 1", "found character that cannot start any token", 2, 1)]
    public void A_tab_as_indentation_is_told_where_it_stands(string text, string why, int line, int column)
    {
        var told = Assert.Single(ManifestSet.Parse(text, "f.yaml").Diagnostics);
        Assert.Equal($"error converting YAML to JSON: yaml: line {line}: {why}", told.Text);
        Assert.Equal((line, column), (told.At.Line, told.At.Column));
    }

    [Fact]
    public void Links_between_directories_are_no_circle()
    {
        var root = Directory.CreateTempSubdirectory("palisade-test");
        try
        {
            var below = root.CreateSubdirectory("below");
            File.WriteAllText(Path.Combine(below.FullName, "good.yaml"), Good);
            Directory.CreateSymbolicLink(Path.Combine(below.FullName, "up"), root.FullName);
            File.CreateSymbolicLink(Path.Combine(root.FullName, "gone.yaml"), "/nowhere/at/all.yaml");
            var named = Path.Combine(root.FullName, "link");
            Directory.CreateSymbolicLink(named, below.FullName);
            var set = ManifestSet.Load([root.FullName]);
            Assert.Equal("PL-D001", Assert.Single(set.Diagnostics).Id);
            Assert.Single(set.Documents, document => document.Kind == "NetworkPolicy");
            Assert.Single(ManifestSet.Load([named]).Documents);
        }
        finally
        {
            root.Delete(recursive: true);
        }
    }

    [Fact]
    public void Standard_input_and_json_streams_are_read()
    {
        using var input = new MemoryStream("""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"a"}} {"apiVersion":"v1","kind":"Namespace","metadata":{"name":"b"}}"""u8.ToArray());
        var set = ManifestSet.Load(["-"], new() { StandardInput = input });
        Assert.Empty(set.Diagnostics);
        Assert.Equal(["a", "b"], set.Snapshot.Namespaces.Select(ns => ns.Name));
        Assert.Equal("<stdin>", set.Documents[0].At.File);
    }

    [Fact]
    public void No_mutation_of_a_manifest_makes_the_reader_throw()
    {
        var source = Encoding.UTF8.GetBytes(Good + "\n---\n" + Pods);
        var edit =
            Gen.Select(Gen.Int[0, source.Length - 1], Gen.Int[0, 4],
                Gen.OneOf(Gen.Byte, Gen.Int[0, Marks.Length - 1].Select(i => (byte)Marks[i])));
        edit.Array[1, 6].Sample(
            edits =>
                Assert.NotEmpty(ManifestSet.Parse(Mutate(source, edits)).Diagnostics.Select(d =>
                    d.ToString()).Append("")),
            iter: 3000);
    }

    // What YAML gives a meaning to.
    private const string Marks = "{}[]:,&*!|>-#%@`\"'\t\n ~<?0";

    private const string Pods = """
        apiVersion: v1
        kind: List
        items:
        - apiVersion: v1
          kind: Pod
          metadata: { name: a, labels: { app: web } }
          spec: { containers: [ { name: c, image: i, ports: [ { name: dns, containerPort: 53, protocol: UDP } ] } ] }
          status: { podIPs: [ { ip: 10.0.0.1 } ] }
        - apiVersion: apps/v1
          kind: Deployment
          metadata: { name: d }
          spec:
            selector: { matchLabels: &l { a: b } }
            template: { metadata: { labels: *l }, spec: { containers: [ { name: c, image: i } ] } }
        """;

    private static byte[] Mutate(byte[] source, (int At, int How, byte Value)[] edits)
    {
        var text = source.ToList();
        foreach (var (place, how, value) in edits)
        {
            var at = Math.Min(place, text.Count - 1);
            switch (how)
            {
                case 0:
                    text[at] = value;
                    break;
                case 1:
                    text.Insert(at, value);
                    break;
                case 2:
                    text.RemoveAt(at);
                    break;
                case 3:
                    text.RemoveRange(at, Math.Min(value, text.Count - at - 1));
                    break;
                default:
                    text.InsertRange(at, text.Skip(value * 3 % text.Count).Take(20).ToArray());
                    break;
            }
        }

        return [.. text];
    }
}
