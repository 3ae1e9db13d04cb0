using System.Text.Json.Nodes;
using Palisade.ApiServer.Http;
using Palisade.ApiServer.Resources;
using Palisade.ApiServer.Storage;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Convert;

namespace Palisade.ApiServer.Access;

/// <summary>
/// Nobody gives away what they do not have: who writes a role must hold its rules or may "escalate", who writes a
/// binding must hold the role's rules or may "bind" it (registry/rbac's policybased storage).
/// </summary>
internal static class Escalation
{
    private const string Group = "rbac.authorization.k8s.io";

    public static void Check(
        ResourceRegistry registry, StoreTransaction transaction, Resource resource, JsonObject tree, JsonObject? old,
        User user)
    {
        if (user.IsMaster || resource.Kind.Group != Group)
            return;
        var state = RbacState.Of(RbacObjects.Of(transaction.Of, registry));
        var key = StoredObject.KeyOf(tree["metadata"]!.AsObject());
        if (resource.Kind.Kind is "Role" or "ClusterRole")
            CheckRole(state, resource, key, tree, old, user);
        else if (resource.Kind.Kind is "RoleBinding" or "ClusterRoleBinding")
            CheckBinding(state, resource, key, tree, old, user);
    }

    private static void CheckRole(
        RbacState state, Resource resource, ObjectKey key, JsonObject tree, JsonObject? old, User user)
    {
        var isSame = old is not null && JsonNode.DeepEquals(tree["rules"], old["rules"])
            && JsonNode.DeepEquals(tree["aggregationRule"], old["aggregationRule"]);
        if (isSame || May("escalate", resource.Kind.Plural, key.Namespace, key.Name))
            return;
        // What roles an aggregation will pick later is anybody's guess: it takes the right to everything.
        var isWide = tree["aggregationRule"] is JsonObject && !JsonNode.DeepEquals(
            tree["aggregationRule"], old?["aggregationRule"]);
        var rules = isWide ? PolicyRule.Everything : PolicyRule.AllOf(tree["rules"]);
        Confirm(state, resource, key, rules, user);

        bool May(string verb, string plural, string ns, string name) =>
            state.Allows(user, AccessRequest.On(verb, Group, plural, ns, name), out _);
    }

    private static void CheckBinding(
        RbacState state, Resource resource, ObjectKey key, JsonObject tree, JsonObject? old, User user)
    {
        var isSame = old is not null && JsonNode.DeepEquals(tree["roleRef"], old["roleRef"])
            && JsonNode.DeepEquals(tree["subjects"], old["subjects"]);
        var kind = Cell.Text(tree["roleRef"]?["kind"]);
        var role = Cell.Text(tree["roleRef"]?["name"]);
        var plural = kind == "ClusterRole" ? "clusterroles" : "roles";
        if (isSame || state.Allows(user, AccessRequest.On("bind", Group, plural, key.Namespace, role), out _))
            return;
        var rules = state.RulesOf(key.Namespace, kind, role)
            ?? throw new StatusException(404, "NotFound", $"{plural}.{Group} {GoText.Quote(role)} not found",
                new JsonObject { ["name"] = role, ["group"] = Group, ["kind"] = plural });
        Confirm(state, resource, key, rules, user);
    }

    private static void Confirm(
        RbacState state, Resource resource, ObjectKey key, IReadOnlyList<PolicyRule> rules, User user)
    {
        var held = state.RulesFor(user, key.Namespace);
        var missing = rules.SelectMany(rule => rule.Parts())
            .Where(part => !held.Any(part.IsWithin)).ToList();
        if (missing.Count == 0)
            return;
        var texts = Compact(missing).Select(rule => rule.ToString()).Distinct().Order(StringComparer.Ordinal);
        throw Errors.Forbidden(
            resource.Kind,
            key.Name,
            $"user {GoText.Quote(user.Name)} (groups={PolicyRule.GoList(user.Groups)}) is attempting to grant RBAC " +
            $"permissions not currently held:\n{string.Join("\n", texts)}");
    }

    // The verbs of one resource together, as RBAC's CompactRules.
    private static IEnumerable<PolicyRule> Compact(IEnumerable<PolicyRule> parts) => parts
        .GroupBy(part => (
            string.Join(",", part.Groups), string.Join(",", part.Resources), string.Join(",", part.Names),
            string.Join(",", part.Paths)))
        .Select(same => same.First() with { Verbs = [.. same.SelectMany(part => part.Verbs).Distinct()] });
}
