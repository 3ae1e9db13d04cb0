using Palisade.Kubernetes.Wire;

namespace Palisade.Kubernetes.Validate;

/// <summary>
/// Defaults of v1 Pod that clients show or that validation needs (pkg/apis/core/v1/defaults.go): restart and DNS
/// policy, the
/// scheduler's name, TCP for container ports, pull policies and termination messages.
/// </summary>
internal static class PodDefaults
{
    private static readonly string[] ContainerLists = ["initContainers", "containers", "ephemeralContainers"];

    public static WireObject Apply(WireObject pod) =>
        pod["spec"] is WireObject spec ? pod.With("spec", Spec(spec)) : pod;

    /// <summary>The defaults of a pod's or a template's spec.</summary>
    public static WireObject Spec(WireObject spec)
    {
        foreach (var list in ContainerLists)
        {
            if (spec[list] is WireArray containers)
                spec = spec.With(list, new WireArray([.. containers.Items.Select(Container)], containers.At));
        }

        spec = Text(spec, "restartPolicy", "Always");
        spec = Text(spec, "dnsPolicy", "ClusterFirst");
        spec = Text(spec, "schedulerName", "default-scheduler");
        if (spec["securityContext"] is null)
            spec = spec.With("securityContext", new WireObject([], spec.At));
        if (spec["terminationGracePeriodSeconds"] is null)
            spec = spec.With("terminationGracePeriodSeconds", new WireNumber("30", spec.At));
        if (spec["enableServiceLinks"] is null)
            spec = spec.With("enableServiceLinks", new WireBool(true, spec.At));
        return spec;
    }

    private static WireValue Container(WireValue value)
    {
        if (value is not WireObject container)
            return value;
        if (container["ports"] is WireArray ports)
            container = container.With("ports", new WireArray([.. ports.Items.Select(Port)], ports.At));
        if (container["resources"] is null)
            container = container.With("resources", new WireObject([], container.At));
        container = Text(container, "terminationMessagePath", "/dev/termination-log");
        container = Text(container, "terminationMessagePolicy", "File");
        return Text(container, "imagePullPolicy", IsLatest((container["image"] as WireString)?.Value ?? "")
            ? "Always" : "IfNotPresent");
    }

    private static WireValue Port(WireValue port) => port is WireObject o ? Text(o, "protocol", "TCP") : port;

    private static WireObject Text(WireObject holder, string name, string value) =>
        holder[name] is WireString { Value.Length: > 0 } ? holder : holder.With(name, new WireString(value, holder.At));

    private static bool IsLatest(string image)
    {
        var last = image[(image.LastIndexOf('/') + 1)..];
        return !last.Contains('@') && (!last.Contains(':') || last.EndsWith(":latest", StringComparison.Ordinal));
    }
}
