using System.Text;
using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Validate;

/// <summary>metadata of every kind, in the order of apimachinery's ValidateObjectMeta (semantics §2.3).</summary>
internal static class MetadataValidation
{
    // 256 KiB over all keys and values.
    private const int MaxAnnotationBytes = 256 * 1024;

    public static void Check(Place metadata, KindSchema kind, KubeVersion version, CauseList causes)
    {
        var names = NameRule(kind, version);
        var prefix = metadata["generateName"];
        if (prefix.Text.Length > 0)
            causes.Invalid(prefix, prefix.Text, names(Names.MaskTrailingDash(prefix.Text)));
        var name = metadata["name"];
        if (name.Text.Length > 0)
            causes.Invalid(name, name.Text, names(name.Text));
        else if (prefix.Text.Length == 0)
            // with a generateName the server has made a name by now
            causes.Required(name, "name or generateName is required");
        var space = metadata["namespace"];
        if (kind.Namespaced && space.Text.Length > 0)
            causes.Invalid(space, space.Text, Names.Label(space.Text));
        if (metadata["generation"].Number < 0)
            causes.Invalid(metadata["generation"], metadata["generation"].Number, "must be greater than or equal to 0");
        Labels(metadata["labels"], causes);
        Annotations(metadata["annotations"], causes);
        Owners(metadata["ownerReferences"], causes);
        Finalizers(metadata["finalizers"], causes);
    }

    /// <summary>What no update may change.</summary>
    public static void Unchanged(Place now, Place before, CauseList causes)
    {
        foreach (var name in (string[])["name", "namespace", "uid", "creationTimestamp"])
        {
            if (now[name].IsPresent && before[name].IsPresent && now[name].Text != before[name].Text)
                causes.Invalid(now[name], now[name].Text, "field is immutable");
        }
    }

    /// <summary>
    /// Keys and values of a label map; errors point at the map. Sorted by key (Go walks its maps in random order).
    /// </summary>
    public static void Labels(Place labels, CauseList causes)
    {
        foreach (var member in labels.Members.OrderBy(m => m.Name, StringComparer.Ordinal))
        {
            var here = labels with { At = member.At };
            causes.Invalid(here, member.Name, Names.Qualified(member.Name));
            var value = (member.Value as WireString)?.Value ?? "";
            causes.Invalid(here, value, Names.LabelValue(value));
        }
    }

    private static void Annotations(Place annotations, CauseList causes)
    {
        var bytes = 0L;
        foreach (var member in annotations.Members.OrderBy(m => m.Name, StringComparer.Ordinal))
        {
            causes.Invalid(annotations with { At = member.At }, member.Name,
                Names.Qualified(member.Name.ToLowerInvariant()));
            bytes += Encoding.UTF8.GetByteCount(member.Name)
                + Encoding.UTF8.GetByteCount((member.Value as WireString)?.Value ?? "");
        }

        if (bytes > MaxAnnotationBytes)
            causes.TooLong(annotations, MaxAnnotationBytes);
    }

    private static void Owners(Place owners, CauseList causes)
    {
        string? controller = null;
        foreach (var owner in owners.Items())
        {
            OwnerField(owners, owner, "apiVersion", "version must not be empty", causes);
            OwnerField(owners, owner, "kind", "must not be empty", causes);
            OwnerField(owners, owner, "name", "must not be empty", causes);
            OwnerField(owners, owner, "uid", "must not be empty", causes);
            if (!owner["controller"].IsTrue)
                continue;
            var named = $"{owner["kind"].Text}/{owner["name"].Text}";
            if (controller is not null)
            {
                causes.InvalidValue(
                    owners with { At = owner.At },
                    "[]v1.OwnerReference{…}",
                    "Only one reference can have Controller set to true. Found \"true\" in references for "
                    + $"{controller} and {named}");
            }

            controller ??= named;
        }
    }

    // The API server's paths of owner references carry no index.
    private static void OwnerField(Place owners, Place owner, string field, string message, CauseList causes)
    {
        if (owner[field].Text.Length == 0)
            causes.Invalid(owners[field] with { At = owner.At }, "", message);
    }

    private static void Finalizers(Place finalizers, CauseList causes)
    {
        foreach (var finalizer in finalizers.Items())
            causes.Invalid(finalizers with { At = finalizer.At }, finalizer.Text, Names.Qualified(finalizer.Text));
        var names = finalizers.Items().Select(finalizer => finalizer.Text).ToArray();
        if (names.Contains("orphan") && names.Contains("foregroundDeletion"))
        {
            causes.InvalidValue(finalizers, $"[]string{{{string.Join(", ", names.Select(GoText.Quote))}}}",
                "finalizer orphan and foregroundDeletion cannot be both set");
        }

        // pkg/apis/core/validation looks once more, and here the paths carry the index.
        foreach (var finalizer in finalizers.Items())
        {
            if (!finalizer.Text.Contains('/')
                && finalizer.Text is not ("kubernetes" or "orphan" or "foregroundDeletion"))
            {
                causes.Invalid(finalizer, finalizer.Text,
                    "name is neither a standard finalizer name nor is it fully qualified");
            }
        }
    }

    private static Func<string, IEnumerable<string>> NameRule(KindSchema kind, KubeVersion version) => kind.Kind switch
    {
        _ when kind.IsCustom => Names.Subdomain,
        "Namespace" => Names.Label,
        "Service" => version.CompareTo(new(1, 34)) >= 0 ? Names.Label : Names.OldLabel,
        "Role" or "RoleBinding" or "ClusterRole" or "ClusterRoleBinding" => PathSegment,
        _ => Names.Subdomain,
    };

    private static IEnumerable<string> PathSegment(string value)
    {
        if (value is "." or "..")
            yield return $"may not be '{value}'";
        if (value.Contains('/'))
            yield return "may not contain '/'";
        if (value.Contains('%'))
            yield return "may not contain '%'";
    }
}
