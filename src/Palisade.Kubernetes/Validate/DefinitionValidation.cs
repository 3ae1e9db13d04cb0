using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Validate;

/// <summary>A CustomResourceDefinition, in the words of apiextensions; its schemas are SchemaValidation's.</summary>
internal static class DefinitionValidation
{
    private const string Approval = "api-approved.kubernetes.io";
    private const string Enhancement = "see https://github.com/kubernetes/enhancements/pull/1111";

    public static void Check(Place root, WireObject? old, CauseList causes)
    {
        var spec = root["spec"];
        var name = root["metadata"]["name"];
        if (name.Text != $"{spec["names"]["plural"].Text}.{spec["group"].Text}")
            causes.Invalid(name, name.Text, "must be spec.names.plural+\".\"+spec.group");
        Group(spec["group"], root["metadata"], causes);
        OneOf(spec["scope"], causes, "Cluster", "Namespaced");
        Versions(spec, causes);
        Names(spec["names"], causes);
        if (spec["preserveUnknownFields"].IsTrue)
        {
            causes.InvalidValue(spec["preserveUnknownFields"], "true", "cannot set to true, set "
                + "x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead");
        }

        OneOf(spec["conversion"]["strategy"], causes, "None", "Webhook");
        if (spec["conversion"]["strategy"].Text == "Webhook")
            causes.Forbidden(spec["conversion"]["strategy"], "this server asks no webhooks to convert: use None");
        if (old is not null)
            Unchanged(root, Place.Root(old), causes);
    }

    private static void Group(Place group, Place metadata, CauseList causes)
    {
        if (group.Text.Length == 0)
        {
            causes.Required(group);
            return;
        }

        causes.Invalid(group, group.Text, Validate.Names.Subdomain(group.Text));
        if (!group.Text.Contains('.'))
            causes.Invalid(group, group.Text, "should be a domain with at least one dot");
        if (!IsProtected(group.Text))
            return;
        var approval = metadata["annotations"][Approval];
        var place = approval with { Path = $"metadata.annotations[{Approval}]" };
        if (approval.Text.Length == 0)
            causes.Required(place, $"protected groups must have approval annotation \"{Approval}\", {Enhancement}");
        else if (!approval.Text.StartsWith("unapproved", StringComparison.Ordinal)
            && !Uri.TryCreate(approval.Text, UriKind.Absolute, out _))
        {
            causes.Invalid(place, approval.Text, $"protected groups must have approval annotation \"{Approval}\" "
                + $"with either a URL or a reason starting with \"unapproved\", {Enhancement}");
        }
    }

    private static bool IsProtected(string group) =>
        group is "k8s.io" or "kubernetes.io" || group.EndsWith(".k8s.io", StringComparison.Ordinal)
        || group.EndsWith(".kubernetes.io", StringComparison.Ordinal);

    private static void Versions(Place spec, CauseList causes)
    {
        var versions = spec["versions"];
        var names = versions.Items().Select(version => version["name"].Text).ToList();
        foreach (var version in versions.Items())
        {
            causes.Invalid(version["name"], version["name"].Text, Validate.Names.OldLabel(version["name"].Text));
            var schema = version["schema"]["openAPIV3Schema"];
            if (schema.IsPresent)
                SchemaValidation.Check(schema, causes);
            else
                causes.Required(schema, "schemas are required");
            Columns(version["additionalPrinterColumns"], causes);
            Scale(version["subresources"]["scale"], causes);
            foreach (var field in version["selectableFields"].Items().Select(field => field["jsonPath"]))
                Path(field, ".", "is an invalid path: must be a simple path of fields", causes);
        }

        var shown = $"[{string.Join(' ', names)}]";
        if (names.Distinct(StringComparer.Ordinal).Count() != names.Count)
            causes.InvalidValue(versions, shown, "must contain unique version names");
        if (versions.Items().Count(version => version["storage"].IsTrue) != 1)
            causes.InvalidValue(versions, shown, "must have exactly one version marked as storage version");
    }

    private static void Columns(Place columns, CauseList causes)
    {
        foreach (var column in columns.Items())
        {
            Required(column["name"], causes);
            OneOf(column["type"], causes, "boolean", "date", "integer", "number", "string");
            var path = column["jsonPath"];
            if (Required(path, causes) && !path.Text.StartsWith('.'))
                causes.Invalid(path, path.Text, "must be a simple json path starting with .");
        }
    }

    private static void Scale(Place scale, CauseList causes)
    {
        if (!scale.IsPresent)
            return;
        if (Required(scale["specReplicasPath"], causes))
            Path(scale["specReplicasPath"], ".spec.", "should be a json path under .spec", causes);
        if (Required(scale["statusReplicasPath"], causes))
            Path(scale["statusReplicasPath"], ".status.", "should be a json path under .status", causes);
    }

    private static void Path(Place path, string start, string otherwise, CauseList causes)
    {
        if (!path.Text.StartsWith(start, StringComparison.Ordinal) || path.Text.Contains('['))
            causes.Invalid(path, path.Text, otherwise);
    }

    private static void Names(Place names, CauseList causes)
    {
        foreach (var name in (string[])["plural", "singular"])
            causes.Invalid(names[name], names[name].Text, Validate.Names.OldLabel(names[name].Text));
        foreach (var name in (string[])["kind", "listKind"])
        {
            causes.Invalid(names[name], names[name].Text,
                Validate.Names.OldLabel(names[name].Text.ToLowerInvariant())
                    .Select(problem => $"may have mixed case, but should otherwise match: {problem}"));
        }

        if (names["kind"].Text.Length > 0 && names["kind"].Text == names["listKind"].Text)
            causes.Invalid(names["listKind"], names["listKind"].Text, "kind and listKind may not be the same");
        foreach (var word in names["shortNames"].Items().Concat(names["categories"].Items()))
            causes.Invalid(word, word.Text, Validate.Names.OldLabel(word.Text));
    }

    private static void Unchanged(Place root, Place old, CauseList causes)
    {
        var (spec, before) = (root["spec"], old["spec"]);
        Same(spec["group"], before["group"], causes);
        if (IsEstablished(old))
        {
            Same(spec["scope"], before["scope"], causes);
            Same(spec["names"]["kind"], before["names"]["kind"], causes);
            Same(spec["names"]["plural"], before["names"]["plural"], causes);
        }

        var versions = spec["versions"].Items().Select(version => version["name"].Text).ToHashSet();
        foreach (var stored in old["status"]["storedVersions"].Items().Where(stored => !versions.Contains(stored.Text)))
        {
            var name = stored.Text;
            causes.Invalid(stored, name, $"missing from spec.versions; {name} was previously a storage version, and "
                + "must remain in spec.versions until a storage migration ensures no data remains persisted in "
                + $"{name} and removes {name} from status.storedVersions");
        }
    }

    private static bool IsEstablished(Place definition) => definition["status"]["conditions"].Items()
        .Any(condition => condition["type"].Text == "Established" && condition["status"].Text == "True");

    private static void Same(Place now, Place before, CauseList causes)
    {
        if (now.Text != before.Text)
            causes.Invalid(now, now.Text, "field is immutable");
    }

    private static bool Required(Place place, CauseList causes)
    {
        if (place.Text.Length > 0)
            return true;
        causes.Required(place);
        return false;
    }

    private static void OneOf(Place place, CauseList causes, params string[] known)
    {
        if (Required(place, causes) && !known.Contains(place.Text))
            causes.NotSupported(place, place.Text, known);
    }
}
