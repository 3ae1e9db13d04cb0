using System.Collections.Immutable;
using Microsoft.AspNetCore.Http;
using Palisade.ApiServer.Http;

namespace Palisade.ApiServer.Access;

/// <summary>
/// kubectl --as: a user who may "impersonate" another acts as that one (apiserver filters.WithImpersonation).
/// </summary>
internal static class Impersonation
{
    private const string Prefix = "Impersonate-";
    private const string ExtraPrefix = Prefix + "Extra-";

    /// <summary>The user to act as, or null when nobody is impersonated.</summary>
    public static User? Of(IHeaderDictionary headers, User user, Authorizer authorizer)
    {
        var asked = headers.Where(header => header.Key.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)).ToList();
        if (asked.Count == 0)
            return null;
        var name = headers[Prefix + "User"].ToString();
        if (name.Length == 0)
            throw Errors.Internal($"requested {asked[0].Key} without impersonating a user");
        ImmutableArray<string> groups = [.. headers[Prefix + "Group"].OfType<string>()];
        var uid = headers[Prefix + "Uid"].ToString();
        var extra = asked
            .Where(header => header.Key.StartsWith(ExtraPrefix, StringComparison.OrdinalIgnoreCase))
            .SelectMany(header => header.Value.OfType<string>()
                .Select(value => (Uri.UnescapeDataString(header.Key[ExtraPrefix.Length..]).ToLowerInvariant(), value)))
            .ToImmutableArray();
        Check(user, authorizer, name, groups, uid, extra);
        if (groups.IsEmpty)
            groups = [.. User.GroupsOfServiceAccount(name)];
        return User.Known(name, groups) with { Uid = uid, Extra = extra };
    }

    private static void Check(
        User user, Authorizer authorizer, string name, ImmutableArray<string> groups, string uid,
        ImmutableArray<(string Key, string Value)> extra)
    {
        const string Group = "authentication.k8s.io";
        authorizer.Check(user, OfName(name));
        foreach (var group in groups)
            authorizer.Check(user, AccessRequest.On("impersonate", "", "groups", name: group));
        if (uid.Length > 0)
            authorizer.Check(user, AccessRequest.On("impersonate", Group, "uids", name: uid));
        foreach (var (key, value) in extra)
        {
            authorizer.Check(
                user, AccessRequest.On("impersonate", Group, "userextras", name: value, subresource: key));
        }
    }

    private static AccessRequest OfName(string name)
    {
        var parts = name.Split(':');
        return parts is ["system", "serviceaccount", var ns, var account]
            ? AccessRequest.On("impersonate", "", "serviceaccounts", ns, account)
            : AccessRequest.On("impersonate", "", "users", name: name);
    }
}
