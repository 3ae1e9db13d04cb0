namespace Palisade.Policy.Model;

/// <summary>What kind of object a policy was written as.</summary>
public enum PolicyKind : byte
{
    /// <summary>A NetworkPolicy.</summary>
    NetworkPolicy,

    /// <summary>A ClusterNetworkPolicy.</summary>
    ClusterNetworkPolicy,

    /// <summary>An AdminNetworkPolicy (v1alpha1), read as a ClusterNetworkPolicy.</summary>
    AdminNetworkPolicy,

    /// <summary>A BaselineAdminNetworkPolicy (v1alpha1), read as a ClusterNetworkPolicy.</summary>
    BaselineAdminNetworkPolicy,
}
