using System.Text.Json.Nodes;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Resources;

/// <summary>rbac.authorization.k8s.io/v1: roles and bindings, which Access evaluates.</summary>
internal static class RbacResources
{
    public const string Group = "rbac.authorization.k8s.io";
    public const string Roles = $"roles.{Group}";
    public const string ClusterRoles = $"clusterroles.{Group}";
    public const string RoleBindings = $"rolebindings.{Group}";
    public const string ClusterRoleBindings = $"clusterrolebindings.{Group}";

    private static readonly TableLayout _roles = new(
        [TableColumn.ObjectName, new("Created At", "date", "When the object was made.")],
        (tree, _) => new TableRow([Cell.Name(tree), Cell.Text(tree["metadata"]?["creationTimestamp"])]));

    private static readonly TableLayout _bindings = new(
        [
            TableColumn.ObjectName,
            new("Role", "string", "The role that is bound."),
            TableColumn.Age,
            new("Users", "string", "Users it is bound to.", Priority: 1),
            new("Groups", "string", "Groups it is bound to.", Priority: 1),
            new("ServiceAccounts", "string", "Service accounts it is bound to.", Priority: 1),
        ],
        (tree, now) => new TableRow(
            [
                Cell.Name(tree),
                $"{Cell.Text(tree["roleRef"]?["kind"])}/{Cell.Text(tree["roleRef"]?["name"])}",
                Cell.Age(tree, now),
                Subjects(tree, "User"),
                Subjects(tree, "Group"),
                Subjects(tree, "ServiceAccount"),
            ]));

    public static IEnumerable<Resource> Register() =>
    [
        new() { Kind = Kind("Role"), CreatesOnUpdate = true, Table = _roles },
        new() { Kind = Kind("ClusterRole"), CreatesOnUpdate = true, Table = _roles },
        new()
        {
            Kind = Kind("RoleBinding"), CreatesOnUpdate = true, Table = _bindings, Default = DefaultGroups,
        },
        new()
        {
            Kind = Kind("ClusterRoleBinding"), CreatesOnUpdate = true, Table = _bindings, Default = DefaultGroups,
        },
    ];

    private static KindSchema Kind(string kind) => ApiKinds.Find($"{Group}/v1", kind)!;

    private static void DefaultGroups(JsonObject tree)
    {
        foreach (var named in Cell.Objects(tree["subjects"]).Append(tree["roleRef"] as JsonObject))
        {
            if (named is not null && Cell.Text(named["kind"]) != "ServiceAccount"
                && Cell.Text(named["apiGroup"]).Length == 0)
                named["apiGroup"] = Group;
        }
    }

    private static string Subjects(JsonObject tree, string kind) => string.Join(
        ", ",
        Cell.Objects(tree["subjects"]).Where(subject => Cell.Text(subject["kind"]) == kind).Select(subject =>
            kind == "ServiceAccount"
                ? $"{Cell.Text(subject["namespace"])}/{Cell.Text(subject["name"])}"
                : Cell.Text(subject["name"])));
}
