using System.Globalization;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Wire;
using Palisade.Manifests;
using Xunit;

namespace Palisade.Kubernetes.Tests.ClusterPolicies;

/// <summary>Our schema of ClusterNetworkPolicy says all that the published definitions say, and nothing else.</summary>
public sealed class PublishedSchemaTests
{
    // What says nothing about which objects are accepted.
    private static readonly HashSet<string> Silent = ["description", "x-kubernetes-map-type"];

    [Theory]
    [InlineData("standard")]
    [InlineData("experimental")]
    public void Every_bound_enum_and_pattern_is_the_published_one(string channel)
    {
        var published = new List<string>();
        Published(SchemaOf(Definition(channel)), "", published);
        var kind = channel == "standard" ? ApiKinds.StandardClusterNetworkPolicy : ApiKinds.ClusterNetworkPolicy;
        var ours = new List<string>();
        Ours(kind.Custom!, "", ours);
        Assert.True(published.Count > 200);
        Assert.Equal(published.Order(StringComparer.Ordinal), ours.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("standard")]
    [InlineData("experimental")]
    public void What_we_publish_is_the_published_one(string channel)
    {
        var published = new List<string>();
        Published(SchemaOf(Definition(channel)), "", published);
        var kind = channel == "standard" ? ApiKinds.StandardClusterNetworkPolicy : ApiKinds.ClusterNetworkPolicy;
        var ours = new List<string>();
        var schema = CustomOpenApi.Of(kind, new() { ["type"] = "object" });
        Published((WireObject)WireJson.FromNode(schema), "", ours);
        Assert.Equal(published.Order(StringComparer.Ordinal), ours.Order(StringComparer.Ordinal));
        Assert.Null(CustomOpenApi.Of(ApiKinds.NetworkPolicy, []));
    }

    [Fact]
    public void Names_are_the_published_ones()
    {
        var spec = (WireObject)Definition("standard")["spec"]!;
        var names = (WireObject)spec["names"]!;
        var version = (WireObject)((WireArray)spec["versions"]!).Items[0];
        var kind = ApiKinds.Find($"{Text(spec["group"])}/{Text(version["name"])}", Text(names["kind"]))!;
        Assert.Same(ApiKinds.ClusterNetworkPolicy, kind);
        Assert.Equal((Text(names["plural"]), Text(names["singular"])), (kind.Plural, kind.Singular));
        Assert.Equal(((WireArray)names["shortNames"]!).Items.Select(Text), kind.ShortNames);
        Assert.Equal(Text(spec["scope"]) == "Namespaced", kind.Namespaced);
        Assert.True(kind.HasStatus && ((WireObject)version["subresources"]!)["status"] is not null);
        Assert.Equal("anp", Assert.Single(ApiKinds.AdminNetworkPolicy.ShortNames));
        Assert.Equal("banp", Assert.Single(ApiKinds.BaselineAdminNetworkPolicy.ShortNames));
    }

    private static WireObject Definition(string channel)
    {
        var path = SharedFiles.Path(
            $"corpus/npapi-crd/{channel}/policy.networking.k8s.io_clusternetworkpolicies.yaml");
        var (values, _, error) = YamlReader.Read(File.ReadAllText(path), 1, WireLimits.Default);
        Assert.Null(error);
        return (WireObject)values[0];
    }

    private static WireObject SchemaOf(WireObject definition)
    {
        var version = (WireObject)((WireArray)((WireObject)definition["spec"]!)["versions"]!).Items[0];
        return (WireObject)((WireObject)version["schema"]!)["openAPIV3Schema"]!;
    }

    private static void Published(WireObject node, string path, List<string> lines)
    {
        foreach (var member in node.Members)
        {
            switch (member.Name)
            {
                case var silent when Silent.Contains(silent):
                case "x-kubernetes-list-type" when Text(member.Value) == "atomic":
                    break;
                case "properties":
                    foreach (var property in ((WireObject)member.Value).Members)
                        Published((WireObject)property.Value, $"{path}.{property.Name}", lines);
                    break;
                case "items":
                    Published((WireObject)member.Value, $"{path}[]", lines);
                    break;
                case "additionalProperties":
                    Published((WireObject)member.Value, $"{path}{{}}", lines);
                    break;
                case "x-kubernetes-validations":
                    lines.AddRange(((WireArray)member.Value).Items.Cast<WireObject>().Select(rule =>
                        $"{path} rule {Text(rule["rule"])} {Text(rule["message"])}"));
                    break;
                default:
                    lines.Add($"{path} {member.Name} {Flat(member.Value)}");
                    break;
            }
        }
    }

    private static string Flat(WireValue value) => value switch
    {
        WireArray list => string.Join(',', list.Items.Select(Flat)),
        WireNumber number => number.Text,
        _ => Text(value),
    };

    private static void Ours(CustomSchema node, string path, List<string> lines)
    {
        Add("type", node.Type.ToString()!.ToLowerInvariant());
        Add("format", node.Format);
        Add("pattern", node.Pattern);
        Add("default", node.Default is null ? null : Flat(node.Default));
        Add("minimum", node.Minimum);
        Add("maximum", node.Maximum);
        Add("minLength", node.MinLength);
        Add("maxLength", node.MaxLength);
        Add("minItems", node.MinItems);
        Add("maxItems", node.MaxItems);
        Add("minProperties", node.MinProperties);
        Add("maxProperties", node.MaxProperties);
        Add("enum", node.Enum.IsEmpty ? null : string.Join(',', node.Enum.Select(Flat)));
        var required = node.Properties.Where(p => p.Required).Select(p => p.Name).ToArray();
        Add("required", required.Length == 0 ? null : string.Join(',', required));
        Add("x-kubernetes-list-type", node.IsSet ? "set" : node.MapKeys.IsEmpty ? null : "map");
        Add("x-kubernetes-list-map-keys", node.MapKeys.IsEmpty ? null : string.Join(',', node.MapKeys));
        lines.AddRange(node.Rules.Select(rule => $"{path} rule {rule.Rule} {rule.Message}"));
        foreach (var property in node.Properties)
            Ours(property.Schema, $"{path}.{property.Name}", lines);
        if (node.Items is not null)
            Ours(node.Items, $"{path}[]", lines);
        if (node.Values is not null)
            Ours(node.Values, $"{path}{{}}", lines);

        void Add(string word, object? value)
        {
            if (value is not null)
                lines.Add(string.Create(CultureInfo.InvariantCulture, $"{path} {word} {value}"));
        }
    }

    private static string Text(WireValue? value) => ((WireString)value!).Value;
}
