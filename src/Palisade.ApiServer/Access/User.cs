using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Palisade.ApiServer.Access;

/// <summary>Who makes a request, as Kubernetes knows users: a name, groups, and what else is known.</summary>
internal sealed record User(
    string Name,
    ImmutableArray<string> Groups,
    string Uid = "",
    ImmutableArray<(string Key, string Value)> Extra = default)
{
    public const string Masters = "system:masters";
    public const string Authenticated = "system:authenticated";
    public const string ServiceAccounts = "system:serviceaccounts";
    public const string ServiceAccountPrefix = "system:serviceaccount:";

    /// <summary>May do everything, whatever is stored.</summary>
    public bool IsMaster => Groups.Contains(Masters);

    /// <summary>A user with the group that all have who have said who they are.</summary>
    public static User Known(string name, IEnumerable<string> groups) =>
        new(name, [.. groups.Append(Authenticated).Distinct(StringComparer.Ordinal)]);

    /// <summary>The groups of a service account, which its name says.</summary>
    public static IEnumerable<string> GroupsOfServiceAccount(string name)
    {
        if (!name.StartsWith(ServiceAccountPrefix, StringComparison.Ordinal))
            return [];
        var ns = name[ServiceAccountPrefix.Length..].Split(':')[0];
        return [ServiceAccounts, $"{ServiceAccounts}:{ns}"];
    }

    /// <summary>authentication.k8s.io/v1 UserInfo.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject { ["username"] = Name };
        if (Uid.Length > 0)
            json["uid"] = Uid;
        json["groups"] = new JsonArray([.. Groups.Select(group => (JsonNode)group)]);
        if (Extra.IsDefaultOrEmpty)
            return json;
        var extra = new JsonObject();
        foreach (var values in Extra.GroupBy(pair => pair.Key, StringComparer.Ordinal))
            extra[values.Key] = new JsonArray([.. values.Select(pair => (JsonNode)pair.Value)]);
        json["extra"] = extra;
        return json;
    }
}
