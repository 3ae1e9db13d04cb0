using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Validate;

/// <summary>rbac.authorization.k8s.io/v1, as pkg/apis/rbac/validation. An absent apiGroup is its default.</summary>
internal static class RbacValidation
{
    private const string Group = "rbac.authorization.k8s.io";

    public static void Role(Place root, bool isNamespaced, CauseList causes)
    {
        foreach (var rule in root["rules"].Items())
            Rule(rule, isNamespaced, causes);
        if (root["aggregationRule"] is not { IsPresent: true } aggregation)
            return;
        var selectors = aggregation["clusterRoleSelectors"];
        if (selectors.Count == 0)
            causes.Required(selectors, "at least one clusterRoleSelector required if aggregationRule is non-nil");
        foreach (var selector in selectors.Items())
            SelectorValidation.Check(selector, tolerateValues: false, causes);
    }

    public static void Binding(Place root, WireObject? old, bool isNamespaced, CauseList causes)
    {
        var role = root["roleRef"];
        if (role["apiGroup"].Text is not ("" or Group))
            causes.NotSupported(role["apiGroup"], role["apiGroup"].Text, Group);
        if (role["kind"].Text is not "ClusterRole" && !(isNamespaced && role["kind"].Text == "Role"))
        {
            string[] kinds = isNamespaced ? ["Role", "ClusterRole"] : ["ClusterRole"];
            causes.NotSupported(role["kind"], role["kind"].Text, kinds.Order(StringComparer.Ordinal));
        }

        if (role["name"].Text.Length == 0)
            causes.Required(role["name"]);
        foreach (var subject in root["subjects"].Items())
            Subject(subject, isNamespaced, causes);
        if (old is not null && Shown(role) is var shown && shown != Shown(Place.Root(old)["roleRef"]))
            causes.InvalidValue(role, shown, "cannot change roleRef");
    }

    private static void Rule(Place rule, bool isNamespaced, CauseList causes)
    {
        if (rule["verbs"].Count == 0)
            causes.Required(rule["verbs"], "verbs must contain at least one value");
        var paths = rule["nonResourceURLs"];
        if (paths.Count == 0)
        {
            if (rule["apiGroups"].Count == 0)
                causes.Required(rule["apiGroups"], "resource rules must supply at least one api group");
            if (rule["resources"].Count == 0)
                causes.Required(rule["resources"], "resource rules must supply at least one resource");
            return;
        }

        var shown = "[" + string.Join(",", paths.Items().Select(path => GoText.Quote(path.Text))) + "]";
        if (isNamespaced)
            causes.InvalidValue(paths, shown, "namespaced rules cannot apply to non-resource URLs");
        if (rule["apiGroups"].Count > 0 || rule["resources"].Count > 0 || rule["resourceNames"].Count > 0)
            causes.InvalidValue(paths, shown, "rules cannot apply to both regular resources and non-resource URLs");
    }

    private static void Subject(Place subject, bool isNamespaced, CauseList causes)
    {
        if (subject["name"].Text.Length == 0)
            causes.Required(subject["name"]);
        var group = subject["apiGroup"];
        switch (subject["kind"].Text)
        {
            case "ServiceAccount":
                if (group.Text.Length > 0)
                    causes.NotSupported(group, group.Text, "");
                if (!isNamespaced && subject["namespace"].Text.Length == 0)
                    causes.Required(subject["namespace"]);
                break;
            case "User" or "Group":
                if (group.Text is not ("" or Group))
                    causes.NotSupported(group, group.Text, Group);
                break;
            default:
                causes.NotSupported(subject["kind"], subject["kind"].Text, "Group", "ServiceAccount", "User");
                break;
        }
    }

    private static string Shown(Place role)
    {
        var group = role["apiGroup"].Text is { Length: > 0 } given ? given : Group;
        return "{" + $"\"apiGroup\":{GoText.Quote(group)},\"kind\":{GoText.Quote(role["kind"].Text)}," +
            $"\"name\":{GoText.Quote(role["name"].Text)}" + "}";
    }
}
