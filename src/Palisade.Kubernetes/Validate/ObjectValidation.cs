using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Validate;

/// <summary>
/// Defaults and validation of decoded objects of every kind, as the API server does before it stores them.
/// </summary>
public static class ObjectValidation
{
    /// <summary>The object with the defaults of its kind. Takes and gives decoded objects (StrictDecode).</summary>
    public static WireObject Default(WireObject decoded, KindSchema kind) => kind.Kind switch
    {
        // Whatever its name: defaults of a custom kind are set by its schema.
        _ when kind.IsCustom => decoded,
        "NetworkPolicy" => NetworkPolicyDefaults.Apply(decoded),
        "Namespace" => NamespaceDefaults.Apply(decoded),
        "Pod" => PodDefaults.Apply(decoded),
        "CustomResourceDefinition" => DefinitionDefaults.Apply(decoded),
        "Deployment" or "StatefulSet" or "DaemonSet" or "ReplicaSet" or "Job" or "CronJob" =>
            WorkloadDefaults.Apply(decoded, kind.Kind),
        _ => decoded,
    };

    /// <summary>What the API server says when a decoded, defaulted object is created.</summary>
    public static Verdict Create(WireObject defaulted, KindSchema kind, KubeVersion version) =>
        Judge(defaulted, null, kind, version);

    /// <summary>
    /// What the API server says when a decoded, defaulted object replaces <paramref name="old"/>: as on creation, but
    /// values that
    /// the stored object already had are tolerated where the API server does so, and what cannot change must not.
    /// </summary>
    public static Verdict Update(WireObject defaulted, WireObject old, KindSchema kind, KubeVersion version) =>
        Judge(defaulted, old, kind, version);

    private static Verdict Judge(WireObject value, WireObject? old, KindSchema kind, KubeVersion version)
    {
        var causes = new CauseList();
        var root = Place.Root(value);
        MetadataValidation.Check(root["metadata"], kind, version, causes);
        if (old is not null)
            MetadataValidation.Unchanged(root["metadata"], Place.Root(old)["metadata"], causes);
        if (kind.Custom is { } custom)
        {
            CustomValidation.Check(root, custom, old, causes);
            return causes.Count > 0 ? new(causes.ToImmutable(), [])
                : new([], kind.IsPolicy ? ClusterPolicyWarnings.Of(root) : []);
        }

        switch (kind.Kind)
        {
            case "NetworkPolicy":
                NetworkPolicyValidation.Check(root, old, version, causes);
                break;
            case "CustomResourceDefinition":
                DefinitionValidation.Check(root, old, causes);
                break;
            case "Pod":
                PodValidation.Check(root["spec"], causes);
                break;
            case "Role" or "ClusterRole":
                RbacValidation.Role(root, kind.Namespaced, causes);
                break;
            case "RoleBinding" or "ClusterRoleBinding":
                RbacValidation.Binding(root, old, kind.Namespaced, causes);
                break;
            case "Service":
                ServiceValidation.Check(root["spec"], causes);
                break;
            case "Deployment" or "StatefulSet" or "DaemonSet" or "ReplicaSet" or "ReplicationController":
            case "Job" or "CronJob":
                WorkloadValidation.Check(root["spec"], kind.Kind, causes);
                if (old is not null)
                    WorkloadChanges.Check(root["spec"], Place.Root(old)["spec"], kind.Kind, causes);
                break;
            case "ConfigMap" or "Secret":
                ContentValidation.Check(root, old is null ? null : Place.Root(old), kind.Kind, causes);
                break;
            case "PodDisruptionBudget":
                SelectorValidation.Check(root["spec"]["selector"], tolerateValues: false, causes);
                break;
            case "Ingress":
                IngressValidation.Check(root["spec"], causes);
                break;
        }

        if (causes.Count > 0)
            return new(causes.ToImmutable(), []);
        return kind.Kind == "NetworkPolicy" ? new([], NetworkPolicyValidation.Warnings(root, version)) : Verdict.Fine;
    }
}
