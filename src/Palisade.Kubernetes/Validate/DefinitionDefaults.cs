using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Validate;

/// <summary>What apiextensions.k8s.io/v1 fills in: names that follow from others, and the conversion.</summary>
internal static class DefinitionDefaults
{
    public static WireObject Apply(WireObject definition)
    {
        if (definition["spec"] is not WireObject spec)
            return definition;
        if (spec["names"] is WireObject names && names["kind"] is WireString kind)
        {
            if (names["singular"] is null)
                names = names.With("singular", new WireString(kind.Value.ToLowerInvariant(), kind.At));
            if (names["listKind"] is null)
                names = names.With("listKind", new WireString(kind.Value + "List", kind.At));
            spec = spec.With("names", names);
        }

        if (spec["conversion"] is null)
        {
            spec = spec.With("conversion", new WireObject(
                [new WireMember("strategy", spec.At, new WireString("None", spec.At))], spec.At));
        }

        // As the Go struct is written: false is left out.
        if (spec["preserveUnknownFields"] is WireBool { Value: false })
            spec = spec.Without("preserveUnknownFields");
        return definition.With("spec", spec);
    }
}
