using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Convert;

namespace Palisade.ApiServer.Access;

/// <summary>rbac.authorization.k8s.io/v1 PolicyRule: what it allows, and what is within it.</summary>
internal sealed record PolicyRule(
    ImmutableArray<string> Verbs,
    ImmutableArray<string> Groups,
    ImmutableArray<string> Resources,
    ImmutableArray<string> Names,
    ImmutableArray<string> Paths)
{
    private const string All = "*";

    /// <summary>Everything there is.</summary>
    public static IReadOnlyList<PolicyRule> Everything { get; } =
        [new([All], [All], [All], [], []), new([All], [], [], [], [All])];

    public static PolicyRule Of(JsonObject rule) => new(
        [.. Cell.Texts(rule["verbs"])],
        [.. Cell.Texts(rule["apiGroups"])],
        [.. Cell.Texts(rule["resources"])],
        [.. Cell.Texts(rule["resourceNames"])],
        [.. Cell.Texts(rule["nonResourceURLs"])]);

    public static ImmutableArray<PolicyRule> AllOf(JsonNode? rules) => [.. Cell.Objects(rules).Select(Of)];

    public JsonObject ToJson()
    {
        var json = new JsonObject { ["verbs"] = Texts(Verbs) };
        if (Groups.Length > 0)
            json["apiGroups"] = Texts(Groups);
        if (Resources.Length > 0)
            json["resources"] = Texts(Resources);
        if (Names.Length > 0)
            json["resourceNames"] = Texts(Names);
        if (Paths.Length > 0)
            json["nonResourceURLs"] = Texts(Paths);
        return json;
    }

    public bool Allows(AccessRequest request)
    {
        if (!Has(Verbs, request.Verb))
            return false;
        if (!request.IsResource)
            return Paths.Any(path => MatchesPath(path, request.Path));
        return Has(Groups, request.Group)
            && Resources.Any(resource => MatchesResource(resource, request.FullResource, request.Subresource))
            && (Names.IsEmpty || Names.Contains(request.Name));
    }

    /// <summary>Whether this rule, one of the parts of a rule (see <see cref="Parts"/>), is within the other.</summary>
    public bool IsWithin(PolicyRule other)
    {
        if (!Verbs.All(verb => Has(other.Verbs, verb)))
            return false;
        if (Paths.Length > 0)
            return Paths.All(path => other.Paths.Any(wide => MatchesPath(wide, path)));
        return Groups.All(group => Has(other.Groups, group))
            && Resources.All(resource => other.Resources.Any(
                wide => MatchesResource(wide, resource, AfterSlash(resource))))
            && (other.Names.IsEmpty || (Names.Length > 0 && Names.All(name => other.Names.Contains(name))));
    }

    /// <summary>The rule as rules of one verb, one resource and one name each.</summary>
    public IEnumerable<PolicyRule> Parts()
    {
        foreach (var verb in Verbs)
        {
            foreach (var path in Paths)
                yield return new PolicyRule([verb], [], [], [], [path]);
        }

        foreach (var group in Groups)
        {
            foreach (var resource in Resources)
            {
                foreach (var verb in Verbs)
                {
                    if (Names.IsEmpty)
                        yield return new PolicyRule([verb], [group], [resource], [], []);
                    foreach (var name in Names)
                        yield return new PolicyRule([verb], [group], [resource], [name], []);
                }
            }
        }
    }

    /// <summary>As RBAC's error texts print it.</summary>
    public override string ToString()
    {
        (string Name, ImmutableArray<string> Values)[] parts =
        [
            ("APIGroups", Groups), ("Resources", Resources), ("NonResourceURLs", Paths), ("ResourceNames", Names),
            ("Verbs", Verbs),
        ];
        return "{" + string.Join(", ", parts.Where(part => part.Values.Length > 0)
            .Select(part => $"{part.Name}:{GoList(part.Values)}")) + "}";
    }

    /// <summary>A list as Go's %q prints it.</summary>
    public static string GoList(IEnumerable<string> texts) =>
        "[" + string.Join(" ", texts.Select(GoText.Quote)) + "]";

    private static bool Has(ImmutableArray<string> values, string value) =>
        values.Contains(All) || values.Contains(value);

    private static bool MatchesResource(string rule, string full, string subresource) =>
        rule == All || rule == full || (subresource.Length > 0 && rule == "*/" + subresource);

    private static bool MatchesPath(string rule, string path) =>
        rule == All || rule == path
        || (rule.EndsWith('*') && path.StartsWith(rule.TrimEnd('*'), StringComparison.Ordinal));

    private static string AfterSlash(string resource) =>
        resource.IndexOf('/') is var slash and >= 0 ? resource[(slash + 1)..] : "";

    private static JsonArray Texts(ImmutableArray<string> texts) => new([.. texts.Select(text => (JsonNode)text)]);
}
