using Palisade.Kubernetes.Convert;
using Palisade.Kubernetes.Wire;
using Palisade.Policy.Selectors;

namespace Palisade.Kubernetes.Validate;

/// <summary>Workloads: the selector, that it matches the template's labels, and the template's pod.</summary>
internal static class WorkloadValidation
{
    public static void Check(Place spec, string kind, CauseList causes)
    {
        if (kind == "CronJob")
        {
            Template(spec["jobTemplate"]["spec"]["template"], "Never", causes);
            return;
        }

        var template = spec["template"];
        if (kind is not ("Job" or "ReplicationController"))
            Selector(spec["selector"], template["metadata"]["labels"], kind, causes);
        Template(template, kind == "Job" ? "Never" : "Always", causes);
    }

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

    private static void Template(Place template, string restart, CauseList causes)
    {
        MetadataValidation.Labels(template["metadata"]["labels"], causes);
        var spec = template["spec"];
        if (spec.Value is not WireObject o)
        {
            causes.Required(spec["containers"]);
            return;
        }

        // Jobs must say their restart policy; every other default is the pod's.
        if (o["restartPolicy"] is null)
            o = o.With("restartPolicy", new WireString(restart, o.At));
        PodValidation.Check(spec with { Value = PodDefaults.Spec(o) }, causes);
    }
}
