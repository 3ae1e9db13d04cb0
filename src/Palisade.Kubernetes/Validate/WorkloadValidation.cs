using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Wire;
using Palisade.Policy.Selectors;

namespace Palisade.Kubernetes.Validate;

/// <summary>
/// Workloads: the selector, that it matches the template's labels, the numbers, and the template's pod.
/// </summary>
internal static class WorkloadValidation
{
    public static void Check(Place spec, string kind, CauseList causes)
    {
        if (kind == "CronJob")
        {
            Template(spec["jobTemplate"]["spec"]["template"], "", causes);
            return;
        }

        NotNegative(spec, causes, "replicas", "parallelism", "completions", "backoffLimit", "minReadySeconds");
        var template = spec["template"];
        if (kind is not ("Job" or "ReplicationController"))
            Selector(spec["selector"], template["metadata"]["labels"], kind, causes);
        if (kind == "Deployment")
            Strategy(spec["strategy"], causes);
        Template(template, kind == "Job" ? "" : "Always", causes);
    }

    private static void NotNegative(Place spec, CauseList causes, params string[] fields)
    {
        foreach (var field in fields.Select(name => spec[name]).Where(field => field.Number < 0))
            causes.Invalid(field, field.Number, "must be greater than or equal to 0");
    }

    private static void Strategy(Place strategy, CauseList causes)
    {
        var (type, rolling) = (strategy["type"], strategy["rollingUpdate"]);
        if (type.Text == "Recreate" && rolling.IsPresent)
            causes.Forbidden(rolling, "may not be specified when strategy `type` is 'Recreate'");
        else if (type.Text is not ("" or "Recreate" or "RollingUpdate"))
            causes.NotSupported(type, type.Text, "Recreate", "RollingUpdate");
        if (IsZero(rolling["maxUnavailable"]) && IsZero(rolling["maxSurge"]))
            causes.InvalidValue(rolling["maxUnavailable"], "0", "may not be 0 when `maxSurge` is 0");
    }

    private static bool IsZero(Place share) => share.Value is WireNumber { Text: "0" } or WireString { Value: "0%" };

    private static void Selector(Place selector, Place labels, string kind, CauseList causes)
    {
        if (!selector.IsPresent)
        {
            causes.Required(selector);
            return;
        }

        var before = causes.Count;
        SelectorValidation.Check(selector, tolerateValues: false, causes);
        if (selector["matchLabels"].Members.Length + selector["matchExpressions"].Count == 0)
            causes.InvalidValue(selector, "{}", $"empty selector is invalid for {kind.ToLowerInvariant()}");
        if (causes.Count > before || WireSelectors.Read(selector.Value)!.Matches(WireSelectors.Labels(labels.Value)))
            return;
        var shown = string.Join(
            ", ",
            labels.Members.OrderBy(m => m.Name, StringComparer.Ordinal)
                .Select(m => $"{GoText.Quote(m.Name)}:{GoText.Quote((m.Value as WireString)?.Value ?? "")}"));
        causes.InvalidValue(labels, $"map[string]string{{{shown}}}", "`selector` does not match template `labels`");
    }

    // restart: what the pods must do, empty for those of Jobs, which end.
    private static void Template(Place template, string restart, CauseList causes)
    {
        MetadataValidation.Labels(template["metadata"]["labels"], causes);
        var spec = template["spec"];
        if (spec.Value is not WireObject o)
        {
            causes.Required(spec["containers"]);
            return;
        }

        var policy = spec["restartPolicy"];
        var text = policy.Text.Length > 0 ? policy.Text : "Always";
        if (restart.Length == 0 && text == "Always")
            causes.Required(policy, "valid values: \"OnFailure\", \"Never\"");
        else if (restart.Length > 0 && text != restart && text is "Never" or "OnFailure")
            causes.NotSupported(policy, text, restart);
        PodValidation.Check(spec with { Value = PodDefaults.Spec(o) }, causes);
    }
}
