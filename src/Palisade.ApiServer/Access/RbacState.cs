using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Palisade.ApiServer.Storage;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Convert;

namespace Palisade.ApiServer.Access;

/// <summary>A binding as it is evaluated: for whom, which role; namespace "" for the whole cluster.</summary>
internal sealed record BoundRole(
    string Namespace, string Name, string RoleKind, string RoleName, ImmutableArray<string> Subjects)
{
    public static BoundRole Of(StoredObject stored)
    {
        var tree = stored.Parse();
        var role = tree["roleRef"];
        return new BoundRole(
            stored.Key.Namespace,
            stored.Key.Name,
            Cell.Text(role?["kind"]),
            Cell.Text(role?["name"]),
            [.. Cell.Objects(tree["subjects"]).Select(subject => Key(subject, stored.Key.Namespace)).OfType<string>()]);
    }

    public static string UserKey(string name) => "User " + name;

    public static string GroupKey(string name) => "Group " + name;

    /// <summary>As reasons name it.</summary>
    public string Describe(string subject)
    {
        var isOfCluster = Namespace.Length == 0;
        var (kind, name) = isOfCluster ? ("ClusterRoleBinding", Name) : ("RoleBinding", $"{Name}/{Namespace}");
        var space = subject.IndexOf(' ');
        return $"{kind} {GoText.Quote(name)} of {RoleKind} {GoText.Quote(RoleName)} " +
            $"to {subject[..space]} {GoText.Quote(subject[(space + 1)..])}";
    }

    private static string? Key(JsonObject subject, string ns)
    {
        var name = Cell.Text(subject["name"]);
        var own = Cell.Text(subject["namespace"]);
        return Cell.Text(subject["kind"]) switch
        {
            "User" => UserKey(name),
            "Group" => GroupKey(name),
            "ServiceAccount" => UserKey($"{User.ServiceAccountPrefix}{(own.Length > 0 ? own : ns)}:{name}"),
            _ => null,
        };
    }
}

/// <summary>
/// The rules that hold at one moment: roles and bindings as they are stored, by subject. Parts of objects that did not
/// change since the last state are not read again.
/// </summary>
internal sealed class RbacState
{
    private readonly RbacObjects _objects;
    private readonly ILookup<string, BoundRole> _bySubject;
    private readonly ConditionalWeakTable<StoredObject, IReadOnlyList<PolicyRule>> _rules;

    private RbacState(
        RbacObjects objects,
        ConditionalWeakTable<StoredObject, BoundRole> bindings,
        ConditionalWeakTable<StoredObject, IReadOnlyList<PolicyRule>> rules)
    {
        _objects = objects;
        Bindings = bindings;
        _rules = rules;
        _bySubject = objects.ClusterRoleBindings.Values.Concat(objects.RoleBindings.Values)
            .Select(stored => Bindings.GetValue(stored, BoundRole.Of))
            .SelectMany(bound => bound.Subjects.Distinct(StringComparer.Ordinal).Select(subject => (subject, bound)))
            .ToLookup(pair => pair.subject, pair => pair.bound, StringComparer.Ordinal);
    }

    private ConditionalWeakTable<StoredObject, BoundRole> Bindings { get; }

    public static RbacState Of(RbacObjects objects) => new(objects, [], []);

    /// <summary>The state of newer objects; itself when they are the same.</summary>
    public RbacState After(RbacObjects objects) =>
        objects.IsSame(_objects) ? this : new RbacState(objects, Bindings, _rules);

    /// <summary>
    /// Whether some rule allows it, and which binding did; if none, what bound roles are missing.
    /// </summary>
    public bool Allows(User user, AccessRequest request, out string reason)
    {
        reason = "";
        if (user.IsMaster)
            return true;
        var missing = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (subject, bound) in BoundTo(user, request.Namespace))
        {
            if (RulesOf(bound) is not { } rules)
            {
                missing.Add(Missing(bound));
            }
            else if (rules.Any(rule => rule.Allows(request)))
            {
                reason = "RBAC: allowed by " + bound.Describe(subject);
                return true;
            }
        }

        if (missing.Count > 0)
            reason = "RBAC: " + (missing.Count == 1 ? missing.Min : $"[{string.Join(", ", missing)}]");
        return false;
    }

    /// <summary>All that a user may do in a namespace, or ("") everywhere.</summary>
    public IReadOnlyList<PolicyRule> RulesFor(User user, string ns)
    {
        var rules = BoundTo(user, ns).SelectMany(bound => RulesOf(bound.Role) ?? []);
        return user.IsMaster ? [.. PolicyRule.Everything, .. rules] : [.. rules];
    }

    /// <summary>
    /// The rules of a role that a binding in this namespace ("": for the cluster) names; null: no such role.
    /// </summary>
    public IReadOnlyList<PolicyRule>? RulesOf(string ns, string kind, string name)
    {
        var role = kind == "ClusterRole"
            ? _objects.ClusterRoles.GetValueOrDefault(new ObjectKey("", name))
            : _objects.Roles.GetValueOrDefault(new ObjectKey(ns, name));
        return role is null ? null : _rules.GetValue(role, stored => PolicyRule.AllOf(stored.Parse()["rules"]));
    }

    private IReadOnlyList<PolicyRule>? RulesOf(BoundRole bound) =>
        RulesOf(bound.Namespace, bound.RoleKind, bound.RoleName);

    private IEnumerable<(string Subject, BoundRole Role)> BoundTo(User user, string ns) =>
        user.Groups.Select(BoundRole.GroupKey).Prepend(BoundRole.UserKey(user.Name))
            .SelectMany(subject => _bySubject[subject].Select(bound => (subject, bound)))
            .Where(pair => pair.bound.Namespace.Length == 0 || pair.bound.Namespace == ns);

    private static string Missing(BoundRole bound) =>
        $"{bound.RoleKind.ToLowerInvariant()}.rbac.authorization.k8s.io {GoText.Quote(bound.RoleName)} not found";
}
