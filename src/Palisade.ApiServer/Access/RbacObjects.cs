using Palisade.ApiServer.Resources;
using Palisade.ApiServer.Storage;
using ObjectMap = System.Collections.Immutable.ImmutableSortedDictionary<
    Palisade.ApiServer.Storage.ObjectKey, Palisade.ApiServer.Storage.StoredObject>;

namespace Palisade.ApiServer.Access;

/// <summary>The stored objects that say who may do what.</summary>
internal sealed record RbacObjects(
    ObjectMap Roles, ObjectMap ClusterRoles, ObjectMap RoleBindings, ObjectMap ClusterRoleBindings)
{
    public static RbacObjects Of(Func<Resource, ObjectMap> objects, ResourceRegistry registry) => new(
        objects(registry.ById(RbacResources.Roles)!),
        objects(registry.ById(RbacResources.ClusterRoles)!),
        objects(registry.ById(RbacResources.RoleBindings)!),
        objects(registry.ById(RbacResources.ClusterRoleBindings)!));

    // Maps are immutable: the same map is the same objects.
    public bool IsSame(RbacObjects other) =>
        ReferenceEquals(Roles, other.Roles) && ReferenceEquals(ClusterRoles, other.ClusterRoles)
        && ReferenceEquals(RoleBindings, other.RoleBindings)
        && ReferenceEquals(ClusterRoleBindings, other.ClusterRoleBindings);
}
